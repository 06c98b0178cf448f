// Modules import one way: none leads back to itself, not even for a type.
import { expect, test } from "vitest";

const SOURCES = import.meta.glob<string>("./**/*.{ts,svelte}", { query: "?raw", import: "default", eager: true });

/** Return the modules that a module imports. */
function importsOf(name: string): string[] {
  const found = SOURCES[name]!.matchAll(/(?:from|import|import\(|URL\()\s*"(\.[^"]+)"/g);
  return [...found].flatMap(([, path]) => {
    const full = `.${new URL(path!, `http://here/${name}`).pathname}`;
    return [full, `${full}.ts`].filter((one) => one in SOURCES);
  });
}

test("no module imports itself by way of others", () => {
  const done = new Set<string>();
  const circles: string[] = [];
  function walk(name: string, way: string[]): void {
    if (way.includes(name)) circles.push([...way.slice(way.indexOf(name)), name].join(" > "));
    else if (!done.has(name)) {
      for (const next of importsOf(name)) walk(next, [...way, name]);
      done.add(name);
    }
  }
  expect(importsOf("./map/dots.ts")).toEqual(expect.arrayContaining(["./map/dots.worker.ts", "./map/places.ts", "./lib/units.ts"]));
  for (const name of Object.keys(SOURCES)) walk(name, []);
  expect(circles).toEqual([]);
});
