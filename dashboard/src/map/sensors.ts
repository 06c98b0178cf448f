// What the map that moves (points.ts) and its picture (dots.ts) have in common in showing sensors.
import type { Scale } from "../lib/colour";
import type { Place } from "./places";

export type Colour = [red: number, green: number, blue: number]; // 0 to 1

/** Sensors on a map. */
export interface Sensors {
  /** Colour of the rim of a point, and of the ring round the one that was picked. */
  edge: Colour;
  ring: Colour;
  grey: boolean;
  visible: boolean;
  /** Set where the points are; their values are none until `update`. */
  place(places: readonly Place[]): void;
  /** Mark places over the sensors: devices, and the one that was picked. */
  mark(devices: readonly Place[], selected: Place | null): void;
  update(values: Float32Array, states: Uint8Array, scale: Scale): void;
  redraw(): void;
  /** Return the index of the point at a place of the screen, or -1. */
  pick(at: { x: number; y: number }, reach: number): number;
}

export const DEVICE_SIZE = 21; // [CSS pixels]
export const SELECTED_SIZE = 33;

/** Diameter of a point [CSS pixels of a desk's screen]: grows as one comes nearer; of many it is smaller from afar. */
export function pointSize(zoom: number, count: number): number {
  return Math.min(Math.max(4 + 3 * (zoom - 12), count > 1_000 ? 6 : 10), 26);
}
