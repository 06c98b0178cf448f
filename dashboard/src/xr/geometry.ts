// Geometry of the city in metres: x east, y up, z south, from an origin in its middle.
import { BufferGeometry, Color, Float32BufferAttribute, ShapeUtils, Vector2 } from "three";

export interface Origin {
  longitude: number;
  latitude: number;
}
type Features = readonly GeoJSON.Feature[];

const RADIUS = 6_371_008.8; // [m] mean radius of the Earth (IUGG)
const RADIAN = Math.PI / 180;

/** Return where a point lies [m east, m south]; flat, which over five kilometres is off by centimetres. */
export function metres(origin: Origin, longitude: number, latitude: number): [number, number] {
  return [(longitude - origin.longitude) * RADIAN * RADIUS * Math.cos(origin.latitude * RADIAN), (origin.latitude - latitude) * RADIAN * RADIUS];
}

type Point = [number, number, number];

/** Triangles with a colour each, and where they lie in a picture that repeats (its corner, unless said). */
class Triangles {
  readonly #positions: number[] = [];
  readonly #colours: number[] = [];
  readonly #pictures: number[] = [];

  add(colour: Color, points: Point[], pictures?: [number, number][]): void {
    points.forEach((point, index) => {
      this.#positions.push(...point);
      this.#colours.push(colour.r, colour.g, colour.b);
      this.#pictures.push(...(pictures?.[index] ?? [0, 0]));
    });
  }

  geometry(): BufferGeometry {
    const geometry = new BufferGeometry();
    geometry.setAttribute("position", new Float32BufferAttribute(this.#positions, 3));
    geometry.setAttribute("color", new Float32BufferAttribute(this.#colours, 3));
    geometry.setAttribute("uv", new Float32BufferAttribute(this.#pictures, 2));
    geometry.computeVertexNormals(); // not indexed, so each face is flat
    return geometry;
  }
}

function ringOf(origin: Origin, positions: GeoJSON.Position[]): Vector2[] {
  const ring = positions.map(([longitude, latitude]) => new Vector2(...metres(origin, longitude!, latitude!)));
  if (ring.length > 1 && ring[0]!.equals(ring.at(-1)!)) ring.pop();
  // As seen from above, with z to the south: clockwise, so that faces look up and out.
  return ShapeUtils.isClockWise(ring) ? ring.reverse() : ring;
}

function fill(into: Triangles, colour: Color, ring: Vector2[], y: number): void {
  for (const [a, b, c] of ShapeUtils.triangulateShape(ring, [])) {
    const at = (index: number): Point => [ring[index]!.x, y, ring[index]!.y];
    into.add(colour, [at(a!), at(c!), at(b!)]);
  }
}

const WINDOW = { wide: 3.4, high: 3.2 }; // [m] a bay and a floor; defaults

/** Buildings as blocks of their height, a bay of their walls a picture; the higher, the further from `low` to `high`. */
export function buildingsOf(origin: Origin, features: Features, low: Color, high: Color): BufferGeometry {
  const blocks = new Triangles();
  for (const { geometry, properties } of features) {
    if (geometry.type !== "Polygon") continue;
    const ring = ringOf(origin, geometry.coordinates[0] ?? []);
    const height = Number(properties?.height ?? 12);
    const colour = low.clone().lerp(high, Math.min(height / 60, 1));
    ring.forEach((from, index) => {
      const to = ring[(index + 1) % ring.length]!;
      const [bays, floors] = [Math.max(1, Math.round(from.distanceTo(to) / WINDOW.wide)), Math.max(1, Math.round(height / WINDOW.high))];
      const [a, b, c, d]: Point[] = [[from.x, 0, from.y], [to.x, 0, to.y], [to.x, height, to.y], [from.x, height, from.y]];
      blocks.add(colour, [a!, c!, b!, a!, d!, c!], [[0, 0], [bays, floors], [bays, 0], [0, 0], [0, floors], [bays, floors]]);
    });
    fill(blocks, colour, ring, height);
  }
  return blocks.geometry();
}

/** Sea, beach and parks, each a little above the one before. */
export function landOf(origin: Origin, features: Features, colours: Record<string, Color>): BufferGeometry {
  const land = new Triangles();
  Object.entries(colours).forEach(([layer, colour], index) => {
    for (const { geometry, properties } of features) {
      if (geometry.type === "Polygon" && properties?.layer === layer) fill(land, colour, ringOf(origin, geometry.coordinates[0] ?? []), 0.4 * (index + 1));
    }
  });
  return land.geometry();
}

/** A piece of a street, from its one end to the other [m]. */
export interface Piece {
  from: [number, number];
  to: [number, number];
}

/** Return the piece of a street whose middle is nearest to a point [m]; the street is none that only cars use. */
export function nearestPiece(origin: Origin, features: Features, x: number, z: number): Piece | null {
  let [found, least]: [Piece | null, number] = [null, Infinity];
  for (const { geometry, properties } of features) {
    if (geometry.type !== "LineString" || properties?.road === "motorway") continue;
    const points = geometry.coordinates.map(([longitude, latitude]) => metres(origin, longitude!, latitude!));
    points.slice(1).forEach((to, index) => {
      const from = points[index]!;
      const far = Math.hypot((from[0] + to[0]) / 2 - x, (from[1] + to[1]) / 2 - z);
      if (far < least) [found, least] = [{ from, to }, far];
    });
  }
  return found;
}

const WIDTHS: Record<string, number> = { motorway: 26, primary: 15, secondary: 11 }; // [m] defaults

/** Streets as ribbons. */
export function streetsOf(origin: Origin, features: Features, colour: Color, y = 2.4): BufferGeometry {
  const ribbons = new Triangles();
  for (const { geometry, properties } of features) {
    if (geometry.type !== "LineString") continue;
    const half = (WIDTHS[String(properties?.road)] ?? 8) / 2;
    const points = geometry.coordinates.map(([longitude, latitude]) => metres(origin, longitude!, latitude!));
    points.slice(1).forEach(([x, z], index) => {
      const [fromX, fromZ] = points[index]!;
      const length = Math.hypot(x - fromX, z - fromZ) || 1;
      const [sideX, sideZ] = [(half * (z - fromZ)) / length, (-half * (x - fromX)) / length];
      const [a, b, c, d]: Point[] = [[fromX + sideX, y, fromZ + sideZ], [fromX - sideX, y, fromZ - sideZ], [x - sideX, y, z - sideZ], [x + sideX, y, z + sideZ]];
      ribbons.add(colour, [a!, b!, c!, a!, c!, d!]);
    });
  }
  return ribbons.geometry();
}

const PIXELS = 2_560 * 1_440; // more take a processor without a graphics card seconds, and all other pictures wait. Default

/** Return how many pixels are drawn for one of CSS, on a stage of a size [CSS px] and a screen of a density. */
export function sharpness(width: number, height: number, density: number): number {
  return Math.min(density, 2, Math.sqrt(PIXELS / (width * height)));
}
