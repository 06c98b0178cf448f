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
 * Return the state of each sensor: the array of before where nothing has changed, so that nothing is drawn or sent anew for it.
 *
 * @param ages of the readings [s of the world]; 65535 for none
 * @param period of the kind [s]
 * @param extra by which all are older than the frame says [s], as the server was last heard so long ago
 * @param before what it returned last
 */
export function statesOf(ages: Uint16Array, period: number, extra: number, before: Uint8Array): Uint8Array {
  let states = before.length === ages.length ? before : new Uint8Array(ages.length);
  for (let index = 0; index < ages.length; index++) {
    const state = stateOf(ages[index]!, period, extra);
    if (state === states[index]) continue;
    if (states === before) states = before.slice();
    states[index] = state;
  }
  return states;
}

export function stateOf(age: number, period: number, extra = 0): AgeState {
  if (age === 65_535) return NONE;
  const old = age + extra;
  if (old > SILENT_PERIODS * period + TRANSPORT) return SILENT;
  return old > LATE_PERIODS * period + TRANSPORT ? LATE : LIVE;
}
