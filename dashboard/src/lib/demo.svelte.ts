// What the demo shows, fetched before it begins: so it goes on when the server dies in the middle.
import { api, ApiError, dataOf, fetchBytes, type Schemas } from "../api/client";
import { city, type Sensor } from "./city.svelte";
import { decodeFrame } from "./frame";
import { t } from "./locale.svelte";
import { session } from "./session.svelte";

/** A property of a kind over a day of the shared city. */
export interface Film {
  sensors: Sensor[];
  times: number[];
  frames: Float32Array[];
}

/** Hour by hour through two days of a private world: once with a leak and a heat wave on the second day, once without. */
export interface Twin {
  hours: number[];
  /** Water that the two supplies deliver [l/s]. */
  supply: number[];
  supplyWithout: number[];
  /** Mean air temperature [Cel]. */
  temperature: number[];
  temperatureWithout: number[];
  leak: { longitude: number; latitude: number };
}

const STEP = 1_800_000; // [ms] between the frames of a film
const FRAMES = 48;
const AT_ONCE = 6; // requests, as many as browsers have connections
const SEED = 7;
const KINDS = ["water", "weather"];
const START = "2026-07-10T00:00:00Z";
const END = "2026-07-12T00:00:00Z";
export const LEAK_HOUR = 26; // after the start: 02:00 of the second day
const LEAK_AT = "water-0010";
const STORED = "demo-twin-1";
// Worlds that this browser has asked for and not deleted: a page that closes deletes its own, and the next one what is left of a crash,
// or of a page that closed before it had the answer, as four fill a pilot's quota.
const MADE = "demo-worlds";
const LEFT_BEHIND = 600_000; // [ms] none takes so long
const UNANSWERED = 60_000; // [ms] no page, of another tab either, waits so long for the answer

class DemoData {
  traffic = $state.raw<Film | null>(null);
  lamps = $state.raw<Film | null>(null);
  twin = $state.raw<Twin | null>(null);
  progress = $state(0); // 0 to 1
  problem = $state.raw<unknown>(null);
  #running: Promise<void> | null = null;

  /** Fetch all of it; a second call waits for the first, and a call after a failure fetches what is missing. */
  prepare(): Promise<void> {
    this.#running ??= this.#prepare().finally(() => (this.#running = null));
    return this.#running;
  }

  async #prepare(): Promise<void> {
    this.problem = null;
    try {
      await city.load();
      const twin = this.twin ? Promise.resolve() : this.#twins();
      twin.catch(() => undefined); // it may fail while the films are fetched: it is awaited below
      this.traffic ??= await this.#film("traffic", "flow", 0.3);
      this.lamps ??= await this.#film("streetlight", "power", 0.6);
      await twin;
      this.progress = 1;
    } catch (error) {
      this.problem = error;
    }
  }

  async #film(kind: string, property: string, share: number): Promise<Film> {
    const sensors = await city.sensors(kind);
    const { newest } = await dataOf(api.GET("/v1/city"));
    const end = Math.floor(Date.parse(newest ?? new Date().toISOString()) / STEP) * STEP;
    const film: Film = { sensors, times: Array.from({ length: FRAMES }, (_, index) => end - (FRAMES - 1 - index) * STEP), frames: [] };
    for (let first = 0; first < FRAMES; first += AT_ONCE) {
      const some = film.times.slice(first, first + AT_ONCE).map(async (time) => {
        const { bytes } = await fetchBytes(`/v1/frame?kind=${kind}&property=${property}&at=${new Date(time).toISOString()}`);
        return decodeFrame(bytes).values;
      });
      film.frames.push(...(await Promise.all(some)));
      this.progress = Math.max(this.progress, (share * film.frames.length) / FRAMES);
    }
    return film;
  }

  /** Make two worlds of one seed, let both run two days, and read them; they are deleted after. */
  async #twins(): Promise<void> {
    const before = stored();
    if (before) {
      this.twin = before;
      return;
    }
    const events = [
      { type: "leak", target: LEAK_AT, area: 0.002, start: `+${LEAK_HOUR}h`, duration: "40h" },
      { type: "heatwave", start: "+24h", duration: "24h", temperature: 12 },
    ];
    await tidy();
    const [leaking, calm] = await Promise.all([runTwin(events), runTwin([])]);
    const leak = (await city.sensors("water")).find((sensor) => sensor.id === LEAK_AT) ?? { longitude: -7.46, latitude: 33.65 };
    this.twin = {
      hours: leaking.hours,
      supply: leaking.supply,
      supplyWithout: calm.supply,
      temperature: leaking.temperature,
      temperatureWithout: calm.temperature,
      leak: { longitude: leak.longitude, latitude: leak.latitude },
    };
    try {
      localStorage.setItem(STORED, JSON.stringify(this.twin));
    } catch {
      // Without storage the next visit prepares it again.
    }
  }
}

function stored(): Twin | null {
  try {
    return JSON.parse(localStorage.getItem(STORED) ?? "null") as Twin | null;
  } catch {
    return null;
  }
}

interface Run {
  hours: number[];
  supply: number[];
  temperature: number[];
}

