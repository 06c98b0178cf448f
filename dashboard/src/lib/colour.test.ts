import { expect, test } from "vitest";
import { colourAt, colourTable, fits, scaleOf, shareOf, summaryOf } from "./colour";

test("colours grow lighter all the way, so that they read in grey too", () => {
  const lightness = Array.from({ length: 101 }, (_, index) => colourAt(index / 100)).map(([r, g, b]) => 0.2126 * r + 0.7152 * g + 0.0722 * b);
  lightness.slice(1).forEach((value, index) => expect(value).toBeGreaterThanOrEqual(lightness[index]! - 1));
  expect(colourTable().length).toBe(1_024);
});

test("a scale has round ends, within what is possible", () => {
  const scale = scaleOf(new Float32Array([12.3, 15, 18.9, Number.NaN]), { low: -15, high: 60 });
  expect(scale).toEqual({ low: 12, high: 20 });
  expect(scaleOf(new Float32Array([0.2, 0.4]), { low: 0, high: 1 })).toEqual({ low: 0, high: 1 });
  const flat = scaleOf(new Float32Array([5, 5]), { low: 0, high: 10 });
  expect(flat.high).toBeGreaterThan(flat.low);
  expect(scaleOf(new Float32Array([Number.NaN]), { low: 0, high: 300 })).toEqual({ low: 0, high: 1 });
});

test("a scale holds until more than its share of the values lies far beyond an end", () => {
  const scale = { low: 0, high: 100 };
  const values = new Float32Array(100).fill(50);
  [values[0], values[1]] = [126, Number.NaN];
  expect(fits(values, scale, 0.02)).toBe(true);
  expect(fits(values, scale, 0)).toBe(false);
  values.fill(124, 2, 9);
  expect(fits(values, scale, 0.02)).toBe(true);
  values.fill(-26, 2, 9);
  expect(fits(values, scale, 0.02)).toBe(false);
});

test("the histogram counts what is not silent, and the ends take what is beyond", () => {
  const states = new Uint8Array([0, 0, 1, 0, 2, 3]);
  const { counts, totals } = summaryOf(new Float32Array([-5, 1, 9, 99, 5, Number.NaN]), states, { low: 0, high: 10 }, 2);
  expect(counts).toEqual([2, 2]);
  expect(totals).toEqual([3, 1, 1, 1]);
  expect(summaryOf(null, states, { low: 0, high: 10 }, 2).counts).toEqual([0, 0]);
  expect(shareOf(99, { low: 0, high: 10 })).toBe(1);
});
