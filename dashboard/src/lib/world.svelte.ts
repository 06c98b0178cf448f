// State of the world on the map: running or paused, asked speed beside real pace, events.
import { ApiError, api, dataOf, type Schemas } from "../api/client";
import { session } from "./session.svelte";

export type World = Schemas["World"];
export type CityEvent = Schemas["Event"];

const PERIOD = 3_000; // [ms]

class WorldState {
  world = $state.raw<World | null>(null);
  events = $state.raw<CityEvent[]>([]);
  missing = $state.raw<unknown>(null);
  paused = $derived(this.world !== null && this.world.state !== "running");
  /** Seconds of the world in one of the wall's clock, as asked for or, of one at full speed, as reached. */
  speed = $derived(this.world ? (this.world.speed === "max" ? (this.world.pace ?? 1) : this.world.speed) : 1);
  #name = "";
  #timer = 0;

  watch(name: string): void {
    if (name === this.#name) return;
    clearInterval(this.#timer);
    this.#name = name;
    this.world = null;
    this.events = [];
    if (!name) return;
    void this.#ask();
    this.#timer = setInterval(() => !document.hidden && void this.#ask(), PERIOD);
  }

  async #ask(): Promise<void> {
    const name = this.#name;
    const params = { params: { path: { world: name } } };
    try {
      const [world, events] = await Promise.all([
        dataOf(api.GET("/v1/worlds/{world}", params)),
        dataOf(api.GET("/v1/worlds/{world}/events", params)),
      ]);
      if (name !== this.#name) return;
      this.world = world;
      if (JSON.stringify(events.items) !== JSON.stringify(this.events)) this.events = events.items;
      this.missing = null;
    } catch (error) {
      if (name !== this.#name || !(error instanceof ApiError)) return; // offline: the banner says so
      if (error.status === 401) void session.refresh();
      else if (error.status === 404) this.missing = error;
    }
  }
}

export const worldState = new WorldState();
