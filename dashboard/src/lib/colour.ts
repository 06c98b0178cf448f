// Colours of values: cividis (Nunez, Anderton, Renslow, 2018, doi 10.1371/journal.pone.0199239), which colour-blind people read.

// Every sixteenth of the map, sRGB; between them it is as good as straight.
const STOPS = [
  [0, 32, 77], [0, 42, 102], [10, 52, 112], [39, 63, 108], [60, 73, 107], [76, 84, 108], [91, 95, 110], [105, 106, 113],
  [120, 117, 119], [133, 129, 121], [149, 141, 119], [165, 154, 115], [181, 167, 109], [198, 180, 100], [215, 194, 87],
  [233, 209, 69], [254, 232, 56],
] as const;

const SIZE = 256;
const SAMPLES = 1_000;
/** Share of the values that a scale leaves beyond each of its ends. */
export const BEYOND = 0.02;

/** Return the colours as RGBA bytes, 256 of them. */
export function colourTable(): Uint8Array {
  const table = new Uint8Array(4 * SIZE);
  for (let index = 0; index < SIZE; index++) {
    table.set([...colourAt(index / (SIZE - 1)), 255], 4 * index);
  }
  return table;
}

export function colourAt(share: number): [number, number, number] {
  const at = Math.min(Math.max(share, 0), 1) * (STOPS.length - 1);
  const below = Math.min(Math.floor(at), STOPS.length - 2);
  const [from, to] = [STOPS[below]!, STOPS[below + 1]!];
  const mix = (channel: 0 | 1 | 2) => Math.round(from[channel] + (at - below) * (to[channel] - from[channel]));
  return [mix(0), mix(1), mix(2)];
}

export function cssColour(share: number): string {
  return `rgb(${colourAt(share).join(" ")})`;
}

export interface Scale {
  low: number;
  high: number;
}

/** Return a scale of the values but for `BEYOND` at either end, with round ends; `limits` bound what is possible. */
export function scaleOf(values: Float32Array, limits: Scale): Scale {
  const step = Math.ceil(values.length / SAMPLES) || 1; // of many a sample is enough
  const sample = new Float32Array(Math.ceil(values.length / step));
  let count = 0;
  for (let index = 0; index < values.length; index += step) if (Number.isFinite(values[index])) sample[count++] = values[index]!;
  const finite = sample.subarray(0, count).sort();
  if (finite.length === 0) return { low: Math.max(limits.low, 0), high: Math.min(limits.high, 1) };
  const low = finite[Math.floor(BEYOND * (finite.length - 1))]!;
  const high = finite[Math.ceil((1 - BEYOND) * (finite.length - 1))]!;
  if (limits.high - limits.low <= 1) return { ...limits }; // a share: the whole of it
  const round = niceStep(Math.max(high - low, Math.abs(high) * 1e-3, 1e-6) / 4);
  const scale = { low: Math.floor(low / round) * round, high: Math.ceil(high / round) * round };
  if (scale.low === scale.high) scale.high = scale.low + round;
  return { low: Math.max(scale.low, limits.low), high: Math.min(scale.high, limits.high) };
}

/** Return whether no more than a share of the values lies far beyond an end of a scale. */
export function fits(values: Float32Array, { low, high }: Scale, most: number): boolean {
  const far = (high - low) / 4;
  const [least, greatest] = [low - far, high + far];
  let [count, below, above] = [0, 0, 0];
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!;
    if (value === value) count++;
    if (value < least) below++;
    else if (value > greatest) above++;
  }
  return Math.max(below, above) <= most * count;
}

function niceStep(raw: number): number {
  const power = 10 ** Math.floor(Math.log10(raw));
  const factor = raw / power;
  return power * (factor <= 1 ? 1 : factor <= 2 ? 2 : factor <= 5 ? 5 : 10);
}

export function shareOf(value: number, scale: Scale): number {
  return Math.min(Math.max((value - scale.low) / (scale.high - scale.low), 0), 1);
}

/** How many sensors are in each part of a scale, and in each state (`age.ts`). */
export interface Summary {
  counts: number[];
  totals: number[];
}

/** Count values by equal parts of a scale, where what lies beyond belongs to the ends, and sensors by state. */
export function summaryOf(values: Float32Array | null, states: Uint8Array, scale: Scale, parts: number): Summary {
  const counts = new Array<number>(parts).fill(0);
  const totals = [0, 0, 0, 0];
  const { low } = scale;
  const factor = parts / (scale.high - low);
  for (let index = 0; index < states.length; index++) {
    const state = states[index]!;
    totals[state]! += 1;
    const part = Math.floor(((values?.[index] ?? Number.NaN) - low) * factor);
    if (state > 1 || !(part === part)) continue; // silent or none
    counts[part < 0 ? 0 : part < parts ? part : parts - 1]! += 1;
  }
  return { counts, totals };
}
