import { expect, test } from "vitest";
import { NO_AGE, applyChanges, bytesOf, decodeFrame } from "./frame";

function header(time: number, count: number): ArrayBuffer {
  const bytes = new ArrayBuffer(24);
  const view = new DataView(bytes);
  view.setFloat64(0, time, true);
  view.setFloat64(8, 1.5, true);
  view.setUint32(16, count, true);
  view.setUint32(20, 7, true);
  return bytes;
}

function join(...parts: (ArrayBuffer | ArrayBufferView<ArrayBuffer>)[]): ArrayBuffer {
  const chunks = parts.map((part) => (part instanceof ArrayBuffer ? new Uint8Array(part) : new Uint8Array(part.buffer)));
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  chunks.reduce((at, chunk) => (whole.set(chunk, at), at + chunk.length), 0);
  return whole.buffer;
}

const frame = () => decodeFrame(join(header(1_000_000, 3), new Float32Array([1, Number.NaN, 3]), new Uint16Array([0, NO_AGE, 60])));

test("a frame has its time, values and ages", () => {
  const { time, quiet, version, values, ages } = frame();
  expect([time, quiet, version]).toEqual([1_000_000, 1.5, 7]);
  expect([...values]).toEqual([1, Number.NaN, 3]);
  expect([...ages]).toEqual([0, NO_AGE, 60]);
});

test("a frame that was cut off is refused", () => {
  expect(() => decodeFrame(join(header(0, 3), new Float32Array(3)))).toThrow(RangeError);
});

test("what does not change grows older, and none stays none", () => {
  const changes = join(header(1_010_000, 1), new Uint32Array([2]), new Float32Array([4]), new Uint16Array([2]));
  const { values, ages, time } = applyChanges(frame(), changes);
  expect(time).toBe(1_010_000);
  expect([...values]).toEqual([1, Number.NaN, 4]);
  expect([...ages]).toEqual([10, NO_AGE, 2]);
});

test("values that changed are other arrays, or nothing that shows them would see it", () => {
  const before = frame();
  const after = applyChanges(before, join(header(1_010_000, 1), new Uint32Array([2]), new Float32Array([4]), new Uint16Array([2])));
  expect(after.values).not.toBe(before.values);
  expect(after.ages).not.toBe(before.ages);
});

test("parts of seconds add up", () => {
  let now = frame();
  for (let step = 1; step <= 10; step++) now = applyChanges(now, header(1_000_000 + 400 * step, 0));
  expect([...now.ages]).toEqual([4, NO_AGE, 64]);
});

test("base64 is bytes", () => {
  expect([...new Uint8Array(bytesOf("AAH/"))]).toEqual([0, 1, 255]);
});
