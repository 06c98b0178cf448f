#!/bin/sh
# Guess: a node of a glTF file that is called lamp.1.1 is found in the scene by that name.
# Seen: GLTFLoader takes points, colons, slashes and brackets out of names: lamp.1.1 and lamp.11 both want to be lamp11, and the
#       second in the file becomes lamp11_1. Which one that is depends on the order of the file. The name that was written
#       is in userData.name, and only where it was changed.
# Why here: devices are named by place, street.pole.lamp; a click switches, or a colour shows, the lamp of another pole.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . three@0.187.0 > /dev/null
cat > run.mjs <<'END'
import assert from "node:assert";

globalThis.self ??= globalThis;
const { REVISION } = await import("three");
const { GLTFLoader } = await import("three/examples/jsm/loaders/GLTFLoader.js");

const load = async (...names) => {
  const nodes = names.map((name) => ({ name }));
  const file = { asset: { version: "2.0" }, scene: 0, scenes: [{ nodes: nodes.map((_, i) => i) }], nodes };
  const { scene } = await new GLTFLoader().parseAsync(JSON.stringify(file), "");
  assert.equal(scene.getObjectByName(names[0]), undefined);
  return scene.children.map((node) => [node.userData.name, node.name]);
};
const seen = [await load("lamp.1.1", "lamp.11"), await load("lamp.11", "lamp.1.1")];
console.log("three", REVISION, JSON.stringify(seen));
assert.deepStrictEqual(seen, [
  [["lamp.1.1", "lamp11"], ["lamp.11", "lamp11_1"]],
  [["lamp.11", "lamp11"], ["lamp.1.1", "lamp11_1"]],
]);
END
node run.mjs
