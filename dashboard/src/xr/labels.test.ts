import { expect, test } from "vitest";
import { linesOf } from "./labels";

test("long names break at their commas, or near their middle", () => {
  expect(linesOf("Living unit 3")).toEqual(["Living unit 3"]);
  expect(linesOf("Logistics zone, east of the railway")).toEqual(["Logistics zone", "east of the railway"]);
  expect(linesOf("المنطقة اللوجستية شرق السكة الحديدية")).toEqual(["المنطقة اللوجستية", "شرق السكة الحديدية"]);
});
