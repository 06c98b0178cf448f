// Live values of one layer (world, kind, property): kept up to date by the stream, honest about silence of the server.
import { ApiError, fetchBytes } from "../api/client";
import { applyChanges, bytesOf, decodeFrame, type Frame } from "./frame";
import { session } from "./session.svelte";

/** The stream sends every second; without a message for so long [ms] the page is offline. */
const OFFLINE_AFTER = 3_000;
const RETRY = 1_500; // [ms] a lost stream is opened again so often

export interface Layer {
  world: string;
  kind: string;
  property: string;
  /** A moment of the past (RFC 3339), or "" for now. */
  at: string;
}

class Live {
  frame = $state.raw<Frame | null>(null);
  loading = $state(false);
  error = $state.raw<unknown>(null);
  /** Since when nothing came from the server [ms since 1970, the wall's clock]; 0 while it answers. */
  offlineSince = $state(0);
  /** Of how long spans there is one value each [s], where a frame of the past is rolled up; else 0. */
  rolledUp = $state(0);

  #layer: Layer | null = null;
  #source: EventSource | null = null;
  #heard = Date.now();
  #timer = 0;
  #opened = 0;
  #fetch: AbortController | null = null;

  /** Show another layer; null shows none. */
  show(layer: Layer | null): void {
    const same = layer && this.#layer && JSON.stringify(layer) === JSON.stringify(this.#layer);
    if (same) return;
    this.#close();
    const now = Date.now();
    this.#layer = layer;
    this.frame = null; // no number of one layer stands under the name and unit of another
    this.loading = layer !== null;
    this.error = null;
    this.rolledUp = 0;
    if (!layer) return;
    this.#heard = now;
    if (layer.at) {
      this.offlineSince = 0;
      void this.#load(layer);
      return;
    }
    this.#open();
    this.#timer = setInterval(() => this.#watch(), 500);
    document.addEventListener("visibilitychange", this.#watch);
  }

  #close(): void {
    this.#source?.close();
    this.#source = null;
    this.#fetch?.abort();
    clearInterval(this.#timer);
    document.removeEventListener("visibilitychange", this.#watch);
  }

  #open(): void {
    const layer = this.#layer;
    if (!layer) return;
    this.#source?.close();
    this.#opened = Date.now();
    const source = new EventSource(`/v1/frame/stream?${frameQuery(layer)}`);
    source.addEventListener("frame", (event) => this.#take(layer, decodeFrame(bytesOf(event.data as string))));
    source.addEventListener("changes", (event) => {
      if (this.frame) this.#take(layer, applyChanges(this.frame, bytesOf(event.data as string)));
    });
    source.addEventListener("error", () => {
      // EventSource ends for good after any answer but 200: ask why, and open it again later.
      if (source.readyState === EventSource.CLOSED && this.#source === source) void this.#ask(layer);
    });
    this.#source = source;
  }

  #take(layer: Layer, frame: Frame): void {
    if (layer !== this.#layer) return;
    this.frame = frame;
    this.loading = false;
    this.error = null;
    this.#heard = Date.now();
    this.offlineSince = 0;
  }

  #watch = (): void => {
    const now = Date.now();
    if (now - this.#heard > OFFLINE_AFTER && !this.error) this.offlineSince = this.#heard;
    if (now - this.#heard > OFFLINE_AFTER && now - this.#opened > RETRY && !document.hidden) this.#open();
  };

  async #ask(layer: Layer): Promise<void> {
    try {
      await fetchBytes(`/v1/frame?${frameQuery(layer)}`);
    } catch (error) {
      if (!(error instanceof ApiError) || layer !== this.#layer) return; // the network: the watch opens it again
      if (error.status === 401 || error.status === 403) void session.refresh();
      else if (error.status < 500) {
        this.error = error;
        this.loading = false;
      }
    }
  }

  async #load(layer: Layer): Promise<void> {
    const abort = new AbortController();
    this.#fetch = abort;
    try {
      const { bytes, headers } = await fetchBytes(`/v1/frame?${frameQuery(layer)}&at=${encodeURIComponent(layer.at)}`, abort.signal);
      this.#take(layer, decodeFrame(bytes));
      this.rolledUp = Number(headers.get("Zenata-Rolled-Up") ?? 0);
    } catch (error) {
      if (abort.signal.aborted) return;
      this.loading = false;
      if (error instanceof ApiError) this.error = error;
      else {
        this.offlineSince = Date.now();
        setTimeout(() => layer === this.#layer && void this.#load(layer), RETRY);
      }
    }
  }
}

/** Return the parameters of the frames of a layer. */
export function frameQuery(layer: Omit<Layer, "at">): string {
  return new URLSearchParams({ world: layer.world, kind: layer.kind, property: layer.property }).toString();
}

export const live = new Live();
