// Texts in the scene: drawn on canvases, so that the browser shapes Arabic as it does everywhere.
import { CanvasTexture, LinearFilter, Mesh, MeshBasicMaterial, PlaneGeometry, RepeatWrapping, Sprite, SpriteMaterial, SRGBColorSpace } from "three";
import { BAYS } from "./geometry";

const FONT = '"Readex Pro Variable", system-ui, sans-serif';

const LONG = 18; // letters of a name that stand in one line

/** Return the lines of a name: a long one breaks at its commas, or else between the words around its middle. */
export function linesOf(name: string): string[] {
  if (name.length <= LONG || name.includes(", ")) return name.split(", ");
  const middle = name.length / 2;
  const spaces = [...name.matchAll(/ /g)].map(({ index }) => index).sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle));
  return spaces.length ? [name.slice(0, spaces[0]), name.slice(spaces[0]! + 1)] : [name];
}

class Board {
  readonly texture: CanvasTexture;
  readonly #context: CanvasRenderingContext2D;
  #text = "";

  constructor(readonly width: number, readonly height: number) {
    const canvas = document.createElement("canvas");
    canvas.width = width;
    canvas.height = height;
    this.#context = canvas.getContext("2d")!;
    this.texture = new CanvasTexture(canvas);
    this.texture.colorSpace = SRGBColorSpace;
    this.texture.minFilter = LinearFilter; // small ones, too, remain sharp
    this.texture.generateMipmaps = false;
  }

  /** Write lines, the first in bold; `ground` is a colour behind them, or "" for none. */
  write(lines: string[], ground: string, ink: string): void {
    const text = JSON.stringify([lines, ground, ink]);
    if (text === this.#text) return;
    this.#text = text;
    const context = this.#context;
    context.clearRect(0, 0, this.width, this.height);
    if (ground) {
      context.fillStyle = ground;
      context.beginPath();
      context.roundRect(0, 0, this.width, this.height, 28);
      context.fill();
    }
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillStyle = ink;
    const step = this.height / (lines.length + 0.4);
    lines.forEach((line, index) => {
      let size = step * (index === 0 ? 0.72 : 0.6);
      context.font = `${index === 0 ? 600 : 400} ${size}px ${FONT}`;
      const wide = context.measureText(line).width / (this.width - 40);
      if (wide > 1) context.font = `${index === 0 ? 600 : 400} ${(size /= wide)}px ${FONT}`;
      if (!ground) {
        context.lineWidth = size / 5;
        context.lineJoin = "round";
        context.strokeStyle = "#ffffffcc";
        context.strokeText(line, this.width / 2, step * (index + 0.7));
      }
      context.fillText(line, this.width / 2, step * (index + 0.7));
    });
    this.texture.needsUpdate = true;
  }
}

const BAY = 64; // [px]
const GLASS = { dark: "#6f8794", bright: "#93a8b3", lit: "#ffd27a" };

/** Some bays of a wall with their windows, by day; or by night, when light is in some of them and all else is black. It repeats; its corner is plain. */
export function windowPicture(night: boolean): CanvasTexture {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = BAYS * BAY;
  const context = canvas.getContext("2d")!;
  context.fillStyle = night ? "#000000" : "#ffffff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  for (let index = 0; index < BAYS * BAYS; index++) {
    const lit = (index * 7) % 5 === 0; // without an order that one sees
    if (night && !lit) continue;
    context.fillStyle = night ? GLASS.lit : lit ? GLASS.bright : GLASS.dark;
    context.fillRect((index % BAYS) * BAY + 18, Math.floor(index / BAYS) * BAY + 14, 28, 34);
  }
  const texture = new CanvasTexture(canvas);
  texture.colorSpace = SRGBColorSpace;
  texture.wrapS = texture.wrapT = RepeatWrapping;
  texture.anisotropy = 4;
  return texture;
}

/** A text that always faces the viewer. */
export class Label extends Sprite {
  readonly #board: Board;

  constructor(width = 512, height = 128) {
    const board = new Board(width, height);
    super(new SpriteMaterial({ map: board.texture, depthTest: false, transparent: true }));
    this.#board = board;
    this.renderOrder = 2;
  }

  /** How wide it is [units of its parent]. */
  size(width: number): void {
    this.scale.set(width, (width * this.#board.height) / this.#board.width, 1);
  }

  write(lines: string[], ground = "", ink = "#0b2530"): void {
    this.#board.write(lines, ground, ink);
  }
}

/** A board that stands in the scene. */
export class Panel extends Mesh<PlaneGeometry, MeshBasicMaterial> {
  readonly #board: Board;

  constructor(width: number, height: number) {
    const board = new Board(1_024, Math.round((1_024 * height) / width));
    super(new PlaneGeometry(width, height), new MeshBasicMaterial({ map: board.texture, transparent: true }));
    this.#board = board;
  }

  write(lines: string[]): void {
    this.#board.write(lines, "#0b2530f0", "#eaf3f5");
  }
}
