// Dots: the sensors of the picture on a canvas of their own, in the shapes and colours of points.ts, each a copy of a small
// image. The copies are made in memory and shown at once: 10,000 calls of `drawImage` take twenty times as long.
import { type Scale, cssColour, shareOf } from "../lib/colour";
import { DEVICE_SIZE, mercator, pickFrom, type Place, pointSize, SELECTED_SIZE, type Sensors } from "./points";
import type { Picture } from "./picture";

const SHADES = 64; // colours of which there are images
const SINE = Math.SQRT1_2;
type Colour = [number, number, number];
const css = (colour: Colour) => `rgb(${colour.map((part) => Math.round(255 * part)).join(" ")})`;

export class Dots implements Sensors {
  edge: Colour = [1, 1, 1];
  ring: Colour = [0, 0, 0];
  grey = false;
  visible = true;
  readonly canvas = document.createElement("canvas");
  readonly #picture: Picture;
  #places: readonly Place[] = [];
  #at = new Float64Array(); // Mercator coordinates
  #images = new Uint8Array(); // which image each shows
  #devices: readonly Place[] = [];
  #selected: Place | null = null;
  #atlas = new Int32Array(); // the images one after the other, RGBA in the order of bytes
  #atlasFor = "";
  #pixels: ImageData | null = null;
  #screen = new Int32Array(); // the same memory
  #spots = new Int32Array(); // of the sensors on the screen: index, left and top [px of the screen]
  #spotsFor = "";
  #drawing = 0;

  constructor(picture: Picture) {
    this.#picture = picture;
    this.canvas.className = "points";
    this.canvas.setAttribute("aria-hidden", "true");
  }

