// Picture of the city: a flat map on a plain canvas, drawn when something on it changes. It needs no WebGL and no library, so it is
// there at once; the map that can be moved takes its place when it is wanted (moving.ts).
import type { District } from "../lib/city.svelte";
import { Dots } from "./dots";
import { boundsOf } from "./ground";
import { fromMercator, mercator, type Place, type Projection } from "./places";
import { EMPTY, paletteOf, streetWidth, ZOOMS, type Collection } from "./style";
import { type Camera, type CityView, pixelRatio, type Under } from "./view";

export interface Padding {
  top: number;
  bottom: number;
  left: number;
  right: number;
}

const TILE = 512; // the world at zoom 0 [px]
const BUILDINGS_ZOOM = 14;
const [MIN_ZOOM, MAX_ZOOM] = ZOOMS;
const MAX_PADDING = 0.7; // share of the picture that may be padding: what lies over it may be as large as a small screen
const DEVICE_REACH = 10.5; // [px]

interface Paths {
  camera: Camera; // for which they were traced
  width: number; // of the picture then [CSS px]
  height: number;
  land: [string, Path2D][]; // polygons by layer
  rail: Path2D;
  districts: Map<string, Path2D>;
  streets: [string, Path2D][]; // by class of road
  buildings: Path2D;
}

export class Picture implements CityView, Projection {
  readonly projection = this;
  readonly box: HTMLElement;
  readonly sensors: Dots;
  readonly canvas = document.createElement("canvas");
  readonly #watch: ResizeObserver;
  readonly #listeners: (() => void)[] = [];
  readonly #onmove: (() => void) | undefined;
  #camera: Camera | null; // null: that of all districts
  #fitted: Camera = { zoom: 12, middle: [0, 0] };
  #size = { width: 0, height: 0 }; // [CSS px]
  #ratio = 1; // pixels of the screen for one of CSS
  #padding: Padding;
  #bounds: [west: number, north: number, east: number, south: number] | null = null; // of the districts, in Mercator coordinates
  #dark = false;
  #streets = EMPTY;
  #land = EMPTY;
  #buildings = EMPTY;
  #devices = EMPTY;
  #districts: readonly District[] = [];
  #colours: ReadonlyMap<string, string> = new Map();
  #paths: Paths | null = null;
  #drawing = 0;
  #moving = 0;

