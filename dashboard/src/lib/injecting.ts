// What can be made to happen at a place of a private world, and how to ask for it.
import type { EventType, Sensor } from "./city.svelte";

/** A street or a sensor of the map. */
export type Spot = { street: string } | { sensor: Sensor };

export interface Possible {
  type: EventType;
  /** The parameters that name the place; none of an event of the whole city. */
  where: Record<string, unknown>;
}

interface Schema {
  properties?: Record<string, Parameter>;
}
export interface Parameter {
  type?: string;
  anyOf?: { type?: string }[];
  default?: unknown;
  minimum?: number;
  maximum?: number;
  description?: string;
  unit?: string;
}

export function parametersOf(type: EventType): Record<string, Parameter> {
  return (type.parameters as Schema).properties ?? {};
}

/** Parameters that are numbers, which a person may want other than their defaults. */
export function numbersOf(type: EventType): [string, Parameter][] {
  return Object.entries(parametersOf(type)).filter(([, one]) => [one, ...(one.anyOf ?? [])].some(({ type: kind }) => kind === "number"));
}

/** Return the types that can happen at a spot, those of the spot itself before those of the whole city. */
export function possibleAt(spot: Spot, types: readonly EventType[]): Possible[] {
  const found = types.flatMap((type) => {
    const where = placeIn(spot, type);
    return where ? [{ type, where }] : [];
  });
  const whole = (one: Possible) => Number(Object.keys(one.where).length === 0);
  return found.sort((a, b) => whole(a) - whole(b));
}

function placeIn(spot: Spot, type: EventType): Record<string, unknown> | null {
  const has = (name: string) => name in parametersOf(type);
  const id = "street" in spot ? spot.street : spot.sensor.id;
  if (has("streets")) return { streets: [id] };
  if (has("target")) return "street" in spot && type.type === "power_outage" ? null : { target: id };
  if ("street" in spot) return has("sensor") || has("sensors") || has("place") ? null : {};
  if (has("place")) return { place: [spot.sensor.longitude, spot.sensor.latitude] };
  if (has("sensor")) return { sensor: id };
  if (has("sensors")) return { sensors: [id] };
  return {};
}
