// The city as it was built: kinds, districts, streets and sensors, loaded once.
import { api, dataOf, type Schemas } from "../api/client";

export type Kind = Schemas["Kind"];
export type District = Schemas["District"];
export type Sensor = Schemas["Sensor"];
export type EventType = Schemas["EventType"];
export type Property = Kind["properties"][number];

const LIMIT = 10_000;

class City {
  kinds = $state.raw<Kind[]>([]);
  districts = $state.raw<District[]>([]);
  eventTypes = $state.raw<EventType[]>([]);
  name = $state("");
  world = $state("");
  error = $state.raw<unknown>(null);
  #sensors = new Map<string, Promise<Sensor[]>>();
  #loading: Promise<void> | null = null;

  load(): Promise<void> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = null;
      this.error = error;
    });
    return this.#loading;
  }

  async #load(): Promise<void> {
    const [city, kinds, districts, types] = await Promise.all([
      dataOf(api.GET("/v1/city")),
      dataOf(api.GET("/v1/kinds")),
      dataOf(api.GET("/v1/districts")),
      dataOf(api.GET("/v1/event-types")),
    ]);
    this.name = city.name;
    this.world = city.world;
    this.districts = districts.items;
    this.kinds = kinds.items;
    this.eventTypes = types.items;
    this.error = null;
  }

  kind(name: string): Kind | undefined {
    return this.kinds.find((kind) => kind.name === name);
  }

  property(kind: string, name: string): Property | undefined {
    return this.kind(kind)?.properties.find((property) => property.name === name);
  }

  district(id: string): District | undefined {
    return this.districts.find((district) => district.id === id);
  }

  eventType(name: string): EventType | undefined {
    return this.eventTypes.find((type) => type.type === name);
  }

  /** Return the sensors of a kind, in the order of frames. */
  sensors(kind: string): Promise<Sensor[]> {
    let found = this.#sensors.get(kind);
    if (!found) {
      found = this.#list(kind);
      found.catch(() => this.#sensors.delete(kind));
      this.#sensors.set(kind, found);
    }
    return found;
  }

  /** Drop what was loaded of a kind, as its list has changed. */
  forget(kind: string): void {
    this.#sensors.delete(kind);
  }

  async #list(kind: string): Promise<Sensor[]> {
    const items: Sensor[] = [];
    let cursor: string | null | undefined;
    do {
      const page = await dataOf(
        api.GET("/v1/sensors", { params: { query: { kind: [kind], limit: LIMIT, ...(cursor ? { cursor } : {}) } } }),
      );
      items.push(...page.items);
      cursor = page.next;
    } while (cursor);
    return items;
  }
}

export const city = new City();