  constructor(container: HTMLElement, camera: Camera | null, padding: Padding, onfail: ConstructorParameters<typeof Dots>[0], onmove?: () => void) {
    this.box = container;
    this.sensors = new Dots(onfail);
    this.#camera = camera;
    this.#padding = padding;
    this.#onmove = onmove;
    container.append(this.canvas);
    container.append(this.sensors.canvas);
    this.#watch = new ResizeObserver(() => this.#resize());
    this.#watch.observe(container);
    this.canvas.addEventListener("contextrestored", () => this.#redraw());
    this.#resize();
  }

  get camera(): Camera {
    return this.#camera ?? this.#fitted;
  }

  /** How many pixels the world is wide [CSS px]. */
  get scale(): number {
    return TILE * 2 ** this.camera.zoom;
  }

  getZoom(): number {
    return this.camera.zoom;
  }

  project([longitude, latitude]: [number, number]): { x: number; y: number } {
    const [x, y] = mercator({ longitude, latitude });
    return this.at(x, y);
  }

  /** Return where a place in Mercator coordinates is on the screen [CSS px]. */
  at(x: number, y: number): { x: number; y: number } {
    const { middle } = this.camera;
    return { x: (x - middle[0]) * this.scale + this.#size.width / 2, y: (y - middle[1]) * this.scale + this.#size.height / 2 };
  }

  on(_: "move", listener: () => void): void {
    this.#listeners.push(listener);
  }

  sharpen(): void {
    this.#resize();
  }

  #resize(): void {
    const { clientWidth: width, clientHeight: height } = this.box;
    const ratio = pixelRatio();
    if (width === this.#size.width && height === this.#size.height && ratio === this.#ratio) return;
    [this.#size, this.#ratio] = [{ width, height }, ratio];
    Object.assign(this.canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
    this.#fit();
    this.#moved();
  }

  /** Set how much of each side is covered. */
  pad(padding: Padding): void {
    this.#padding = padding;
    this.#fit();
    if (this.#bounds && !this.#camera) this.#moved();
  }

  /** Let all districts be seen. */
  #fit(): void {
    if (!this.#bounds) return;
    const [west, north, east, south] = this.#bounds;
    const { width, height } = this.#size;
    const [before, after] = within(width, this.#padding.left, this.#padding.right);
    const [above, below] = within(height, this.#padding.top, this.#padding.bottom);
    const scale = Math.max(Math.min((width - before - after) / (east - west), (height - above - below) / (south - north)), TILE);
    const middle: [number, number] = [(west + east) / 2 + (after - before) / 2 / scale, (north + south) / 2 + (below - above) / 2 / scale];
    this.#fitted = { zoom: Math.log2(scale / TILE), middle };
  }

  #moved(): void {
    this.#draw();
    const { x: left, y: top } = this.at(0, 0);
    this.sensors.look({ scale: this.scale, left, top, ...this.#size, ratio: this.#ratio }, this.getZoom());
    for (const listener of this.#listeners) listener();
  }

  #redraw(): void {
    this.#drawing ||= requestAnimationFrame(() => this.#draw());
  }

  paint(dark: boolean): void {
    this.#dark = dark;
    this.#redraw();
  }

  showGround(streets: Collection, land: Collection): void {
    if (streets === this.#streets && land === this.#land) return;
    [this.#streets, this.#land, this.#paths] = [streets, land, null];
    this.#redraw();
  }

  showBuildings(buildings: Collection): void {
    if (buildings === this.#buildings) return;
    [this.#buildings, this.#paths] = [buildings, null];
    this.#redraw();
  }

  showDistricts(districts: readonly District[]): void {
    if (districts === this.#districts) return;
    [this.#districts, this.#paths] = [districts, null];
    if (districts.length) {
      const [west, south, east, north] = boundsOf(districts);
      this.#bounds = [...mercator({ longitude: west, latitude: north }), ...mercator({ longitude: east, latitude: south })];
    }
    this.#fit();
    this.#moved();
  }

  colour(colours: ReadonlyMap<string, string>): void {
    const same = colours.size === this.#colours.size && [...colours].every(([id, colour]) => this.#colours.get(id) === colour);
    if (same) return;
    this.#colours = colours;
    this.#redraw();
  }

  showDevices(devices: Collection): void {
    this.#devices = devices;
  }

  fly(place: Place, least: number, _duration: number, rise: number): void {
    const zoom = clamp(this.camera.zoom, least, MAX_ZOOM);
    const [x, y] = mercator(place);
    this.#camera = { zoom, middle: [x, y + rise / (TILE * 2 ** zoom)] };
    this.#moved();
    this.#onmove?.();
  }

  /** Move what is at a point of the screen to another, and come nearer by so much. */
  drag(from: { x: number; y: number }, to: { x: number; y: number }, nearer: number): void {
    const { width, height } = this.#size;
    const zoom = clamp(this.camera.zoom + nearer, MIN_ZOOM, MAX_ZOOM);
    const scale = TILE * 2 ** zoom;
    const [x, y] = this.camera.middle;
    const middle: [number, number] = [
      x + (from.x - width / 2) / this.scale - (to.x - width / 2) / scale,
      y + (from.y - height / 2) / this.scale - (to.y - height / 2) / scale,
    ];
    const [west, north, east, south] = this.#bounds ?? [0, 0, 1, 1];
    this.#camera = { zoom, middle: [clamp(middle[0], Math.min(west, x), Math.max(east, x)), clamp(middle[1], Math.min(north, y), Math.max(south, y))] };
    this.#moving ||= requestAnimationFrame(() => {
      this.#moving = 0;
      this.#moved();
    });
  }

  /** Tell where it stands now that it is not dragged any more. */
  settle(): void {
    this.#onmove?.();
  }

  tilt(): void {
    // It is flat: what is tilted is drawn by the map.
  }

  /** Middle of the picture [deg]. */
  get centre(): Place {
    return fromMercator(this.camera.middle);
  }

  under({ x, y }: { x: number; y: number }, streets: boolean): Under {
    const found: Under = {};
    for (const { geometry, properties } of this.#devices.features) {
      const at = this.project((geometry as GeoJSON.Point).coordinates as [number, number]);
      if (Math.hypot(at.x - x, at.y - y) <= DEVICE_REACH) found.device = String(properties?.id);
    }
    const pen = this.canvas.getContext("2d");
    if (!pen) return found;
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.setLineDash([]);
    pen.lineWidth = 10;
    for (const { geometry, properties } of streets ? this.#streets.features : []) {
      if (pen.isPointInStroke(this.#trace(new Path2D(), geometry), x, y)) found.street = String(properties?.id);
    }
    const { paths, left, top } = this.#traced();
    for (const [id, path] of paths.districts) if (pen.isPointInPath(path, x - left, y - top, "evenodd")) found.district = id;
    return found;
  }

  remove(): void {
    cancelAnimationFrame(this.#drawing);
    cancelAnimationFrame(this.#moving);
    this.#watch.disconnect();
    this.canvas.remove();
    this.sensors.remove();
  }

  #trace(path: Path2D, geometry: GeoJSON.Geometry): Path2D {
    const line = (points: GeoJSON.Position[]) =>
      points.forEach((point, index) => {
        const { x, y } = this.project(point as [number, number]);
        if (index) path.lineTo(x, y);
        else path.moveTo(x, y);
      });
    if (geometry.type === "LineString") line(geometry.coordinates);
    else if (geometry.type === "MultiLineString" || geometry.type === "Polygon") geometry.coordinates.forEach(line);
    else if (geometry.type === "MultiPolygon") geometry.coordinates.flat().forEach(line);
    return path;
  }

  /** Return the paths, and by how much they are to be shifted: a picture that is dragged does not trace them anew [CSS px]. */
  #traced(): { paths: Paths; left: number; top: number } {
    const { camera, scale } = this;
    if (this.#paths?.camera.zoom !== camera.zoom) this.#paths = null;
    const paths = (this.#paths ??= this.#traceAll());
    const [x, y] = paths.camera.middle;
    const shift = { left: (x - camera.middle[0]) * scale + (this.#size.width - paths.width) / 2, top: (y - camera.middle[1]) * scale + (this.#size.height - paths.height) / 2 };
    return { paths, ...shift };
  }

  #traceAll(): Paths {
    const by = (features: GeoJSON.Feature[], property: string) => {
      const paths = new Map<string, Path2D>();
      for (const { geometry, properties } of features) {
        const name = String(properties?.[property]);
        const path = paths.get(name) ?? new Path2D();
        paths.set(name, this.#trace(path, geometry));
      }
      return paths;
    };
    const near = this.getZoom() >= BUILDINGS_ZOOM;
    const polygons = this.#land.features.filter(({ geometry }) => geometry.type.endsWith("Polygon"));
    return {
      camera: this.camera,
      ...this.#size,
      land: polygons.map(({ geometry, properties }) => [String(properties?.layer), this.#trace(new Path2D(), geometry)]), // they overlap
      rail: by(this.#land.features, "layer").get("rail") ?? new Path2D(),
      districts: new Map(this.#districts.map(({ id, geometry }) => [id, this.#trace(new Path2D(), geometry as GeoJSON.Geometry)])),
      streets: [...by(this.#streets.features, "road")],
      buildings: near ? (by(this.#buildings.features, "").get("undefined") ?? new Path2D()) : new Path2D(),
    };
  }

  #draw(): void {
    cancelAnimationFrame(this.#drawing);
    this.#drawing = 0;
    const pen = this.canvas.getContext("2d", { alpha: false });
    if (!pen) return;
    const { paths, left, top } = this.#traced();
    const { land, rail, districts, streets, buildings } = paths;
    const colours = paletteOf(this.#dark);
    const zoom = this.getZoom();
    pen.setTransform(this.#ratio, 0, 0, this.#ratio, 0, 0);
    const fill = (path: Path2D, colour: string, opacity = 1) => {
      pen.globalAlpha = opacity;
      pen.fillStyle = colour;
      pen.fill(path, "evenodd");
      pen.globalAlpha = 1;
    };
    const stroke = (path: Path2D, colour: string, width: number) => {
      pen.strokeStyle = colour;
      pen.lineWidth = width;
      pen.stroke(path);
    };
    pen.fillStyle = colours.land;
    pen.fillRect(0, 0, this.#size.width, this.#size.height);
    pen.translate(left, top);
    const grounds: Record<string, string> = { sea: colours.sea, park: colours.park, beach: colours.beach };
    for (const [layer, path] of land) fill(path, grounds[layer] ?? colours.district);
    for (const [id, path] of districts) {
      fill(path, colours.district, 0.35);
      const colour = this.#colours.get(id);
      if (colour) fill(path, colour, 0.88);
    }
    fill(buildings, colours.building, Math.min(Math.max((zoom - BUILDINGS_ZOOM) / 0.6, 0), 1));
    pen.lineCap = pen.lineJoin = "round";
    for (const [road, path] of streets) stroke(path, colours.casing, streetWidth(2.2, zoom, road));
    for (const [road, path] of streets) stroke(path, colours.street, streetWidth(1.4, zoom, road));
    pen.lineCap = "butt";
    pen.setLineDash([8, 4]);
    stroke(rail, colours.rail, 2);
    pen.setLineDash([]);
    for (const path of districts.values()) stroke(path, colours.edge, 1);
  }
}

const clamp = (value: number, least: number, most: number) => Math.min(Math.max(value, least), most);

/** Make two paddings smaller if they would leave too little between them. */
function within(size: number, before: number, after: number): [number, number] {
  const share = Math.min(1, (MAX_PADDING * size) / (before + after || 1));
  return [share * before, share * after];
}
