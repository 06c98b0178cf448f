import { svelte } from "@sveltejs/vite-plugin-svelte";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

// `npm run dev` passes calls on to a running city: ZENATA_URL says where it is.
const target = process.env.ZENATA_URL ?? "http://127.0.0.1:8080";
const proxy = Object.fromEntries(
  ["/v1", "/problems", "/openapi.json", "/docs", "/healthz", "/readyz"].map((path) => [path, { target, changeOrigin: false }]),
);

/** Leaves out what reads tiles in MapLibre's own format (MLT): we have none, and it is a sixteenth of the library, twice. */
const withoutTiles: Plugin = {
  name: "without-tiles",
  transform: {
    filter: { id: /maplibre-gl(-worker)?-dev\.mjs(\?worker_file.*)?$/ },
    handler(code) {
      const left = code.replace(/^function decodeTile\(.*?^\}$/ms, 'function decodeTile() { throw new Error("no MLT tiles"); }');
      if (left === code) throw new Error("decodeTile of MapLibre is not where it was: see vite.config.ts");
      return { code: left, map: null };
    },
  },
};

export default defineConfig({
  plugins: [svelte(), withoutTiles],
  worker: { format: "es", plugins: () => [withoutTiles] },
  // Not minified beforehand, so that what is not used can be left out.
  resolve: { alias: [{ find: /^maplibre-gl$/, replacement: "maplibre-gl/dist/maplibre-gl-dev.mjs" }] },
  build: { manifest: true, target: "es2023", sourcemap: false, reportCompressedSize: false, assetsInlineLimit: 0, chunkSizeWarningLimit: 1500 },
  server: { proxy, host: "127.0.0.1" },
  preview: { proxy, host: "127.0.0.1" },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});
