// Gestures: moves the picture of the city by a finger, two fingers, the mouse or its wheel, until the map is there that has more of them.
import type { Picture } from "./picture";

const TOLERANCE = 3; // what a pointer may move and still press [px]
const WHEEL = 1 / 450; // zoom for a pixel of the wheel, as MapLibre has it
const LINE = 40; // what wheels that count lines move for one [px]

interface Point {
  x: number;
  y: number;
}

export class Gestures {
  readonly #picture: Picture;
  readonly #pointers = new Map<number, Point>();
  #start: Point = { x: 0, y: 0 };
  #farthest = 0; // that a pointer has been from its start [px]; two pointers are always a move
  readonly #onend: () => void;

  /** Listen on the canvas of a picture; `onpress` is called for what is no move, `onend` when a move has ended. */
  constructor(picture: Picture, onpress: (point: Point) => void, onend: () => void) {
    this.#picture = picture;
    this.#onend = onend;
    const { canvas } = picture;
    canvas.style.touchAction = "none";
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const kind of ["pointerup", "pointercancel", "lostpointercapture"] as const) canvas.addEventListener(kind, (event) => this.#up(event));
    canvas.addEventListener("click", ({ offsetX, offsetY }) => this.#farthest <= TOLERANCE && onpress({ x: offsetX, y: offsetY }));
    canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
  }

  /** Whether a pointer is down. */
  get active(): boolean {
    return this.#pointers.size > 0;
  }

  #down(event: PointerEvent): void {
    if (event.button) return;
    const point = { x: event.offsetX, y: event.offsetY };
    if (this.active) this.#farthest = Infinity;
    else [this.#start, this.#farthest] = [point, 0];
    this.#pointers.set(event.pointerId, point);
    this.#picture.canvas.setPointerCapture(event.pointerId);
  }

  #move(event: PointerEvent): void {
    if (!this.#pointers.has(event.pointerId)) return;
    const [from, width] = this.#spread();
    this.#farthest = Math.max(this.#farthest, Math.hypot(event.offsetX - this.#start.x, event.offsetY - this.#start.y));
    this.#pointers.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
    const [to, wider] = this.#spread();
    if (this.#farthest > TOLERANCE) this.#picture.drag(from, to, width && wider ? Math.log2(wider / width) : 0);
  }

  #up(event: PointerEvent): void {
    if (this.#pointers.delete(event.pointerId) && !this.active) this.#end(this.#farthest > TOLERANCE);
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    const at = { x: event.offsetX, y: event.offsetY };
    this.#picture.drag(at, at, -event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE : 1) * WHEEL);
    this.#end(true);
  }

  #end(moved: boolean): void {
    if (moved) this.#picture.settle();
    this.#onend();
  }

  /** Return the middle of the pointers, and how far they are from it together [px]. */
  #spread(): [Point, number] {
    const all = [...this.#pointers.values()];
    const mean = (axis: "x" | "y") => all.reduce((sum, point) => sum + point[axis], 0) / all.length;
    const middle = { x: mean("x"), y: mean("y") };
    return [middle, all.reduce((sum, { x, y }) => sum + Math.hypot(x - middle.x, y - middle.y), 0)];
  }
}
