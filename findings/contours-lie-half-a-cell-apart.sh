#!/bin/sh
# Guess: over a grid that rises by 1 from column to column, the line of 2.5 is halfway between the columns 2 and 3.
# Seen: marchingsquares has it at 2.5, d3-contour at 3: there a value stands in the middle of its cell, half a cell on. A
#       value of NaN is no hole for d3-contour but counts as below every limit.
# Why here: lines of noise and of concentration drawn by the page lie half a cell, 25 m of 50, beside those of a service.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix . d3-contour@4.0.3 marchingsquares@1.3.3 > /dev/null
cat > run.mjs <<'END'
import assert from "node:assert";
import { contours } from "d3-contour";
import { isoLines } from "marchingsquares";

const row = [0, 1, 2, 3, 4];
const lines = (grid) => contours().size([5, 5]).thresholds([2.5])(grid)[0].coordinates[0][0];
const leftmost = (points) => Math.min(...points.map(([x]) => x));
const inner = (points) => points.filter(([, y]) => y > 1 && y < 4);
const grid = Array(5).fill(row).flat();
const byD3 = leftmost(lines(grid));
const bySquares = Math.max(...isoLines([row, row, row, row, row], [2.5])[0][0].map(([x]) => x));
const withGap = grid.with ? grid.with(13, NaN) : Object.assign([...grid], { 13: NaN });
const beside = Math.max(...inner(lines(withGap)).map(([x]) => (x < 5 ? x : 0)));
console.log("d3-contour 4.0.3 has 2.5 at", byD3, "marchingsquares 1.3.3 at", bySquares, "and d3-contour beside NaN at", beside);
assert.deepStrictEqual([byD3, bySquares], [3, 2.5]);
assert.ok(beside > byD3);
END
node run.mjs
