import { expect, test } from "vitest";
import { digitsOf, shown, unitOfOne } from "./units";

test("what is 1 or 0 stays so on one sensor, and a share is shown in per cent", () => {
  const occupied = unitOfOne({ unit: "/", digits: 0 });
  expect([occupied, shown(1, occupied), digitsOf(occupied, 0)]).toEqual(["1", 1, 0]);
  const fill = unitOfOne({ unit: "/", digits: 2 });
  expect([fill, shown(0.25, fill), digitsOf(fill, 2)]).toEqual(["/", 25, 0]);
  expect(unitOfOne({ unit: "Cel", digits: 0 })).toBe("Cel");
});
