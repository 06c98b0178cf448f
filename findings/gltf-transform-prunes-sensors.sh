#!/bin/sh
# Guess: prune removes what nothing refers to: meshes, materials and accessors left over.
# Seen: it removes nodes of the scene that carry a name, a place and extras, but no mesh: what marks a sensor in a model.
#       flatten, which ends with prune, removes them too; dedup does not, and prune with keepLeaves: true neither.
# Why here: models of buildings are made smaller before they are shown; the sensors of a room are gone from it.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . @gltf-transform/core@4.5.1 @gltf-transform/functions@4.5.1 > /dev/null
cat > run.mjs <<'END'
import assert from "node:assert";
import { Document, Logger } from "@gltf-transform/core";
import { dedup, flatten, prune } from "@gltf-transform/functions";

const left = async (...steps) => {
  const document = new Document().setLogger(new Logger(Logger.Verbosity.SILENT));
  const sensor = document.createNode("sensor-7").setExtras({ thing: "zenata-7" }).setTranslation([1, 2, 3]);
  document.createScene().addChild(sensor);
  await document.transform(...steps);
  return document.getRoot().listNodes().map((node) => node.getName());
};
const seen = [await left(prune()), await left(flatten()), await left(dedup(), prune({ keepLeaves: true }))];
console.log("gltf-transform 4.5.1: after prune, after flatten, after dedup and prune with keepLeaves:", JSON.stringify(seen));
assert.deepStrictEqual(seen, [[], [], ["sensor-7"]]);
END
node run.mjs
