// What the map stands on: streets, land and buildings, fetched once; districts and what their sensors say together.
import type { District, Sensor } from "../lib/city.svelte";
import { type Scale, cssColour, shareOf } from "../lib/colour";
import { EMPTY, type Collection } from "./style";

/** From so many sensors on a kind is shown by districts when seen from afar. Default. */
const DENSE = 600;

export function dense(sensors: readonly unknown[]): boolean {
  return sensors.length > DENSE;
}

const loaded = new Map<string, Promise<Collection>>();

/** Fetch a layer of the ground once; a city pack without it has an empty one. */
export function ground(name: "streets" | "land" | "buildings"): Promise<Collection> {
  let found = loaded.get(name);
  if (!found) {
    found = fetch(`/v1/${name}`, { credentials: "same-origin" }).then(async (response) => {
      if (response.status === 404) return EMPTY;
      if (!response.ok) throw new Error(`${name}: ${response.status}`);
      const all = (await response.json()) as Collection;
      return { ...all, features: withOpenSea(all.features.filter((feature) => feature.geometry.type !== "Point")) };
    });
    found = found.catch(() => {
      loaded.delete(name);
      return EMPTY;
    });
    loaded.set(name, found);
  }
  return found;
}

const FAR = 10; // widths of the strip by which the sea goes on, beyond what the map shows

/** Let the sea go on beyond the strip that the pack draws: away from the coast, and along it as a straight line. */
function withOpenSea(features: GeoJSON.Feature[]): GeoJSON.Feature[] {
  const sea = features.find((feature) => feature.properties?.layer === "sea")?.geometry;
  const coast = features.find((feature) => feature.properties?.layer === "coast")?.geometry;
  if (sea?.type !== "Polygon" || coast?.type !== "LineString") return features;
  const [from, to] = [coast.coordinates[0]!, coast.coordinates.at(-1)!];
  const ring = sea.coordinates[0]!.slice(1);
  const middle = (points: GeoJSON.Position[], axis: number) => points.reduce((sum, point) => sum + point[axis]!, 0) / points.length;
  const at = (point: GeoJSON.Position, along: number, out: number) =>
    [0, 1].map((axis) => point[axis]! + along * (to[axis]! - from[axis]!) + out * (middle(ring, axis) - middle([from, to], axis)));
  const open = [at(from, -FAR, 0), at(to, FAR, 0), at(to, FAR, FAR), at(from, -FAR, FAR), at(from, -FAR, 0)];
  return [{ type: "Feature", properties: { layer: "sea" }, geometry: { type: "Polygon", coordinates: [open] } }, ...features];
}

export function districtFeatures(districts: readonly District[]): Collection {
  return {
    type: "FeatureCollection",
    features: districts.map((district) => ({
      type: "Feature",
      properties: { id: district.id },
      geometry: district.geometry as GeoJSON.Polygon,
    })),
  };
}

/** Return the centre of gravity of a district's outline [deg]. */
export function centreOf(district: District): { longitude: number; latitude: number } {
  const ring = (district.geometry as GeoJSON.Polygon).coordinates[0] ?? [];
  let [area, x, y] = [0, 0, 0];
  const [x0, y0] = ring[0] as [number, number]; // products of small differences keep their digits
  for (let index = 1; index < ring.length; index++) {
    const [ax, ay] = [ring[index - 1]![0]! - x0, ring[index - 1]![1]! - y0];
    const [bx, by] = [ring[index]![0]! - x0, ring[index]![1]! - y0];
    const cross = ax * by - bx * ay;
    [area, x, y] = [area + cross, x + (ax + bx) * cross, y + (ay + by) * cross];
  }
  return { longitude: x0 + x / (3 * area), latitude: y0 + y / (3 * area) };
}

/** West, south, east and north of the districts [deg]. */
export function boundsOf(districts: readonly District[]): [number, number, number, number] {
  const points = districts.flatMap((district) => (district.geometry as GeoJSON.Polygon).coordinates[0] ?? []);
  const [longitudes, latitudes] = [points.map((point) => point[0]!), points.map((point) => point[1]!)];
  return [Math.min(...longitudes), Math.min(...latitudes), Math.max(...longitudes), Math.max(...latitudes)];
}

interface Values {
  sensors: Sensor[];
  values: Float32Array;
  states: Uint8Array;
  scale: Scale;
  grey: boolean;
}

/** Mean and count of the values in each district, of sensors that are not silent. */
export function byDistrict({ sensors, values, states }: Omit<Values, "scale" | "grey">): Map<string, { mean: number; count: number }> {
  const sums = new Map<string, { mean: number; count: number }>();
  sensors.forEach((sensor, index) => {
    const value = values[index] ?? Number.NaN;
    if (!Number.isFinite(value) || states[index]! > 1) return;
    const sum = sums.get(sensor.district) ?? { mean: 0, count: 0 };
    sum.count += 1;
    sum.mean += (value - sum.mean) / sum.count;
    sums.set(sensor.district, sum);
  });
  return sums;
}

/** Colours of the districts (CSS) by the mean of their values; null has none. */
export function districtColours(shown: Values | null): Map<string, string> {
  const colours = new Map<string, string>();
  if (!shown) return colours;
  for (const [id, { mean }] of byDistrict(shown)) {
    const share = shareOf(mean, shown.scale);
    colours.set(id, shown.grey ? `hsl(0 0% ${20 + 60 * share}%)` : cssColour(share));
  }
  return colours;
}
