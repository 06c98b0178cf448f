import { expect, test } from "vitest";
import type { District } from "../lib/city.svelte";
import { centreOf } from "./ground";

test("the name of a district stands at the centre of gravity of its outline", () => {
  const corners = [[-7.5, 33.6], [-7.46, 33.6], [-7.46, 33.62], [-7.48, 33.62], [-7.48, 33.64], [-7.5, 33.64], [-7.5, 33.6]];
  const { longitude, latitude } = centreOf({ geometry: { type: "Polygon", coordinates: [corners] } } as unknown as District);
  expect(longitude).toBeCloseTo(-7.5 + 0.05 / 3, 9); // of an L: two squares below, one above
  expect(latitude).toBeCloseTo(33.6 + 0.05 / 3, 9);
});
