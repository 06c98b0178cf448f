import { expect, it } from "vitest";
import { daylight, sunAt } from "./sky";

const zenata = { longitude: -7.46, latitude: 33.65 };
const at = (text: string) => sunAt(Date.parse(text), zenata);
const elevation = (text: string) => (Math.asin(at(text).y) * 180) / Math.PI;

it("knows where the sun stands", () => {
  expect(elevation("2026-06-21T12:32:00Z")).toBeCloseTo(90 - 33.65 + 23.44, 1); // at noon of the solstice
  expect(elevation("2026-12-21T12:28:00Z")).toBeCloseTo(90 - 33.65 - 23.44, 1);
  expect(at("2026-06-21T07:00:00Z").x).toBeGreaterThan(0.5); // in the east in the morning
  expect(at("2026-06-21T18:00:00Z").x).toBeLessThan(-0.5);
  expect(at("2026-12-21T12:28:00Z").z).toBeGreaterThan(0.5); // in the south at noon
  expect(at("2026-03-20T16:00:00Z").length()).toBeCloseTo(1);
});

it("is dark by night, and light by day", () => {
  expect(daylight(at("2026-11-30T12:00:00Z"))).toBe(1);
  expect(daylight(at("2026-11-30T02:00:00Z"))).toBe(0);
  const evening = daylight(at("2026-11-30T17:35:00Z")); // the sun has just set
  expect(evening).toBeGreaterThan(0);
  expect(evening).toBeLessThan(0.6);
});
