// One's own devices, with their latest readings, for the map and for "my pilot".
import { api, dataOf, type Schemas } from "../api/client";
import { EMPTY, type Collection } from "../map/style";
import { session } from "./session.svelte";

export type Device = Schemas["Device"];
const PERIOD = 5_000; // [ms]

class OwnDevices {
  items = $state.raw<Device[]>([]);
  loaded = $state(false);
  /** Where they are: another object only if one moved or has another name, as a map draws itself anew for each. */
  features = $state.raw<Collection>(EMPTY);
  #timer = 0;

  async load(): Promise<void> {
    clearTimeout(this.#timer);
    try {
      const name = session.me?.name;
      if (name && (!document.hidden || !this.loaded)) {
        this.#take((await dataOf(api.GET("/v1/devices", { params: { query: { limit: 1_000, pilot: name } } }))).items);
        this.loaded = true;
      }
    } catch {
      // Away, or no right to devices: what is known stays, and the banner of the page says that it is offline.
    }
    this.#timer = setTimeout(() => void this.load(), PERIOD);
  }

  #take(items: Device[]): void {
    this.items = items;
    const features: Collection = {
      type: "FeatureCollection",
      features: items.filter(placed).map((device) => ({
        type: "Feature",
        properties: { id: device.id, label: device.name || device.id },
        geometry: { type: "Point", coordinates: [device.longitude!, device.latitude!] },
      })),
    };
    if (JSON.stringify(features) !== JSON.stringify(this.features)) this.features = features;
  }

  place(id: string): { longitude: number; latitude: number } | null {
    const device = this.items.find((one) => one.id === id);
    return device && placed(device) ? { longitude: device.longitude!, latitude: device.latitude! } : null;
  }
}

function placed(device: Device): boolean {
  return typeof device.longitude === "number" && typeof device.latitude === "number";
}

export const ownDevices = new OwnDevices();
