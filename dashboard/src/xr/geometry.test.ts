import { Color, Vector2 } from "three";
import { expect, it } from "vitest";
import { buildingsOf, landOf, metres, nearestPiece, sharpness, streetsOf, treesOf, within } from "./geometry";

const origin = { longitude: -7.46, latitude: 33.65 };
const square = { type: "Polygon" as const, coordinates: [[[-7.46, 33.65], [-7.459, 33.65], [-7.459, 33.651], [-7.46, 33.651], [-7.46, 33.65]]] };
const white = new Color("#fff");

it("measures metres east and south", () => {
  const [x, z] = metres(origin, -7.459, 33.651);
  expect(x).toBeCloseTo(92.6, 0);
  expect(z).toBeCloseTo(-111.2, 0);
});

it("builds blocks whose roofs look up and whose walls look out", () => {
  for (const ring of [square.coordinates[0]!, square.coordinates[0]!.toReversed()]) {
    const geometry = buildingsOf(origin, [{ type: "Feature", properties: { height: 20 }, geometry: { ...square, coordinates: [ring] } }], white, white);
    const [points, normals] = [geometry.getAttribute("position"), geometry.getAttribute("normal")];
    expect(points.count).toBe(3 * (2 * 4 + 2)); // two triangles a wall and two of the roof
    const [middleX, middleZ] = [46.3, -55.6];
    for (let index = 0; index < points.count; index++) {
      const out = normals.getX(index) * (points.getX(index) - middleX) + normals.getZ(index) * (points.getZ(index) - middleZ);
      if (normals.getY(index) === 0) expect(out).toBeGreaterThan(0);
      else expect([normals.getY(index), points.getY(index)]).toEqual([1, 20]);
    }
  }
});

it("finds the street that one can stand in", () => {
  const line = (road: string, latitude: number) => ({ type: "Feature" as const, properties: { road }, geometry: { type: "LineString" as const, coordinates: [[-7.46, latitude], [-7.459, latitude]] } });
  const found = nearestPiece(origin, [line("primary", 33.66), line("secondary", 33.651), line("motorway", 33.65)], 0, 0);
  expect(found?.from[1]).toBeCloseTo(-111.2, 0);
  expect(nearestPiece(origin, [], 0, 0)).toBeNull();
});

it("lays land and streets flat, looking up", () => {
  const park = { type: "Feature" as const, properties: { layer: "park" }, geometry: square };
  const street = { type: "Feature" as const, properties: { road: "primary" }, geometry: { type: "LineString" as const, coordinates: [[-7.46, 33.65], [-7.459, 33.651]] } };
  for (const geometry of [landOf(origin, [park], { park: white }, 1_000), streetsOf(origin, [street], white, white)]) {
    const normals = geometry.getAttribute("normal");
    expect([6, 12]).toContain(normals.count); // a square; a street and its pavement
    for (let index = 0; index < normals.count; index++) expect(normals.getY(index)).toBeCloseTo(1);
  }
});

it("draws a wall of screens with as many pixels as a processor draws in time", () => {
  expect(sharpness(1_440, 844, 1)).toBe(1);
  expect(sharpness(390, 788, 3)).toBe(2);
  const wide = sharpness(3_840, 2_070, 1);
  expect(3_840 * 2_070 * wide ** 2).toBeCloseTo(2_560 * 1_440);
});

it("cuts what goes beyond a circle, and leaves what does not", () => {
  const box = (half: number) => [[-half, -half], [half, -half], [half, half], [-half, half]].map(([x, y]) => new Vector2(x, y));
  expect(within(box(10), 100)).toEqual(box(10));
  const cut = within(box(1_000), 100);
  expect(cut.length).toBeGreaterThan(50);
  for (const point of cut) expect(point.length()).toBeCloseTo(100);
  expect(within(box(10).map((point) => point.addScalar(500)), 100)).toEqual([]);
});

it("plants trees in parks alone", () => {
  const grounds = ["park", "sea"].map((layer) => ({ type: "Feature" as const, properties: { layer }, geometry: square }));
  const trees = treesOf(origin, grounds, 1_000);
  expect(trees.length).toBeGreaterThan(1);
  for (const [x, z] of trees) expect([x > 0 && x < 92.7, z < 0 && z > -111.3]).toEqual([true, true]);
});