  get size(): number {
    return pointSize(this.#picture.getZoom(), this.#places.length);
  }

  place(places: readonly Place[]): void {
    this.#places = places;
    this.#at = new Float64Array(2 * places.length);
    places.forEach((place, index) => this.#at.set(mercator(place), 2 * index));
    this.#images = new Uint8Array(places.length).fill(NONE_IMAGE);
    this.#spotsFor = "";
    this.redraw();
  }

  mark(devices: readonly Place[], selected: Place | null): void {
    [this.#devices, this.#selected] = [devices, selected];
    this.redraw();
  }

  update(values: Float32Array, states: Uint8Array, scale: Scale): void {
    if (values.length !== this.#images.length) return; // of another list of sensors
    for (let index = 0; index < values.length; index++) {
      const value = values[index]!;
      const state = states[index]!;
      if (!(value === value) || state > 2) this.#images[index] = NONE_IMAGE;
      else if (state === 2) this.#images[index] = SILENT_IMAGE;
      else this.#images[index] = state * SHADES + Math.round(shareOf(value, scale) * (SHADES - 1));
    }
    this.redraw();
  }

  redraw(): void {
    this.#drawing ||= requestAnimationFrame(() => this.draw());
  }

  pick(at: { x: number; y: number }, reach: number): number {
    return this.visible ? pickFrom(this.#picture, this.#places, at, reach + this.size / 2) : -1;
  }

  remove(): void {
    cancelAnimationFrame(this.#drawing);
    this.canvas.remove();
  }

  draw(): void {
    cancelAnimationFrame(this.#drawing);
    this.#drawing = 0;
    const pen = this.canvas.getContext("2d");
    if (!pen) return;
    const { width, height } = this.canvas;
    pen.setTransform(1, 0, 0, 1, 0, 0);
    if (!width || !height) return;
    const ratio = this.#picture.ratio;
    if (this.visible) {
      const side = Math.max(Math.ceil(this.size * ratio), 1);
      this.#prepare(side);
      if (this.#pixels?.width !== width || this.#pixels.height !== height) {
        this.#pixels = pen.createImageData(width, height);
        this.#screen = new Int32Array(this.#pixels.data.buffer);
      } else this.#screen.fill(0);
      const spots = this.#spotsOf(side, width, height);
      for (let at = spots.length - 3; at >= 0; at -= 3) { // the uppermost first: what it covers is not drawn
        blit(this.#screen, spots[at + 1]!, spots[at + 2]!, width, height, this.#atlas, this.#images[spots[at]!]! * side * side, side);
      }
      pen.putImageData(this.#pixels, 0, 0);
    } else pen.clearRect(0, 0, width, height);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    if (this.#selected) disc(pen, this.#picture.project(pair(this.#selected)), 0.455 * SELECTED_SIZE, null, css(this.ring), 0.09 * SELECTED_SIZE);
    for (const device of this.#devices) disc(pen, this.#picture.project(pair(device)), 0.44 * DEVICE_SIZE, "rgb(194 65 12)", "#fff", 0.12 * DEVICE_SIZE);
  }

  /** Return where images of a side stand that are on the screen: new values do not move them. */
  #spotsOf(side: number, width: number, height: number): Int32Array {
    const ratio = this.#picture.ratio;
    const scale = this.#picture.scale * ratio;
    const origin = this.#picture.at(0, 0); // where the corner of the world is; 64 bits hold it to a millionth of a pixel
    const [left, top] = [origin.x * ratio - side / 2, origin.y * ratio - side / 2];
    const wanted = `${scale} ${left} ${top} ${side} ${width} ${height}`;
    if (wanted === this.#spotsFor) return this.#spots;
    this.#spotsFor = wanted;
    const spots = new Int32Array(3 * this.#images.length);
    let count = 0;
    for (let index = 0; index < this.#images.length; index++) {
      const x = Math.round(this.#at[2 * index]! * scale + left);
      const y = Math.round(this.#at[2 * index + 1]! * scale + top);
      if (x <= -side || y <= -side || x >= width || y >= height) continue;
      spots[count++] = index;
      spots[count++] = x;
      spots[count++] = y;
    }
    return (this.#spots = spots.subarray(0, count));
  }

  /** Draw one image a shape and colour, side by side. */
  #prepare(side: number): void {
    const wanted = `${side} ${this.grey} ${this.edge}`;
    if (wanted === this.#atlasFor) return;
    this.#atlasFor = wanted;
    const images = NONE_IMAGE + 1;
    const pen = new OffscreenCanvas(side * images, side).getContext("2d", { willReadFrequently: true })!;
    const radius = side / 2;
    const at = (image: number) => ({ x: (image + 0.5) * side, y: radius });
    for (let shade = 0; shade < SHADES; shade++) {
      const share = shade / (SHADES - 1);
      const colour = this.grey ? `hsl(0 0% ${20 + 60 * share}%)` : cssColour(share);
      disc(pen, at(shade), 0.89 * radius, colour, css(this.edge), 0.22 * radius);
      disc(pen, at(SHADES + shade), 0.75 * radius, null, colour, 0.5 * radius);
    }
    const { x, y } = at(SILENT_IMAGE);
    const arm = SINE * 0.9 * radius;
    pen.strokeStyle = "rgb(140 140 140)";
    pen.lineWidth = 0.4 * radius;
    pen.stroke(new Path2D(`M${x - arm} ${y - arm}L${x + arm} ${y + arm}M${x - arm} ${y + arm}L${x + arm} ${y - arm}`));
    disc(pen, at(NONE_IMAGE), 0.45 * radius, "rgb(140 140 140 / 70%)", "transparent", 0);
    this.#atlas = new Int32Array(side * side * images);
    for (let image = 0; image < images; image++) this.#atlas.set(new Int32Array(pen.getImageData(image * side, 0, side, side).data.buffer), image * side * side);
  }
}

/** Copy what of a square image is on the screen, below what is there already: it is seen beside it, and through its clear edge. */
function blit(screen: Int32Array, x: number, y: number, width: number, height: number, atlas: Int32Array, from: number, side: number): void {
  const [firstRow, lastRow] = [Math.max(0, -y), Math.min(side, height - y)];
  const [firstColumn, lastColumn] = [Math.max(0, -x), Math.min(side, width - x)];
  for (let row = firstRow; row < lastRow; row++) {
    let source = from + row * side + firstColumn;
    let at = (y + row) * width + x + firstColumn;
    for (let column = firstColumn; column < lastColumn; column++, source++, at++) {
      const above = screen[at]!;
      if (above === 0) screen[at] = atlas[source]!;
      else if (above >>> 24 < OPAQUE) screen[at] = over(above, atlas[source]!);
    }
  }
}

/**
 * Lay a colour over another (Porter and Duff 1984, doi 10.1145/800031.808606), both RGBA without premultiplied alpha: whole numbers
 * of 32 bits, red and blue in one product.
 */
export function over(above: number, below: number): number {
  const under = below >>> 24;
  if (under === 0) return above;
  const alpha = above >>> 24;
  const whole = alpha + Math.round(((255 - alpha) * under) / 255);
  const share = under === OPAQUE ? alpha + (alpha >>> 7) : ((256 * alpha) / whole) | 0; // of 256
  const rest = 256 - share;
  const redBlue = ((Math.imul(above & 0xff00ff, share) + Math.imul(below & 0xff00ff, rest)) >>> 8) & 0xff00ff;
  const green = ((Math.imul(above & 0xff00, share) + Math.imul(below & 0xff00, rest)) >>> 8) & 0xff00;
  return (whole << 24) | redBlue | green;
}
const OPAQUE = 255;
const SILENT_IMAGE = 2 * SHADES;
const NONE_IMAGE = SILENT_IMAGE + 1;

const pair = ({ longitude, latitude }: Place): [number, number] => [longitude, latitude];

/** Draw a disc with a rim; the rim lies half beyond the radius. */
function disc(pen: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D, { x, y }: { x: number; y: number }, radius: number, fill: string | null, rim: string, width: number): void {
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
