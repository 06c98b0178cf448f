import { expect, test } from "vitest";
import type { Twin } from "./demo.svelte";
import { heatOf, leakOf, measured, savedByDimming, total } from "./findings";

test("a frame without a value was not measured", () => {
  expect([measured(undefined), measured(Float32Array.of(Number.NaN)), measured(Float32Array.of(Number.NaN, 0))]).toEqual([false, false, true]);
});

const hours = Array.from({ length: 48 }, (_, hour) => hour);
function twin(leak: number): Twin {
  return {
    hours,
    supply: hours.map((hour) => 200 + (hour >= 26 ? leak : 0)),
    supplyWithout: hours.map(() => 200),
    temperature: hours.map((hour) => 20 + (hour >= 24 ? 12 : 0)),
    temperatureWithout: hours.map(() => 20),
    leak: { longitude: 0, latitude: 0 },
  };
}

test("a leak of a quarter of the supply is seen when its first hour is over", () => {
  const found = leakOf(twin(50), 26);
  expect(found.flow).toBeCloseTo(50);
  expect(found.delay).toBe(1);
  expect(found.lostUntilAlarm).toBeCloseTo(180);
  expect(found.lostWithout).toBeCloseTo(22 * 180);
});

test("a leak below the alarm is not seen, and nothing is saved", () => {
  const found = leakOf(twin(10), 26);
  expect(found.delay).toBeNull();
  expect(found.lostUntilAlarm).toBeCloseTo(found.lostWithout);
});

test("dimming saves what a lamp does not take while it burns", () => {
  const film = { sensors: [], times: [0, 1_800_000, 3_600_000], frames: [new Float32Array([100]), new Float32Array([50]), new Float32Array([0])] };
  expect(savedByDimming(film)).toEqual({ saved: 0.025, share: 0.25 });
  expect(total(new Float32Array([1, Number.NaN, 2]))).toBe(3);
});

test("heat is that of the second day", () => {
  expect(heatOf(twin(0))).toEqual({ hot: 32, without: 20 });
});
