import { describe, expect, it } from "vitest";
import { beginOf, effectsOf, goingOn, orderOf, sceneOf, shareOf, timesOf, type Exhibit, type Result } from "./outcome";

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
  it("lets an event go on without the service, and end with it as it is found", () => {
    const day = (number: number) => `2026-03-0${number}T00:00:00Z`;
    const events = [
      { type: "leak", targets: ["a"], start: day(1), end: day(5), verdict: "hit", found: day(3) },
      { type: "leak", targets: ["b"], start: day(2), end: day(4), verdict: "missed", found: null },
      { type: "sensor_fault", targets: ["c"], start: day(1), end: day(5), verdict: "hidden", found: null },
    ] as Exhibit["events"];
    const exhibit = { start: day(1), events, detections: [{ time: day(2), target: "d", hit: false }] } as unknown as Exhibit;
    const at = (number: number, served: boolean) => goingOn(exhibit, Date.parse(day(number)), served).map((one) => `${one.target} ${one.state}`);
    expect(at(2, false)).toEqual(["a open", "b open"]);
    expect(at(2, true)).toEqual(["d false", "a open", "b open"]);
    expect(at(3, true)).toEqual(["d false", "a found", "b open"]);
    expect(at(5, false)).toEqual([]);
    expect(beginOf(exhibit)).toBe(Date.parse(day(4)));
  });
  it("draws districts and places north up, and a sensor as a point", () => {
    const scene = sceneOf([[[-7.5, 33.6], [-7.4, 33.6], [-7.4, 33.7]]], [{ target: "s", line: [[-7.5, 33.7]], verdict: "hit" }]);
    expect(scene.districts).toEqual(["M0.0 1201.3L1000.0 1201.3L1000.0 0.0Z"]);
    expect(scene.paths).toEqual({ s: "M0.0 0.0h0.1" });
  });
});
