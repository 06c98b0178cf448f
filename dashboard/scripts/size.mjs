// Compresses the build beforehand, and holds JavaScript of the pages to limits [bytes, gzip]: what one loads at first, and that with
// the map that moves (src/map/moving.ts), which the city loads when a pointer comes to it; both with the texts of one language, the largest.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const FIRST = 100_000;
const LIMIT = 500_000;
const MIN_SIZE = 1_024; // below, compressing saves nothing
const folder = new URL("../dist/", import.meta.url).pathname;
const sizes = new Map();
for (const name of readdirSync(folder, { recursive: true })) {
  if (!/\.(js|mjs|css|svg)$/.test(name)) continue;
  const body = readFileSync(join(folder, name));
  const zipped = gzipSync(body, { level: 9 });
  if (/\.m?js$/.test(name)) sizes.set(name, zipped.length);
  if (body.length < MIN_SIZE) continue;
  writeFileSync(join(folder, `${name}.gz`), zipped);
  // 10 is 8 % smaller than 9 for two seconds of processor; 11 takes twenty for 2 % more.
  const params = { [constants.BROTLI_PARAM_QUALITY]: 10, [constants.BROTLI_PARAM_SIZE_HINT]: body.length };
  writeFileSync(join(folder, `${name}.br`), brotliCompressSync(body, { params }));
}

const manifest = JSON.parse(readFileSync(join(folder, ".vite/manifest.json"), "utf8"));
function filesOf(key, found = new Set()) {
  const { file, imports = [], assets = [] } = manifest[key];
  if (found.has(file)) return found;
  found.add(file);
  for (const asset of assets) if (sizes.has(asset)) found.add(asset); // the worker of the map
  for (const next of imports) filesOf(next, found);
  return found;
}
const sizeOf = (files) => [...files].reduce((sum, file) => sum + (sizes.get(file) ?? 0), 0);
const MOVING = "src/map/moving.ts";
const words = Math.max(...["fr", "en", "ar"].map((language) => sizeOf(filesOf(`src/texts/${language}.ts`))));
let [worst, views] = [0, 0];
for (const [key, { isDynamicEntry }] of Object.entries(manifest)) {
  if (!isDynamicEntry || !key.startsWith("src/views/")) continue;
  const files = filesOf(key, filesOf("index.html"));
  const first = sizeOf(files) + words;
  const total = key === "src/views/City.svelte" ? sizeOf(filesOf(MOVING, files)) + words : first;
  console.log(`${String(first).padStart(8)}  ${key}${total > first ? `; ${total} with the map that moves` : ""}`);
  if (key === "src/views/Xr.svelte") continue; // brings three.js, which no other view loads
  views += 1;
  worst = Math.max(worst, total, first * (LIMIT / FIRST));
}
const all = [...sizes.values()].reduce((sum, size) => sum + size, 0);
console.log(`${String(all).padStart(8)}  all of it; a page but /xr may load ${FIRST} bytes of JavaScript at first, and ${LIMIT} in all (gzip)`);
if (views === 0 || worst > LIMIT) process.exit(1);
