// Names over the sensors, as text of the page: the browser shapes and breaks it. What has no room beside others is hidden.
import { magnified } from "../lib/units";
import type { Projection } from "./places";
import { paletteOf } from "./style";
import type { CityView } from "./view";

export interface Name {
  text: string;
  longitude: number;
  latitude: number;
  /** Whether it stands below the place, which has a sign there, and not on it. */
  below?: boolean;
}

interface Shown {
  name: Name;
  element: HTMLElement;
  width: number; // [em]
  height: number; // [em]
}

const BELOW = 13; // from the place to a name below it [px]
const ROOM = 4; // between two names [px]

export class Names {
  readonly #map: Projection;
  readonly #box = document.createElement("div");
  readonly #larger: number;
  #shown: Shown[] = [];

  /** Names as large as on a desk, or larger. */
  constructor({ projection, box }: CityView, larger = 1) {
    this.#larger = larger;
    this.#map = projection;
    this.#box.className = "names";
    this.#box.setAttribute("aria-hidden", "true");
    box.append(this.#box);
    projection.on("move", () => this.#place());
    void document.fonts.ready.then(() => this.#measure());
  }

  remove(): void {
    this.#box.remove();
  }

  /** Set the names, the most important first, and whether they stand on a dark map. */
  show(names: readonly Name[], dark: boolean): void {
    const { name: colour, halo } = paletteOf(dark);
    this.#box.style.color = colour;
    this.#box.style.setProperty("--halo", halo);
    this.#shown = names.map((name) => {
      const element = document.createElement("span");
      element.dir = "auto";
      element.textContent = name.text;
      return { name, element, width: 0, height: 0 };
    });
    this.#box.replaceChildren(...this.#shown.map(({ element }) => element));
    this.#measure();
  }

  #measure(): void {
    const size = Number.parseFloat(getComputedStyle(this.#box).fontSize);
    for (const one of this.#shown) [one.width, one.height] = [one.element.offsetWidth / size, one.element.offsetHeight / size];
    this.#place();
  }

  #place(): void {
    const size = this.#larger * magnified() * Math.min(14, Math.max(10.5, 10.5 + (this.#map.getZoom() - 12) * (3.5 / 3)));
    this.#box.style.fontSize = `${size}px`;
    const taken: [number, number, number, number][] = [];
    for (const { name, element, width, height } of this.#shown) {
      const { x, y } = this.#map.project([name.longitude, name.latitude]);
      const [wide, high] = [width * size, height * size];
      const [left, top] = [Math.round(x - wide / 2), Math.round(name.below ? y + BELOW : y - high / 2)];
      const from = name.below ? top - 2 * BELOW : top; // the sign needs its room too
      const hidden = taken.some(([a, b, c, d]) => left < c + ROOM && left + wide > a - ROOM && from < d + ROOM && top + high > b - ROOM);
      element.style.visibility = hidden ? "hidden" : "visible";
      if (hidden) continue;
      taken.push([left, from, left + wide, top + high]);
      element.style.transform = `translate(${left}px, ${top}px)`;
    }
  }
}
