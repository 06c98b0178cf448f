import { expect, test } from "vitest";
import { fromMercator, mercator, pickFrom } from "./places";

const PLACE = { longitude: -7.46, latitude: 33.65 };

test("Mercator coordinates lead back to the place", () => {
  const [x, y] = mercator(PLACE);
  expect(x).toBeCloseTo((180 - 7.46) / 360, 12);
  const { longitude, latitude } = fromMercator([x, y]);
  expect(longitude).toBeCloseTo(PLACE.longitude, 10);
  expect(latitude).toBeCloseTo(PLACE.latitude, 10);
});

test("the nearest place within reach is picked", () => {
  const project = ([longitude, latitude]: [number, number]) => ({ x: longitude, y: latitude });
  const places = [{ longitude: 0, latitude: 0 }, { longitude: 3, latitude: 4 }];
  expect(pickFrom({ project }, places, { x: 2, y: 3 }, 3)).toBe(1);
  expect(pickFrom({ project }, places, { x: 1, y: 1 }, 3)).toBe(0);
  expect(pickFrom({ project }, places, { x: 9, y: 9 }, 3)).toBe(-1);
});
