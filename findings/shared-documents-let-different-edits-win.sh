#!/bin/sh
# Guess: of two edits of one value, made apart, the same one wins in each library of shared documents; last writer wins.
# Seen: one person changes the value ten times, the other once. In Yjs the one whose client has the greater number wins, and
#       that number is drawn by chance; in Automerge and Loro the one with more edits. No time of day plays a part in any.
# Why here: tablets work without a network; which order to a crew survives is no question of who was later.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . yjs@13.6.33 @automerge/automerge@3.5.0 loro-crdt@1.17.1 > /dev/null
cat > run.mjs <<'END'
import assert from "node:assert";
import * as Automerge from "@automerge/automerge";
import { LoroDoc } from "loro-crdt";
import * as Y from "yjs";

const times = [...Array(10).keys()];

function yjs(many, once, last) {
  const [left, right] = [new Y.Doc(), new Y.Doc()];
  [left.clientID, right.clientID] = [1, 9];
  left.getMap("orders").set("crew", "start");
  Y.applyUpdate(right, Y.encodeStateAsUpdate(left));
  [left.clientID, right.clientID] = [many, once];
  for (const count of times) left.getMap("orders").set("crew", `many ${count}`);
  last(right.getMap("orders"));
  Y.applyUpdate(left, Y.encodeStateAsUpdate(right));
  return left.getMap("orders").toJSON().crew ?? "deleted";
}

function automerge(many, once, last) {
  const start = Automerge.change(Automerge.init({ actor: "00" }), (doc) => { doc.crew = "start"; });
  let left = Automerge.clone(start, { actor: many });
  const right = Automerge.change(Automerge.clone(start, { actor: once }), last);
  for (const count of times) left = Automerge.change(left, (doc) => { doc.crew = `many ${count}`; });
  return Automerge.merge(left, right).crew ?? "deleted";
}

function loro(many, once, last) {
  const [start, left, right] = [new LoroDoc(), new LoroDoc(), new LoroDoc()];
  [start, left, right].forEach((doc, index) => doc.setPeerId([5n, many, once][index]));
  start.getMap("orders").set("crew", "start");
  start.commit();
  for (const doc of [left, right]) doc.import(start.export({ mode: "update" }));
  for (const count of times) {
    left.getMap("orders").set("crew", `many ${count}`);
    left.commit();
  }
  last(right.getMap("orders"));
  right.commit();
  left.import(right.export({ mode: "update" }));
  return left.toJSON().orders.crew ?? "deleted";
}

const numbers = { yjs: [[2, 3], [3, 2]], automerge: [["02", "03"], ["03", "02"]], loro: [[2n, 3n], [3n, 2n]] };
const seen = {};
for (const [name, library] of Object.entries({ yjs, automerge, loro })) {
  seen[name] = numbers[name].map(([many, once]) => library(many, once, (plan) => {
    if (plan.set) plan.set("crew", "once");
    else plan.crew = "once";
  }));
}
console.log("yjs 13.6.33, Automerge 3.5.0, Loro 1.17.1, ten edits against one:", seen);
assert.deepStrictEqual(seen, { yjs: ["once", "many 9"], automerge: ["many 9", "many 9"], loro: ["many 9", "many 9"] });
END
node run.mjs
