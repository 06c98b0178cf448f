// Clock of the wall, which ticks once a second while something that is shown reads it.
import { createSubscriber } from "svelte/reactivity";

const PERIOD = 1_000; // [ms]

class WallClock {
  readonly #subscribe = createSubscriber((update) => {
    const timer = setInterval(update, PERIOD);
    return () => clearInterval(timer);
  });

  /** Milliseconds since 1970. */
  get now(): number {
    this.#subscribe();
    return Date.now();
  }
}

export const wall = new WallClock();
