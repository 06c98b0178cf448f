import { expect, it } from "vitest";
import type { EventType, Sensor } from "./city.svelte";
import { numbersOf, possibleAt } from "./injecting";

const type = (name: string, ...parameters: string[]) =>
  ({ type: name, parameters: { properties: Object.fromEntries(parameters.map((one) => [one, { type: one === "rain" ? "number" : "string" }])) } }) as unknown as EventType;
const TYPES = [type("flood", "rain"), type("leak", "target"), type("power_outage", "target"), type("road_closure", "streets", "between"), type("sensor_fault", "sensor"), type("gateway_down", "sensors", "district"), type("festival", "place")];
const sensor = { id: "air-0001", longitude: -7.4, latitude: 33.6 } as Sensor;

it("offers a street what streets suffer, and the whole city last", () => {
  const found = possibleAt({ street: "street-0033" }, TYPES);
  expect(found.map((one) => [one.type.type, one.where])).toEqual([["leak", { target: "street-0033" }], ["road_closure", { streets: ["street-0033"] }], ["flood", {}]]);
});

it("offers a sensor what sensors suffer too", () => {
  const found = new Map(possibleAt({ sensor }, TYPES).map((one) => [one.type.type, one.where]));
  expect(found.get("power_outage")).toEqual({ target: "air-0001" });
  expect(found.get("sensor_fault")).toEqual({ sensor: "air-0001" });
  expect(found.get("gateway_down")).toEqual({ sensors: ["air-0001"] });
  expect(found.get("festival")).toEqual({ place: [-7.4, 33.6] });
});

it("knows which parameters are numbers", () => {
  const optional = { type: "sensor_fault", parameters: { properties: { size: { anyOf: [{ type: "number" }, { type: "null" }] } } } } as unknown as EventType;
  expect(numbersOf(optional).map(([name]) => name)).toEqual(["size"]);
  expect(numbersOf(TYPES[0]!).map(([name]) => name)).toEqual(["rain"]);
});
