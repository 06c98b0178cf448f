// Outcome of a trial: what a service has changed, and where the events of its cities lie on a strip of time.
import type { Schemas } from "../api/client";

export type Exhibit = Schemas["Exhibit"];
export type Result = Schemas["SeedResult"];
type Event = Schemas["HiddenEvent"];

/** What a service has changed in the mean of its cities, beside what others would have changed in the same ones. */
export interface Effect {
  name: string;
  unit: string;
  mean: number;
  reference: number | null;
  oracle: number | null;
}

/** Return the means of impact over all cities, by name; what is not known of every city is null or left out. */
export function effectsOf(results: readonly Result[]): Effect[] {
  const names = [...new Set(results.flatMap((one) => Object.keys(one.impact)))];
  return names.flatMap((name) => {
    const mean = meanOf(results.map((one) => one.impact[name]?.value));
    if (mean === null) return [];
    const [reference, oracle] = (["reference", "oracle"] as const).map((policy) => meanOf(results.map((one) => one.baselines?.[policy]?.impact[name]?.value)));
    return [{ name, unit: results[0]?.impact[name]?.unit ?? "", mean, reference: reference ?? null, oracle: oracle ?? null }];
  });
}

function meanOf(values: (number | null | undefined)[]): number | null {
  const known = values.filter((value): value is number => typeof value === "number");
  return known.length === values.length && known.length > 0 ? known.reduce((sum, value) => sum + value, 0) / known.length : null;
}

/** Return where a time is on the strip of a city, 0 (begin) to 100 (end); what is beyond lies at the edge. */
export function shareOf(time: string, { start, end }: Pick<Exhibit, "start" | "end">): number {
  const [begin, until] = [Date.parse(start), Date.parse(end)];
  return Math.min(Math.max((100 * (Date.parse(time) - begin)) / (until - begin), 0), 100);
}

/** Return the events in the order of their beginning: those that were to be found first. */
export function orderOf(events: readonly Event[]): Event[] {
  const sought = (event: Event) => Number(event.verdict === "hidden");
  return [...events].sort((a, b) => sought(a) - sought(b) || Date.parse(a.start) - Date.parse(b.start));
}

/** Return the times of a chart's values [s since 1970]. */
export function timesOf({ start, every }: Pick<Exhibit, "start" | "every">, count: number): number[] {
  return Array.from({ length: count }, (_, index) => Date.parse(start) / 1_000 + index * every);
}
