// Worker that draws the sensors of the picture (dots.ts), so that ten thousand of them never keep the page waiting. Each is a copy of
// a small image, in the shapes and colours of points.ts; the copies are made in memory and shown at once: 10,000 calls of
// `drawImage` take twenty times as long.
import { type Scale, cssColour, shareOf } from "../lib/colour";
import { blit } from "./blit";
import { type Colour, DEVICE_SIZE, SELECTED_SIZE } from "./sensors";

/** Where the picture looks [CSS px], and how many pixels of the screen are one of CSS. */
export interface Look {
  scale: number; // width of the world
  left: number; // of the corner of the world
  top: number;
  width: number; // of the picture
  height: number;
  ratio: number;
}

/** What is shown; a message holds what of it has changed. Places are in Mercator coordinates. */
export interface Shown {
  canvas: OffscreenCanvas;
  look: Look;
  places: Float64Array;
  size: number; // of a sensor [CSS px]
  values: Float32Array;
  states: Uint8Array;
  scale: Scale;
  devices: [x: number, y: number][];
  selected: [x: number, y: number] | null;
  edge: Colour;
  ring: Colour;
  grey: boolean;
  visible: boolean;
}

type Pen = OffscreenCanvasRenderingContext2D;
const SHADES = 64; // colours of which there are images
const SILENT_IMAGE = 2 * SHADES;
const NONE_IMAGE = SILENT_IMAGE + 1;
const SINE = Math.SQRT1_2;
const css = (colour: Colour) => `rgb(${colour.map((part) => Math.round(255 * part)).join(" ")})`;

const shown: Partial<Shown> = {};
let drawing = 0;
let atlas = new Int32Array(); // the images one after the other
let atlasFor = "";
let pixels: ImageData | null = null;
let screen = new Int32Array(); // the same memory
let spots = new Int32Array(); // of the sensors on the screen: index, left and top [px of the screen]
let spotsFor = "";

addEventListener("message", ({ data }: MessageEvent<Partial<Shown>>) => {
  Object.assign(shown, data);
  if (data.places) spotsFor = "";
  data.canvas?.addEventListener("contextrestored", redraw);
  redraw();
});

function redraw(): void {
  drawing ||= requestAnimationFrame(draw);
}

function draw(): void {
  drawing = 0;
  const { canvas, look, size = 0, devices = [], selected, ring = [0, 0, 0] } = shown;
  const pen = canvas?.getContext("2d");
  if (!canvas || !pen || !look) return;
  const { ratio } = look;
  const [width, height] = [Math.round(look.width * ratio), Math.round(look.height * ratio)];
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  if (!width || !height) return;
  pen.setTransform(1, 0, 0, 1, 0, 0);
  if (shown.visible && shown.places) {
    const side = Math.max(Math.ceil(size * ratio), 1);
    prepare(side);
    if (pixels?.width !== width || pixels.height !== height) {
      pixels = pen.createImageData(width, height);
      screen = new Int32Array(pixels.data.buffer);
    } else screen.fill(0);
    place(look, side, width, height);
    for (let at = spots.length - 3; at >= 0; at -= 3) { // the uppermost first: what it covers is not drawn
      blit(screen, spots[at + 1]!, spots[at + 2]!, width, height, atlas, imageOf(spots[at]!) * side * side, side);
    }
    pen.putImageData(pixels, 0, 0);
  } else pen.clearRect(0, 0, width, height);
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  const at = ([x, y]: [number, number]) => ({ x: x * look.scale + look.left, y: y * look.scale + look.top });
  if (selected) disc(pen, at(selected), 0.455 * SELECTED_SIZE, null, css(ring), 0.09 * SELECTED_SIZE);
  for (const device of devices) disc(pen, at(device), 0.44 * DEVICE_SIZE, "rgb(194 65 12)", "#fff", 0.12 * DEVICE_SIZE);
}

/** Return which image a sensor shows. */
function imageOf(index: number): number {
  const { values, states, scale } = shown;
  const value = values?.[index] ?? Number.NaN;
  const state = states?.[index] ?? 3;
  if (value !== value || state > 2 || !scale) return NONE_IMAGE;
  return state === 2 ? SILENT_IMAGE : state * SHADES + Math.round(shareOf(value, scale) * (SHADES - 1));
}

/** Find where images of a side stand that are on the screen: new values do not move them. */
function place(look: Look, side: number, width: number, height: number): void {
  const wanted = `${Object.values(look)} ${side}`;
  if (wanted === spotsFor) return;
  spotsFor = wanted;
  const places = shown.places!;
  const scale = look.scale * look.ratio; // 64 bits hold it to a millionth of a pixel
  const [left, top] = [look.left * look.ratio - side / 2, look.top * look.ratio - side / 2];
  const found = new Int32Array((3 * places.length) / 2);
  let count = 0;
  for (let index = 0; 2 * index < places.length; index++) {
    const x = Math.round(places[2 * index]! * scale + left);
    const y = Math.round(places[2 * index + 1]! * scale + top);
    if (x <= -side || y <= -side || x >= width || y >= height) continue;
    found[count++] = index;
    found[count++] = x;
    found[count++] = y;
  }
  spots = found.subarray(0, count);
}

/** Draw one image a shape and colour, side by side. */
function prepare(side: number): void {
  const { grey, edge = [1, 1, 1] } = shown;
  const wanted = `${side} ${grey} ${edge}`;
  if (wanted === atlasFor) return;
  atlasFor = wanted;
  const images = NONE_IMAGE + 1;
  const pen = new OffscreenCanvas(side * images, side).getContext("2d", { willReadFrequently: true })!;
  const radius = side / 2;
  const at = (image: number) => ({ x: (image + 0.5) * side, y: radius });
  for (let shade = 0; shade < SHADES; shade++) {
    const share = shade / (SHADES - 1);
    const colour = grey ? `hsl(0 0% ${20 + 60 * share}%)` : cssColour(share);
    disc(pen, at(shade), 0.89 * radius, colour, css(edge), 0.22 * radius);
    disc(pen, at(SHADES + shade), 0.75 * radius, null, colour, 0.5 * radius);
  }
  const { x, y } = at(SILENT_IMAGE);
  const arm = SINE * 0.9 * radius;
  pen.strokeStyle = "rgb(140 140 140)";
  pen.lineWidth = 0.4 * radius;
  pen.stroke(new Path2D(`M${x - arm} ${y - arm}L${x + arm} ${y + arm}M${x - arm} ${y + arm}L${x + arm} ${y - arm}`));
  disc(pen, at(NONE_IMAGE), 0.45 * radius, "rgb(140 140 140 / 70%)", "transparent", 0);
  atlas = new Int32Array(side * side * images);
  for (let image = 0; image < images; image++) atlas.set(new Int32Array(pen.getImageData(image * side, 0, side, side).data.buffer), image * side * side);
}

/** Draw a disc with a rim; the rim lies half beyond the radius. */
function disc(pen: Pen, { x, y }: { x: number; y: number }, radius: number, fill: string | null, rim: string, width: number): void {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  if (fill) {
    pen.fillStyle = fill;
    pen.fill();
  }
  if (width) {
    pen.strokeStyle = rim;
    pen.lineWidth = width;
    pen.stroke();
  }
}
