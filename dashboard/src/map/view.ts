// View of the city: what the page asks of the picture that is there at first, and of the map that takes its place.
import type { District } from "../lib/city.svelte";
import type { Place, Projection } from "./places";
import type { Sensors } from "./sensors";
import type { Collection } from "./style";

/** Where a flat map looks: its middle in Mercator coordinates (places.ts), and its zoom, 0 for the world in 512 pixels. */
export interface Camera {
  zoom: number;
  middle: [number, number];
}

/** What lies under a point of the screen. */
export interface Under {
  device?: string;
  street?: string;
  district?: string;
}

export interface CityView {
  readonly projection: Projection;
  readonly sensors: Sensors;
  /** Where names are put. */
  readonly box: HTMLElement;
  paint(dark: boolean): void;
  showGround(streets: Collection, land: Collection): void;
  showBuildings(buildings: Collection): void;
  showDistricts(districts: readonly District[]): void;
  /** Colour districts by their id (CSS); the others have none. */
  colour(districts: ReadonlyMap<string, string>): void;
  showDevices(devices: Collection): void;
  /** Move to a place, at a zoom of at least so much, in some milliseconds; it is to be so far above the middle [CSS px]. */
  fly(place: Place, least: number, duration: number, rise: number): void;
  /** Look from the side, or from above. */
  tilt(tilted: boolean, duration: number): void;
  /** Return what lies under a point; streets only where they are asked for. */
  under(point: { x: number; y: number }, streets: boolean): Under;
  /** Draw for a screen of another density. */
  sharpen(): void;
  remove(): void;
}

/** Pixels of the screen for one of CSS, at most two: more are not seen, and take their time. */
export const pixelRatio = () => Math.min(devicePixelRatio, 2);

/** Call a listener when the page comes to a screen of another density; the result stops that. */
export function onDensity(listener: () => void): () => void {
  const stop = new AbortController();
  const watch = () =>
    matchMedia(`(resolution: ${devicePixelRatio}dppx)`).addEventListener("change", () => (watch(), listener()), { once: true, signal: stop.signal });
  watch();
  return () => stop.abort();
}
