// Frames: values and ages of all sensors of one property at one moment, as `GET /v1/frame` sends them.

export interface Frame {
  /** Time of the world [ms since 1970]. */
  time: number;
  /** Since the newest reading of this world came in [s of the wall clock]; NaN if unknown. */
  quiet: number;
  /** Version of the list of sensors. */
  version: number;
  /** Of each sensor in the order of the list; NaN for none. */
  values: Float32Array;
  /** Of each value at `time` [s of the world]; NO_AGE for none. */
  ages: Uint16Array;
}

export const NO_AGE = 65_535;
const HEADER = 24;

/** Decode a whole frame (little-endian: float64 time, float64 quiet, uint32 count, uint32 version, values, ages). */
export function decodeFrame(bytes: ArrayBuffer): Frame {
  const header = new DataView(bytes);
  const count = header.getUint32(16, true);
  if (bytes.byteLength !== HEADER + 6 * count) throw new RangeError(`a frame of ${count} sensors has ${bytes.byteLength} bytes`);
  return {
    time: header.getFloat64(0, true),
    quiet: header.getFloat64(8, true),
    version: header.getUint32(20, true),
    values: new Float32Array(bytes, HEADER, count),
    ages: new Uint16Array(bytes, HEADER + 4 * count, count),
  };
}

/**
 * Bring a frame up to date with changes: a header whose count is that of the changes, then uint32 indices, values and ages.
 * What did not change grows older by the time that passed.
 */
export function applyChanges(frame: Frame, bytes: ArrayBuffer): Frame {
  const header = new DataView(bytes);
  const count = header.getUint32(16, true);
  if (bytes.byteLength !== HEADER + 10 * count) throw new RangeError(`changes of ${count} sensors have ${bytes.byteLength} bytes`);
  const time = header.getFloat64(0, true);
  const passed = Math.max(0, time - frame.time) / 1_000;
  const { values, ages } = frame;
  const fraction = (frame as Growing).fraction ?? 0;
  const whole = Math.floor(passed + fraction);
  const all = count === ages.length; // indices ascend and are distinct: these are all sensors in their order
  if (whole > 0 && !all) {
    for (let index = 0; index < ages.length; index++) {
      if (ages[index]! < NO_AGE) ages[index] = Math.min(ages[index]! + whole, NO_AGE - 1);
    }
  }
  const indices = new Uint32Array(bytes, HEADER, count);
  const newValues = new Float32Array(bytes, HEADER + 4 * count, count);
  const newAges = new Uint16Array(bytes, HEADER + 8 * count, count);
  if (all) {
    values.set(newValues);
    ages.set(newAges);
  } else {
    for (let index = 0; index < count; index++) {
      const sensor = indices[index]!;
      values[sensor] = newValues[index]!;
      ages[sensor] = newAges[index]!;
    }
  }
  // Other views of the same memory: what shows them must see that they are new.
  const next: Growing = { time, quiet: header.getFloat64(8, true), version: header.getUint32(20, true), values: values.subarray(), ages: ages.subarray() };
  next.fraction = passed + fraction - whole;
  return next;
}

// Browsers have it since 2025; the types of TypeScript 5 do not know it.
const fromBase64 = (Uint8Array as { fromBase64?: (text: string) => Uint8Array<ArrayBuffer> }).fromBase64?.bind(Uint8Array);

/** A frame with the part of a second by which its ages are behind. */
interface Growing extends Frame {
  fraction?: number;
}

/** Decode base64, as the stream sends frames. */
export function bytesOf(text: string): ArrayBuffer {
  if (fromBase64) return fromBase64(text).buffer;
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let index = 0; index < binary.length; index++) bytes[index] = binary.charCodeAt(index);
  return bytes.buffer;
}
