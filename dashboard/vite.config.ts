import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

// `npm run dev` passes calls on to a running city: ZENATA_URL says where it is.
const target = process.env.ZENATA_URL ?? "http://127.0.0.1:8080";
const proxy = Object.fromEntries(
  ["/v1", "/problems", "/openapi.json", "/docs", "/healthz", "/readyz"].map((path) => [path, { target, changeOrigin: false }]),
);

export default defineConfig({
  plugins: [svelte()],
  build: { manifest: true, target: "es2023", sourcemap: false, reportCompressedSize: false, assetsInlineLimit: 0, chunkSizeWarningLimit: 1500 },
  server: { proxy, host: "127.0.0.1" },
  preview: { proxy, host: "127.0.0.1" },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});
