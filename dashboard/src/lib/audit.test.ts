import { expect, test } from "vitest";
import { grouped, isRefused, keyOf, targetOf } from "./audit";

test("an entry has words of its own, whether it is a call or something that was done", () => {
  expect(keyOf("POST /v1/worlds/{world}/fork")).toBe("audit_post_worlds_fork");
  expect(keyOf("POST /v1/dead-letters/replay")).toBe("audit_post_dead_letters_replay");
  expect(keyOf("key.issue")).toBe("audit_key_issue");
  expect(keyOf("MQTT command")).toBe("audit_mqtt_command");
});

test("an entry says what it was done to, where that has a name", () => {
  const entry = (what: string, target: string) => targetOf({ what, target });
  expect(entry("POST /v1/worlds", "/v1/worlds")).toBe("");
  expect(entry("PATCH /v1/worlds/{world}/clock", "/v1/worlds/p-demo-1/clock")).toBe("p-demo-1");
  expect(entry("DELETE /v1/worlds/{world}/events/{event}", "/v1/worlds/p-demo-1/events/a%20b")).toBe("a b");
  expect(entry("key.issue", "demo/laptop")).toBe("demo/laptop");
});

test("a call that was forbidden is told from one that was made", () => {
  expect(isRefused({ detail: { status: 403 } })).toBe(true);
  expect(isRefused({ detail: { status: 204 } })).toBe(false);
});

test("the same one after the other is one line, but for what was refused", () => {
  const entry = (status: number) => ({ who: "demo", what: "POST /v1/worlds", target: "/v1/worlds", detail: { status } });
  expect(grouped([entry(403), entry(403), entry(201), entry(403)]).map(({ count }) => count)).toEqual([2, 1, 1]);
});
