import { expect, it } from "vitest";
import { isOver, progressOf, programsOf, trialOf } from "./trials";

it("counts the steps of all seeds", () => {
  const trial = { phase: "running" as const, seeds: 5, seeds_done: 2, step: 50, steps: 100 };
  expect(progressOf(trial)).toBeCloseTo(0.5);
  expect(progressOf({ ...trial, phase: "queued", seeds_done: 0, step: 0 })).toBe(0);
  expect(progressOf({ ...trial, phase: "done", seeds_done: 5, step: 0 })).toBe(1);
});

it("knows which trials are over", () => {
  expect((["queued", "running", "scoring", "done", "failed", "cancelled"] as const).map((phase) => isOver({ phase }))).toEqual([false, false, false, true, true, true]);
});

it("writes programs that name the trial and its topics", () => {
  const topics = { readings: "w-a/telemetry/#", clock: "w-a/clock", commands: null, responses: null, answers: "pilots/volt/answers/t-1" };
  const programs = programsOf({ trial: "t-1", challenge: "leak-detection", warm_up: 3, world: "w-a", topics }, "volt", "http://127.0.0.1:8080");
  expect(programs.curl).toContain("/v1/trials/t-1/step");
  expect(programs.Python).toContain('trial="t-1"');
  expect(programs.MQTT).toContain("w-a/telemetry/#");
  expect(programs.MQTT).toContain("pilots/volt/answers/t-1");
});

it("finds the trial that a world is run by, and none of others", () => {
  const trials = [{ trial: "t-1", world: null }, { trial: "t-2", world: "w-b" }];
  expect(trialOf("w-b", trials)?.trial).toBe("t-2");
  expect(trialOf("zenata", trials)).toBeUndefined();
});
