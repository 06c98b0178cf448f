import { expect, test } from "vitest";
import { LATE, LIVE, NONE, SILENT, stateOf, statesOf } from "./age";

test.each([
  [0, 60, 0, LIVE],
  [124, 60, 0, LIVE],
  [126, 60, 0, LATE],
  [306, 60, 0, SILENT],
  [65_535, 60, 0, NONE],
  [10, 10, 20, LATE], // the server was last heard 20 s ago
  [0, 10, 3_600, SILENT],
])("age %d s at a period of %d s, %d s out of touch", (age, period, extra, state) => {
  expect(stateOf(age, period, extra)).toBe(state);
  const states = statesOf(new Uint16Array([age]), period, extra, new Uint8Array());
  expect([...states]).toEqual([state]);
  expect(statesOf(new Uint16Array([age]), period, extra, states)).toBe(states);
});

test("states that have changed are another array, and those of before stay", () => {
  const before = statesOf(new Uint16Array([0, 0]), 60, 0, new Uint8Array());
  expect([...statesOf(new Uint16Array([0, 400]), 60, 0, before)]).toEqual([LIVE, SILENT]);
  expect([...before]).toEqual([LIVE, LIVE]);
});