async function runTwin(scenario: object[]): Promise<Run> {
  const body = {
    seed: SEED, start: START, state: "paused" as const, kinds: KINDS, districts: [], speed: 1, packs: false, publish: true, blind: false,
    scenario: scenario.length ? (scenario as Record<string, never>[]) : null,
  };
  const asked = { world: null, at: Date.now() + Math.random() };
  remember([...made(), asked]);
  const { world } = await dataOf(api.POST("/v1/worlds", { body })).catch((error: unknown) => {
    if (error instanceof ApiError) forget(({ at }) => at === asked.at); // without an answer it may have been made
    throw error;
  });
  const path = { world };
  remember([...made().filter(({ at }) => at !== asked.at), { world, at: Date.now() }]);
  const leave = () => void fetch(`/v1/worlds/${world}`, { method: "DELETE", credentials: "same-origin", keepalive: true });
  addEventListener("pagehide", leave);
  try {
    await until(async () => (await dataOf(api.GET("/v1/worlds/{world}", { params: { path } }))).state === "paused");
    await dataOf(api.POST("/v1/worlds/{world}/backfill", { params: { path }, body: { end: END, every: "15m" } }));
    await until(async () => {
      const state = await dataOf(api.GET("/v1/worlds/{world}", { params: { path } }));
      return state.backfill === null && Date.parse(state.time) >= Date.parse(END) - 60_000;
    });
    return await readRun(world);
  } finally {
    removeEventListener("pagehide", leave);
    await remove(world);
  }
}

interface Made {
  world: string | null; // null until there is an answer
  at: number; // [ms since 1970]
}

/** Delete what earlier pages of this browser have left behind. */
async function tidy(): Promise<void> {
  const left = made();
  await Promise.all(left.filter(({ world, at }) => world && Date.now() - at > LEFT_BEHIND).map(({ world }) => remove(world!)));
  const asked = left.filter(({ world, at }) => !world && Date.now() - at > UNANSWERED);
  if (!asked.length) return;
  const known = new Set(left.map(({ world }) => world));
  const { items } = await dataOf(api.GET("/v1/worlds")); // an administrator's are those of all
  const unknown = items.filter((one) => one.owner === session.me?.name && isUntouched(one) && !known.has(one.world)).slice(0, asked.length);
  const found = unknown.map(({ world }) => ({ world, at: 0 }));
  remember([...made().filter(({ at }) => !asked.some((one) => one.at === at)), ...found]);
  await Promise.all(found.map(({ world }) => remove(world)));
}

/** Whether a world is one of the demo with which no page has gone on: names and lists of worlds do not tell how old they are. */
function isUntouched({ seed, start, time, kinds, backfill }: Schemas["World"]): boolean {
  return seed === SEED && Date.parse(start) === Date.parse(START) && Date.parse(time) <= Date.parse(START) && kinds.join() === KINDS.join() && backfill === null;
}

function made(): Made[] {
  try {
    return JSON.parse(localStorage.getItem(MADE) ?? "[]") as Made[];
  } catch {
    return [];
  }
}

function remember(worlds: Made[]): void {
  try {
    localStorage.setItem(MADE, JSON.stringify(worlds));
  } catch {
    // Without storage a crash leaves them behind.
  }
}

async function remove(world: string): Promise<void> {
  const answer = await api.DELETE("/v1/worlds/{world}", { params: { path: { world } } }).catch(() => null);
  if (answer?.response.ok || answer?.response.status === 404) forget((one) => one.world === world);
}

function forget(which: (one: Made) => boolean): void {
  remember(made().filter((one) => !which(one)));
}

async function readRun(world: string): Promise<Run> {
  const supplies = (await city.sensors("water")).filter((sensor) => "supply" in (sensor.attributes as object)).map((sensor) => sensor.id);
  const common = { world: [world], start: START, end: END, every: "1h", agg: ["mean" as const], shape: "columns" as const };
  const [water, weather] = await Promise.all([
    dataOf(api.GET("/v1/readings", { params: { query: { ...common, sensor: supplies, property: ["discharge"] } } })),
    dataOf(api.GET("/v1/readings", { params: { query: { ...common, kind: ["weather"], property: ["temperature"] } } })),
  ]);
  const sum = byHour((water as Schemas["ColumnsPage"]).items);
  const temperatures = byHour((weather as Schemas["ColumnsPage"]).items);
  const hours = [...sum.keys()].sort((a, b) => a - b);
  return {
    hours,
    supply: hours.map((hour) => sum.get(hour)!.reduce((total, value) => total + value, 0)),
    temperature: hours.map((hour) => mean(temperatures.get(hour) ?? [])),
  };
}

function byHour(items: Schemas["SeriesColumns"][]): Map<number, number[]> {
  const hours = new Map<number, number[]>();
  for (const { time, mean: means } of items) {
    time.forEach((text, index) => {
      const hour = Math.round((Date.parse(text) - Date.parse(START)) / 3_600_000);
      const value = means?.[index];
      if (typeof value === "number") hours.set(hour, [...(hours.get(hour) ?? []), value]);
    });
  }
  return hours;
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

async function until(done: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 180_000;
  while (!(await done())) {
    if (Date.now() > deadline) throw new Error(t("demo_late"));
    await new Promise((resolve) => setTimeout(resolve, 1_500));
  }
}

export const demo = new DemoData();
