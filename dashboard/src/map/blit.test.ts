import { expect, test } from "vitest";
import { over } from "./blit";

type Colour = [red: number, green: number, blue: number, alpha: number];
const pack = ([red, green, blue, alpha]: Colour) => (alpha << 24) | (blue << 16) | (green << 8) | red;
const unpack = (colour: number) => [colour & 255, (colour >>> 8) & 255, (colour >>> 16) & 255, colour >>> 24];

/** By the definition, with fractions. */
function exact(above: Colour, below: Colour): number[] {
  const [a, b] = [above[3] / 255, below[3] / 255];
  const whole = a + b * (1 - a);
  return [...[0, 1, 2].map((part) => (above[part]! * a + below[part]! * b * (1 - a)) / whole), 255 * whole];
}

test("a colour over another is what the definition says, to two steps of 255 as it is seen", () => {
  const parts = [0, 1, 63, 128, 200, 254, 255];
  for (const alpha of [1, 40, 127, 128, 254]) {
    for (const under of [1, 90, 254, 255]) {
      for (const part of parts) {
        const [above, below]: [Colour, Colour] = [[part, 255 - part, 17, alpha], [200, part, 255, under]];
        const found = unpack(over(pack(above), pack(below)));
        const wanted = exact(above, below);
        expect(Math.abs(found[3]! - wanted[3]!)).toBeLessThanOrEqual(1);
        const seen = wanted[3]! / 255; // of a colour that is nearly clear little is seen
        for (const index of [0, 1, 2]) expect(seen * Math.abs(found[index]! - wanted[index]!)).toBeLessThanOrEqual(2);
      }
    }
  }
});

test("what lies over an opaque colour is opaque, and what lies over none is as it was", () => {
  expect(over(pack([10, 20, 30, 60]), pack([1, 2, 3, 255])) >>> 24).toBe(255);
  expect(over(pack([10, 20, 30, 60]), 0)).toBe(pack([10, 20, 30, 60]));
});
