// Age of a reading, honestly: live, late or silent, by the period of its kind.

export const LIVE = 0;
export const LATE = 1;
export const SILENT = 2;
export const NONE = 3;
export type AgeState = typeof LIVE | typeof LATE | typeof SILENT | typeof NONE;
export const STATE_KEYS = ["live", "late", "silent", "none"] as const;

/** After how many periods of its kind a sensor counts as late, and as silent. Defaults. */
export const LATE_PERIODS = 2;
export const SILENT_PERIODS = 5;
const TRANSPORT = 5; // [s] from the end of a period to the reading in the store, so that no one is late for that

/**
 * Return the state of each sensor.
 *
 * @param ages of the readings [s of the world]; 65535 for none
 * @param period of the kind [s]
 * @param extra by which all are older than the frame says [s], as the server was last heard so long ago
 */
export function statesOf(ages: Uint16Array, period: number, extra: number, states: Uint8Array): Uint8Array {
  for (let index = 0; index < ages.length; index++) states[index] = stateOf(ages[index]!, period, extra);
  return states;
}

export function stateOf(age: number, period: number, extra = 0): AgeState {
  if (age === 65_535) return NONE;
  const old = age + extra;
  if (old > SILENT_PERIODS * period + TRANSPORT) return SILENT;
  return old > LATE_PERIODS * period + TRANSPORT ? LATE : LIVE;
}
