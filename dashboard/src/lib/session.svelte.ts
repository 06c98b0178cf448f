// Session of the page: log in with a key or a one-time link; the cookie that holds it is out of reach of scripts.
import { ApiError, api, dataOf, type Schemas } from "../api/client";

export type Me = Schemas["Me"];

class Session {
  state = $state<"loading" | "in" | "out">("loading");
  me = $state.raw<Me | null>(null);
  /** Why the page is logged out; null if nobody was logged in, or they left. */
  reason = $state.raw<unknown>(null);
  /** Engineers and administrators see all pilots. */
  staff = $derived(this.me?.role === "admin" || this.me?.role === "engineer");
  guest = $derived(this.me?.role === "guest");

  /** Take up the session of the cookie, or the one-time link of the address. */
  async start(): Promise<void> {
    const link = new URLSearchParams(location.hash.slice(1)).get("login");
    if (link) {
      history.replaceState(null, "", location.pathname + location.search);
      await this.#logIn({ link });
      return;
    }
    await this.refresh();
  }

  /** Ask again who is logged in: a suspended pilot is out. */
  async refresh(): Promise<void> {
    try {
      const me = await dataOf(api.GET("/v1/me"));
      if (JSON.stringify(me) !== JSON.stringify(this.me)) this.me = me; // else nothing that shows it is asked to look again
      this.state = "in";
    } catch (error) {
      if (error instanceof ApiError && (error.status === 401 || error.status === 403)) {
        this.leave(this.state === "in" ? error : null);
      } else if (this.state === "loading") {
        setTimeout(() => void this.refresh(), 1_000); // the server is away: the page waits for it
      }
    }
  }

  async logIn(key: string, remember: boolean): Promise<void> {
    await this.#logIn({ key, remember });
  }

  async #logIn(body: Partial<Schemas["NewSession"]>): Promise<void> {
    try {
      await dataOf(api.POST("/v1/session", { body: { key: null, link: null, remember: false, ...body } }));
      this.reason = null;
      await this.refresh();
    } catch (error) {
      this.leave(error);
    }
  }

  async logOut(): Promise<void> {
    await api.DELETE("/v1/session").catch(() => undefined);
    this.leave(null);
  }

  leave(reason: unknown): void {
    this.me = null;
    this.state = "out";
    this.reason = reason;
  }
}

export const session = new Session();
