// Style of the map: land, parks, streets and buildings, in light and dark; no tile server and no glyph files.
import type { StyleSpecification } from "maplibre-gl";

export const ZOOMS = [10.5, 18.5] as const; // from afar, and near
export const DOTS_ZOOM = 14; // below it a dense kind is shown by districts. From the design

interface Palette {
  sea: string;
  beach: string;
  rail: string;
  land: string;
  district: string;
  edge: string;
  street: string;
  casing: string;
  park: string;
  building: string;
  tower: string;
  name: string;
  halo: string;
}

const LIGHT: Palette = {
  sea: "#c6dfe8",
  beach: "#f0e3c0",
  rail: "#a49d8b",
  land: "#f3f1ea",
  district: "#fbfaf6",
  edge: "#c9c4b5",
  street: "#ffffff",
  casing: "#d9d4c6",
  park: "#d5e3c8",
  building: "#e3ded1",
  tower: "#b9ae97",
  name: "#22404a",
  halo: "#fbfaf6",
};

const DARK: Palette = {
  sea: "#04222f",
  beach: "#2a3327",
  rail: "#44616c",
  land: "#0c2029",
  district: "#102831",
  edge: "#24434f",
  street: "#1d3a45",
  casing: "#0a1c24",
  park: "#12342e",
  building: "#17333e",
  tower: "#3d6675",
  name: "#c9dde2",
  halo: "#0b1f28",
};

export type Collection = GeoJSON.FeatureCollection;
export const EMPTY: Collection = { type: "FeatureCollection", features: [] };

export function paletteOf(dark: boolean): Palette {
  return dark ? DARK : LIGHT;
}

export function styleOf(dark: boolean): StyleSpecification {
  const colours = paletteOf(dark);
  const source = { type: "geojson" as const, data: EMPTY };
  return {
    version: 8,
    sources: { land: source, districts: { ...source, promoteId: "id" }, streets: source, buildings: source, devices: source },
    layers: [
      { id: "background", type: "background", paint: { "background-color": colours.land } },
      {
        id: "land",
        type: "fill",
        source: "land",
        paint: { "fill-color": ["match", ["get", "layer"], "sea", colours.sea, "park", colours.park, "beach", colours.beach, colours.district] },
        filter: ["==", ["geometry-type"], "Polygon"],
      },
      { id: "districts", type: "fill", source: "districts", paint: { "fill-color": colours.district, "fill-opacity": 0.35 } },
      {
        id: "choropleth",
        type: "fill",
        source: "districts",
        paint: {
          "fill-color": ["to-color", ["feature-state", "colour"], "rgba(0,0,0,0)"],
          "fill-opacity": ["case", ["boolean", ["feature-state", "shown"], false], 0.88, 0],
        },
      },
      {
        id: "buildings",
        type: "fill",
        source: "buildings",
        minzoom: 14,
        paint: { "fill-color": colours.building, "fill-opacity": ["interpolate", ["linear"], ["zoom"], 14, 0, 14.6, 1] },
      },
      {
        id: "casing",
        type: "line",
        source: "streets",
        layout: { "line-cap": "round", "line-join": "round" },
        paint: { "line-color": colours.casing, "line-width": width(2.2) },
      },
      {
        id: "streets",
        type: "line",
        source: "streets",
        layout: { "line-cap": "round", "line-join": "round" },
        paint: { "line-color": colours.street, "line-width": width(1.4) },
      },
      {
        id: "rail",
        type: "line",
        source: "land",
        filter: ["==", ["get", "layer"], "rail"],
        paint: { "line-color": colours.rail, "line-width": 2, "line-dasharray": [4, 2] },
      },
      { id: "edges", type: "line", source: "districts", paint: { "line-color": colours.edge, "line-width": 1 } },
      {
        id: "blocks",
        type: "fill-extrusion",
        source: "buildings",
        layout: { visibility: "none" },
        paint: {
          "fill-extrusion-color": ["interpolate", ["linear"], ["get", "height"], 8, colours.building, 60, colours.tower],
          "fill-extrusion-height": ["get", "height"],
          "fill-extrusion-opacity": 0.92,
        },
      },
      {
        id: "devices",
        type: "circle",
        source: "devices",
        paint: { "circle-radius": 10.5, "circle-opacity": 0 }, // to be pressed: they are drawn over the sensors, by points.ts
      },
    ],
  };
}

// Width of a street by the zoom: grows with its power of 1.6 between these stops [px of an ordinary one].
const BASE = 1.6;
const WIDTHS = [[12, 0.55], [14, 1.3], [17, 6]] as const;
const CLASSES: Record<string, number> = { motorway: 3, primary: 2.2, secondary: 1.5 };

/** Return how wide a street is [px], as the expression of the style has it. */
export function streetWidth(factor: number, zoom: number, road: string): number {
  const at = Math.min(Math.max(zoom, WIDTHS[0][0]), WIDTHS[2][0]);
  const [[from, low], [to, high]] = at < WIDTHS[1][0] ? [WIDTHS[0], WIDTHS[1]] : [WIDTHS[1], WIDTHS[2]];
  const share = (BASE ** (at - from) - 1) / (BASE ** (to - from) - 1);
  return factor * (CLASSES[road] ?? 1) * (low + share * (high - low));
}

function width(factor: number): never {
  // Typed as never, since the type of expressions knows no computed ones.
  const byClass = ["match", ["get", "road"], ...Object.entries(CLASSES).flat(), 1];
  return ["interpolate", ["exponential", BASE], ["zoom"], ...WIDTHS.flatMap(([zoom, size]) => [zoom, ["*", factor * size, byClass]])] as never;
}
