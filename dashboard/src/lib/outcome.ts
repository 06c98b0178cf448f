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

/** What is to be shown of a place at a moment: a hidden event that goes on, one that was found, or a false alarm. */
export interface Mark {
  target: string;
  state: "open" | "found" | "false";
}

/** Return what goes on at a moment [ms since 1970]: with the service an event ends for it as it is found, without it none does. */
export function goingOn({ events, detections }: Pick<Exhibit, "events" | "detections">, time: number, served: boolean): Mark[] {
  const marks = new Map<string, Mark>();
  for (const { time: said, target, hit } of served ? detections : []) {
    if (!hit && Date.parse(said) <= time) marks.set(target, { target, state: "false" });
  }
  for (const event of events) {
    if (event.verdict === "hidden" || Date.parse(event.start) > time || Date.parse(event.end) <= time) continue;
    const state = served && event.found && Date.parse(event.found) <= time ? "found" : "open";
    for (const target of event.targets) marks.set(target, { target, state });
  }
  return [...marks.values()];
}

/** Return the moment that shows most [ms since 1970]: when something is found that without the service would go on. */
export function beginOf({ events, start }: Pick<Exhibit, "events" | "start">): number {
  const found = events.filter((one) => one.found).map((one) => (Date.parse(one.found!) + Date.parse(one.end)) / 2);
  const open = (time: number) => events.filter((one) => one.verdict !== "hidden" && Date.parse(one.start) <= time && Date.parse(one.end) > time).length;
  return found.sort((a, b) => open(b) - open(a))[0] ?? (events[0] ? Date.parse(events[0].start) : Date.parse(start));
}

/** Return districts and places as paths of a drawing, north up. */
export function sceneOf(outline: readonly (readonly (readonly number[])[])[], places: Exhibit["places"]): { box: string; districts: string[]; paths: Record<string, string> } {
  const all = [...outline.flat(), ...places.flatMap((one) => one.line)];
  if (!all.length) return { box: "0 0 1 1", districts: [], paths: {} };
  const [west, east] = [Math.min(...all.map(([x]) => x!)), Math.max(...all.map(([x]) => x!))];
  const [south, north] = [Math.min(...all.map(([, y]) => y!)), Math.max(...all.map(([, y]) => y!))];
  const narrow = Math.cos((((south + north) / 2) * Math.PI) / 180); // equirectangular: the city is small
  const scale = 1_000 / ((east - west) * narrow);
  const path = (line: readonly (readonly number[])[]) => {
    const points = line.map(([x, y]) => `${((x! - west) * narrow * scale).toFixed(1)} ${((north - y!) * scale).toFixed(1)}`);
    return `M${points.join("L")}${points.length === 1 ? "h0.1" : ""}`;
  };
  const box = `-20 -20 1040 ${((north - south) * scale + 40).toFixed(0)}`;
  return { box, districts: outline.map((ring) => `${path(ring)}Z`), paths: Object.fromEntries(places.map((one) => [one.target, path(one.line)])) };
}
