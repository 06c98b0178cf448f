import { expect, test } from "vitest";
import { fromMercator, mercator, pickFrom } from "./points";
import { streetWidth } from "./style";

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

test("streets grow with the zoom, between the stops of the style and not beyond", () => {
  expect(streetWidth(1, 10, "residential")).toBeCloseTo(0.55);
  expect(streetWidth(2, 14, "residential")).toBeCloseTo(2.6);
  expect(streetWidth(1, 20, "motorway")).toBeCloseTo(18);
  expect(streetWidth(1, 13, "primary")).toBeCloseTo(2.2 * (0.55 + (0.75 * 0.6) / (1.6 ** 2 - 1)));
});
