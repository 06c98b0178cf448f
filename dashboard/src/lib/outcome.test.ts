import { describe, expect, it } from "vitest";
import { effectsOf, orderOf, shareOf, timesOf, type Result } from "./outcome";

const RESULT: Result = {
  seed: 1, points: 40, answers: 3, commands: 0, rejected: 0, measures: {},
  impact: { water: { value: 100, unit: "m3" }, money: { value: null, unit: "DH" } },
  baselines: { reference: { points: 50, measures: {}, impact: { water: { value: 120, unit: "m3" } } } },
};

describe("outcome of a trial", () => {
  it("has the means of impact beside those of others, where they are known of every city", () => {
    const second = { ...RESULT, impact: { water: { value: 300, unit: "m3" } }, baselines: {} };
    expect(effectsOf([RESULT])).toEqual([{ name: "water", unit: "m3", mean: 100, reference: 120, oracle: null }]);
    expect(effectsOf([RESULT, second])).toEqual([{ name: "water", unit: "m3", mean: 200, reference: null, oracle: null }]);
    expect(effectsOf([])).toEqual([]);
  });
  it("puts times on a strip, and what is beyond at its edge", () => {
    const strip = { start: "2026-03-01T00:00:00Z", end: "2026-03-05T00:00:00Z" };
    const shares = ["2026-02-01T00:00:00Z", "2026-03-02T00:00:00Z", "2026-04-01T00:00:00Z"].map((time) => shareOf(time, strip));
    expect(shares).toEqual([0, 25, 100]);
    expect(timesOf({ start: strip.start, every: 900 }, 2).map((time) => time - Date.parse(strip.start) / 1_000)).toEqual([0, 900]);
  });
  it("has what was to be found before what was not", () => {
    const event = { type: "leak", targets: [], end: "2026-03-05T00:00:00Z", found: null } as const;
    const events = orderOf([
      { ...event, start: "2026-03-01T00:00:00Z", verdict: "hidden" },
      { ...event, start: "2026-03-03T00:00:00Z", verdict: "missed" },
      { ...event, start: "2026-03-02T00:00:00Z", verdict: "hit" },
    ] as never);
    expect(events.map((one) => one.verdict)).toEqual(["hit", "missed", "hidden"]);
  });
});
