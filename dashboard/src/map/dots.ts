// Dots: the sensors of the picture, on a canvas of their own that a worker draws.
import type { Scale } from "../lib/colour";
import { magnified } from "../lib/units";
import type { Look, Shown } from "./dots.worker";
import { mercator, pickFrom, type Place } from "./places";
import { type Colour, pointSize, type Sensors } from "./sensors";

export class Dots implements Sensors {
  edge: Colour = [1, 1, 1];
  ring: Colour = [0, 0, 0];
  grey = false;
  visible = true;
  readonly canvas = document.createElement("canvas");
  readonly #worker: Worker | null = null;
  #places: readonly Place[] = [];
  #states: Uint8Array | null = null; // that the worker has
  #look: Look | null = null;
  #zoom = 0;

  /** Tell why nothing can be drawn: the worker is not there any more, or the browser has no canvas for it. */
  constructor(onfail: (why: "not_loaded" | "old_browser") => void) {
    this.canvas.className = "points";
    this.canvas.setAttribute("aria-hidden", "true");
    if (!("transferControlToOffscreen" in this.canvas)) {
      onfail("old_browser");
      return;
    }
    this.#worker = new Worker(new URL("./dots.worker.ts", import.meta.url), { type: "module" });
    this.#worker.onerror = () => onfail("not_loaded");
    const canvas = this.canvas.transferControlToOffscreen();
    this.#worker.postMessage({ canvas } satisfies Partial<Shown>, [canvas]);
  }

  get size(): number {
    return magnified() * pointSize(this.#zoom, this.#places.length);
  }

  /** Set where the picture looks. */
  look(look: Look, zoom: number): void {
    [this.#look, this.#zoom] = [look, zoom];
    this.#show({ look, size: this.size });
  }

  place(places: readonly Place[]): void {
    this.#places = places;
    this.#states = null;
    const none = { values: new Float32Array(), states: new Uint8Array() };
    this.#show({ places: Float64Array.from(places.flatMap(mercator)), size: this.size, ...none });
  }

  mark(devices: readonly Place[], selected: Place | null): void {
    this.#show({ devices: devices.map(mercator), selected: selected && mercator(selected) });
  }

  update(values: Float32Array, states: Uint8Array, scale: Scale): void {
    if (values.length !== this.#places.length) return; // of another list of sensors
    const own = values.slice(); // handed over: a view would be copied with all of its memory
    this.#show({ values: own, scale, ...(states === this.#states ? {} : { states }) }, [own.buffer]);
    this.#states = states;
  }

  redraw(): void {
    this.#show({});
  }

  pick(at: { x: number; y: number }, reach: number): number {
    const look = this.#look;
    if (!look || !this.visible) return -1;
    const project = ([longitude, latitude]: [number, number]) => {
      const [x, y] = mercator({ longitude, latitude });
      return { x: x * look.scale + look.left, y: y * look.scale + look.top };
    };
    return pickFrom({ project }, this.#places, at, reach + this.size / 2);
  }

  remove(): void {
    this.#worker?.terminate();
    this.canvas.remove();
  }

  #show(changes: Partial<Shown>, handed: Transferable[] = []): void {
    const { edge, ring, grey, visible } = this;
    this.#worker?.postMessage({ edge, ring, grey, visible, ...changes } satisfies Partial<Shown>, handed);
  }
}
