// Figures of the demo, computed from its run; none is written down beforehand.
import type { Film, Twin } from "./demo.svelte";

/** By how much a night hour may exceed the hour a day before until the rule of the demo raises an alarm. Default. */
const ALARM_SHARE = 0.1;
/** Tariff of the bracket of 8 to 20 m3 a month, Lydec's before October 2024 [DH/m3]. */
export const WATER_TARIFF = 10.3;

export interface Leak {
  /** What leaks [l/s]. */
  flow: number;
  /** From the onset to the alarm [h]; null if the rule raises none. */
  delay: number | null;
  /** Lost until the alarm, and until the end of the day [m3]. */
  lostUntilAlarm: number;
  lostWithout: number;
}

/** Hold the hours from the onset against those of the day before, as a startup would that sees measurements only. */
export function leakOf(twin: Twin, onset: number): Leak {
  const at = new Map(twin.hours.map((hour, index) => [hour, index]));
  const after = twin.hours.filter((hour) => hour >= onset);
  const loss = (hour: number) => twin.supply[at.get(hour)!]! - twin.supplyWithout[at.get(hour)!]!;
  const alarm = after.find((hour) => {
    const before = twin.supply[at.get(hour - 24) ?? -1];
    return before !== undefined && twin.supply[at.get(hour)!]! > (1 + ALARM_SHARE) * before;
  });
  const cubic = (hours: number[]) => hours.reduce((sum, hour) => sum + (loss(hour) * 3_600) / 1_000, 0);
  return {
    flow: after.reduce((sum, hour) => sum + loss(hour), 0) / after.length,
    delay: alarm === undefined ? null : alarm + 1 - onset, // an hour is judged when it is over
    lostUntilAlarm: cubic(alarm === undefined ? after : after.filter((hour) => hour <= alarm)),
    lostWithout: cubic(after),
  };
}

/** Whether any sensor says something: of a city that was just started the past comes later. */
export function measured(frame: Float32Array | undefined): boolean {
  return frame?.some(Number.isFinite) ?? false;
}

/** Sum of a frame, of the sensors that say something. */
export function total(frame: Float32Array): number {
  return frame.reduce((sum, value) => sum + (Number.isFinite(value) ? value : 0), 0);
}

/** Energy that dimming saved through a film of lamps' power [kWh]: full power while they burn, less what they took. */
export function savedByDimming({ frames, times }: Film): { saved: number; share: number } {
  const hours = times.length > 1 ? (times[1]! - times[0]!) / 3_600_000 : 0;
  let [saved, full] = [0, 0];
  const count = frames[0]?.length ?? 0;
  for (let lamp = 0; lamp < count; lamp++) {
    const powers = frames.map((frame) => frame[lamp]!).filter(Number.isFinite);
    const most = Math.max(0, ...powers);
    for (const power of powers) {
      if (power <= 0.05 * most) continue; // it is day
      full += most * hours;
      saved += (most - power) * hours;
    }
  }
  return { saved: saved / 1_000, share: full ? saved / full : 0 };
}

/** Hottest hour of the second day with the heat wave and without [Cel]. */
export function heatOf(twin: Twin): { hot: number; without: number } {
  const second = twin.hours.map((hour, index) => [hour, index] as const).filter(([hour]) => hour >= 24);
  const most = (values: number[]) => Math.max(...second.map(([, index]) => values[index]!));
  return { hot: most(twin.temperature), without: most(twin.temperatureWithout) };
}
