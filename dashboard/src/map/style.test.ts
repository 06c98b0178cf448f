import { expect, test } from "vitest";
import { streetWidth } from "./style";

test("streets grow with the zoom, between the stops of the style and not beyond", () => {
  expect(streetWidth(1, 10, "residential")).toBeCloseTo(0.55);
  expect(streetWidth(2, 14, "residential")).toBeCloseTo(2.6);
  expect(streetWidth(1, 20, "motorway")).toBeCloseTo(18);
  expect(streetWidth(1, 13, "primary")).toBeCloseTo(2.2 * (0.55 + (0.75 * 0.6) / (1.6 ** 2 - 1)));
});
