// Data that a view asks for again and again; the last answer stays while the server is away, and says how old it is.
import { ApiError } from "../api/client";
import { session } from "./session.svelte";

export class Poll<T> {
  data = $state.raw<T | null>(null);
  error = $state.raw<unknown>(null);
  /** Since when nothing came [ms since 1970]; 0 while the server answers. */
  awaySince = $state(0);
  #heard = Date.now();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;

  /** Ask now and every `period` [ms] while the page is seen. Call it in an effect: what it returns stops it. */
  start(ask: () => Promise<T>, period: number): () => void {
    this.#stopped = false;
    const again = async () => {
      if (!document.hidden || this.data === null) await this.#once(ask);
      if (!this.#stopped) this.#timer = setTimeout(() => void again(), period);
    };
    void again();
    return () => {
      this.#stopped = true;
      clearTimeout(this.#timer);
    };
  }

  async #once(ask: () => Promise<T>): Promise<void> {
    try {
      const data = await ask();
      if (this.#stopped) return;
      this.data = data;
      this.error = null;
      this.#heard = Date.now();
      this.awaySince = 0;
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) void session.refresh();
      else if (error instanceof ApiError && error.status < 500) this.error = error;
      else this.awaySince = this.#heard;
    }
  }
}
