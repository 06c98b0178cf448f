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
export const BAYS = 4; // of the picture of a wall, in each direction

/** Buildings as blocks of their height, with bays of a picture on their walls; the higher, the further from `low` to `high`. */
export function buildingsOf(origin: Origin, features: Features, low: Color, high: Color): BufferGeometry {
  const blocks = new Triangles();
  for (const { geometry, properties } of features) {
    if (geometry.type !== "Polygon") continue;
    const ring = ringOf(origin, geometry.coordinates[0] ?? []);
    const height = Number(properties?.height ?? 12);
    const colour = low.clone().lerp(high, Math.min(height / 60, 1));
    ring.forEach((from, index) => {
      const to = ring[(index + 1) % ring.length]!;
      const [bays, floors] = [Math.max(1, Math.round(from.distanceTo(to) / WINDOW.wide)) / BAYS, Math.max(1, Math.round(height / WINDOW.high)) / BAYS];
      const [a, b, c, d]: Point[] = [[from.x, 0, from.y], [to.x, 0, to.y], [to.x, height, to.y], [from.x, height, from.y]];
      blocks.add(colour, [a!, c!, b!, a!, d!, c!], [[0, 0], [bays, floors], [bays, 0], [0, 0], [0, floors], [bays, floors]]);
    });
    fill(blocks, colour, ring, height);
  }
  return blocks.geometry();
}

const CORNERS = 64; // of what stands for a circle

/** Cut a ring to a circle about the origin [m]; by one edge of it after the other (Sutherland and Hodgman 1974, doi 10.1145/360767.360802). */
export function within(ring: Vector2[], radius: number): Vector2[] {
  let left = ring;
  const apothem = radius * Math.cos(Math.PI / CORNERS);
  for (let corner = 0; corner < CORNERS && left.length; corner++) {
    const angle = (2 * Math.PI * (corner + 0.5)) / CORNERS;
    const out = new Vector2(Math.cos(angle), Math.sin(angle));
    const beyond = left.map((point) => point.dot(out) - apothem);
    left = left.flatMap((point, index) => {
      const next = (index + 1) % left.length;
      const [here, there] = [beyond[index]!, beyond[next]!];
      const kept = here <= 0 ? [point] : [];
      return here <= 0 === there <= 0 ? kept : [...kept, point.clone().lerp(left[next]!, here / (here - there))];
    });
  }
  return left;
}

/** Sea, beach and parks, each a little above the one before, as far as a circle goes. */
export function landOf(origin: Origin, features: Features, colours: Record<string, Color>, radius: number): BufferGeometry {
  const land = new Triangles();
  Object.entries(colours).forEach(([layer, colour], index) => {
    for (const { geometry, properties } of features) {
      if (geometry.type === "Polygon" && properties?.layer === layer) fill(land, colour, within(ringOf(origin, geometry.coordinates[0] ?? []), radius), 0.4 * (index + 1));
    }
  });
  return land.geometry();
}

const APART = 55; // [m] between trees; a default, as nobody has counted them
const ASIDE = 20; // [m] by which each stands out of its row

/** Return where trees of the parks stand [m], within a circle: in rows, a little out of them. */
export function treesOf(origin: Origin, features: Features, radius: number): [number, number][] {
  const found: [number, number][] = [];
  for (const { geometry, properties } of features) {
    if (geometry.type !== "Polygon" || properties?.layer !== "park") continue;
    const ring = within(ringOf(origin, geometry.coordinates[0] ?? []), radius);
    const [west, east] = [Math.min(...ring.map(({ x }) => x)), Math.max(...ring.map(({ x }) => x))];
    const [north, south] = [Math.min(...ring.map(({ y }) => y)), Math.max(...ring.map(({ y }) => y))];
    for (let x = west; x < east; x += APART) {
      for (let z = north; z < south; z += APART) {
        const spot: [number, number] = [x + ASIDE * Math.sin(12.9 * x + 78.2 * z), z + ASIDE * Math.sin(39.3 * x + 11.1 * z)];
        if (isInside(ring, ...spot)) found.push(spot);
      }
    }
  }
  return found;
}

function isInside(ring: Vector2[], x: number, y: number): boolean {
  let inside = false;
  ring.forEach((from, index) => {
    const to = ring[(index + 1) % ring.length]!;
    if (from.y > y !== to.y > y && x < from.x + ((y - from.y) / (to.y - from.y)) * (to.x - from.x)) inside = !inside;
  });
  return inside;
}

/** Return how far the furthest end of a street is from the origin [m]. */
export function reachOf(origin: Origin, features: Features): number {
  const ends = features.flatMap(({ geometry }) => (geometry.type === "LineString" ? [geometry.coordinates[0]!, geometry.coordinates.at(-1)!] : []));
  return Math.max(1, ...ends.map(([longitude, latitude]) => Math.hypot(...metres(origin, longitude!, latitude!))));
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

const PAVEMENT = 3; // [m] on each side; a default

/** Streets as ribbons, each over its pavements. */
export function streetsOf(origin: Origin, features: Features, colour: Color, pavement: Color): BufferGeometry {
  const ribbons = new Triangles();
  addRibbons(ribbons, origin, features, pavement, 2 * PAVEMENT, 2);
  addRibbons(ribbons, origin, features, colour, 0, 2.6);
  return ribbons.geometry();
}

function addRibbons(ribbons: Triangles, origin: Origin, features: Features, colour: Color, wider: number, y: number): void {
  for (const { geometry, properties } of features) {
    if (geometry.type !== "LineString") continue;
    const half = ((WIDTHS[String(properties?.road)] ?? 8) + wider) / 2;
    const points = geometry.coordinates.map(([longitude, latitude]) => metres(origin, longitude!, latitude!));
    points.slice(1).forEach(([x, z], index) => {
      const [fromX, fromZ] = points[index]!;
      const length = Math.hypot(x - fromX, z - fromZ) || 1;
      const [sideX, sideZ] = [(half * (z - fromZ)) / length, (-half * (x - fromX)) / length];
      const [a, b, c, d]: Point[] = [[fromX + sideX, y, fromZ + sideZ], [fromX - sideX, y, fromZ - sideZ], [x - sideX, y, z - sideZ], [x + sideX, y, z + sideZ]];
      ribbons.add(colour, [a!, b!, c!, a!, c!, d!]);
    });
  }
}

const PIXELS = 2_560 * 1_440; // more take a processor without a graphics card seconds, and all other pictures wait. Default

/** Return how many pixels are drawn for one of CSS, on a stage of a size [CSS px] and a screen of a density. */
export function sharpness(width: number, height: number, density: number): number {
  return Math.min(density, 2, Math.sqrt(PIXELS / (width * height)));
}
