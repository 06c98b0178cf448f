// The map that can be moved, turned and tilted: MapLibre, loaded when somebody moves the picture of the city.
import { type GeoJSONSource, Map as MapLibreMap, NavigationControl, setWorkerCount, setWorkerUrl } from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker-dev.mjs?worker&url";
import type { District } from "../lib/city.svelte";
import { boundsOf, districtFeatures } from "./ground";
import { fromMercator, type Place } from "./places";
import { Points } from "./points";
import { styleOf, ZOOMS, type Collection } from "./style";
import { type Camera, type CityView, pixelRatio, type Under } from "./view";

export interface Options {
  camera: Camera;
  dark: boolean;
  label: string;
  /** What its buttons do, by the names that MapLibre has for them. */
  words: Record<string, string>;
  /** Whether the page is read from right to left. */
  mirrored: boolean;
  onpress: (view: CityView, point: { x: number; y: number }) => void;
  onmove: (camera: string) => void;
  /** The first whole picture is there. */
  ondrawn: () => void;
}

const PITCH = 58; // [deg]

export class Moving implements CityView {
  readonly projection: MapLibreMap;
  readonly sensors = new Points();
  readonly #data = new Map<string, Collection>(); // what the sources show, for another style
  #colours: ReadonlyMap<string, string> = new Map();
  #districts: readonly District[] = [];
  #dark: boolean;
  #tilted = false;

  constructor(container: HTMLElement, { camera, dark, label, words, mirrored, onpress, onmove, ondrawn }: Options, districts: readonly District[]) {
    setWorkerUrl(workerUrl);
    setWorkerCount(1);
    this.#dark = dark;
    const [west, south, east, north] = boundsOf(districts);
    const map = new MapLibreMap({
      container,
      style: styleOf(dark),
      ...placed(camera),
      locale: words,
      maxBounds: [west - 0.12, south - 0.09, east + 0.12, north + 0.09],
      minZoom: ZOOMS[0],
      maxZoom: ZOOMS[1],
      attributionControl: false,
      pixelRatio: pixelRatio(),
      fadeDuration: 120,
      canvasContextAttributes: { antialias: false },
    });
    this.projection = map;
    map.addControl(new NavigationControl({ visualizePitch: true }), mirrored ? "bottom-right" : "bottom-left");
    map.getCanvas().setAttribute("aria-label", label);
    map.on("style.load", () => {
      map.addLayer(this.sensors);
      this.#fill();
    });
    map.on("moveend", () => {
      const { lng, lat } = map.getCenter();
      onmove(`${map.getZoom().toFixed(2)}/${lat.toFixed(5)}/${lng.toFixed(5)}`);
    });
    map.on("click", (event) => onpress(this, event.point));
    map.on("mousemove", (event) => {
      map.getCanvas().style.cursor = this.sensors.pick(event.point, 4) >= 0 ? "pointer" : "";
    });
    map.once("idle", ondrawn);
    if (import.meta.env.DEV) Object.assign(globalThis, { zenataMap: map });
  }

  get box(): HTMLElement {
    return this.projection.getCanvasContainer();
  }

  paint(dark: boolean): void {
    if (dark === this.#dark) return;
    this.#dark = dark;
    this.projection.setStyle(styleOf(dark), { diff: false });
  }

  showGround(streets: Collection, land: Collection): void {
    this.#set("streets", streets);
    this.#set("land", land);
  }

  showBuildings(buildings: Collection): void {
    this.#set("buildings", buildings);
  }

  showDistricts(districts: readonly District[]): void {
    this.#districts = districts;
    this.#set("districts", districtFeatures(districts));
    this.colour(this.#colours);
  }

  showDevices(devices: Collection): void {
    this.#set("devices", devices);
  }

  colour(colours: ReadonlyMap<string, string>): void {
    this.#colours = colours;
    if (!this.projection.getSource("districts")) return;
    for (const { id } of this.#districts) {
      const colour = colours.get(id);
      this.projection.setFeatureState({ source: "districts", id }, { colour: colour ?? "rgba(0,0,0,0)", shown: colour !== undefined });
    }
  }

  fly({ longitude, latitude }: Place, least: number, duration: number, rise: number): void {
    this.projection.easeTo({ center: [longitude, latitude], zoom: Math.max(this.projection.getZoom(), least), offset: [0, -rise], duration });
  }

  /** Go where the picture has been moved meanwhile, and call back when it is drawn there. */
  follow(camera: Camera, ondrawn: () => void): void {
    this.projection.jumpTo(placed(camera));
    this.projection.once("idle", ondrawn);
  }

  sharpen(): void {
    this.projection.setPixelRatio(pixelRatio());
  }

  tilt(tilted: boolean, duration: number): void {
    this.#tilted = tilted;
    this.#extrude();
    if (tilted !== this.projection.getPitch() > 1) this.projection.easeTo({ pitch: tilted ? PITCH : 0, ...(tilted ? {} : { bearing: 0 }), duration });
  }

  under(point: { x: number; y: number }, streets: boolean): Under {
    const { x, y } = point;
    const first = (layer: string, reach: number) => {
      const feature = this.projection.queryRenderedFeatures([[x - reach, y - reach], [x + reach, y + reach]], { layers: [layer] })[0];
      return feature && { [layer.slice(0, -1)]: String(feature.properties.id) };
    };
    return { ...first("devices", 0), ...(streets ? first("streets", 5) : {}), ...first("districts", 0) };
  }

  remove(): void {
    this.sensors.remove();
    this.projection.remove();
  }

  #set(name: string, data: Collection): void {
    this.#data.set(name, data);
    (this.projection.getSource(name) as GeoJSONSource | undefined)?.setData(data);
  }

  /** Fill the sources of a style that has come. */
  #fill(): void {
    for (const [name, data] of this.#data) this.#set(name, data);
    this.colour(this.#colours);
    this.#extrude();
  }

  #extrude(): void {
    if (!this.projection.getLayer("blocks")) return; // its style has not come yet
    this.projection.setLayoutProperty("blocks", "visibility", this.#tilted ? "visible" : "none");
    this.projection.setLayoutProperty("buildings", "visibility", this.#tilted ? "none" : "visible");
  }
}

function placed({ zoom, middle }: Camera): { center: [number, number]; zoom: number } {
  const { longitude, latitude } = fromMercator(middle);
  return { center: [longitude, latitude], zoom };
}
