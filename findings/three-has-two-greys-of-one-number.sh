#!/bin/sh
# Guess: the middle grey 0x808080 and the grey of three times 128/255 are one colour.
# Seen: the hex number is taken for sRGB and turned to linear light (0.216), the three numbers are taken as linear already
#       (0.502): the same grey is more than twice as bright. setRGB, setHSL and arrays count as linear.
# Why here: scenes of the city colour buildings by value, some from a palette of hex numbers, some from computed ones.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . three@0.187.0 > /dev/null
cat > run.mjs <<'END'
import assert from "node:assert";
import { Color, REVISION } from "three";

const grey = 128 / 255;
const colours = { hex: new Color(0x808080), css: new Color("rgb(128, 128, 128)"), numbers: new Color(grey, grey, grey),
  array: new Color().fromArray([grey, grey, grey]), hsl: new Color().setHSL(0, 0, grey) };
const seen = Object.fromEntries(Object.entries(colours).map(([name, colour]) => [name, colour.r.toFixed(3)]));
console.log("three", REVISION, seen);
assert.deepStrictEqual(seen, { hex: "0.216", css: "0.216", numbers: "0.502", array: "0.502", hsl: "0.502" });
END
node run.mjs
