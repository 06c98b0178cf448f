#!/bin/sh
# Guess: pixels without data take no part when a raster is read at twice its size.
# Seen: geotiff.js mixes them in with "bilinear": between a height of 1 m and no data (-9999) it has -4999 m, which is no
#       longer equal to the no-data value and looks like a height.
# Why here: heights and concentrations at the coast have pixels of no data beside pixels of the district.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix . geotiff@3.0.5 > /dev/null
cat > run.mjs <<'END'
import assert from "node:assert";
import { fromArrayBuffer, writeArrayBuffer } from "geotiff";

const file = await writeArrayBuffer(new Float32Array([1, -9999, 3, 4]), { height: 2, width: 2, GDAL_NODATA: "-9999" });
const image = await (await fromArrayBuffer(file)).getImage();
const [heights] = await image.readRasters({ width: 4, height: 4, resampleMethod: "bilinear" });
console.log("geotiff 3.0.5, no data", image.getGDALNoData(), "first row:", [...heights.slice(0, 4)]);
assert.strictEqual(image.getGDALNoData(), -9999);
assert.deepStrictEqual([...heights.slice(0, 2)], [1, -4999]);
END
node run.mjs
