#!/bin/sh
# Guess: find(from, to) gives the nodes from the first to the last, along links that lead that way.
# Seen: ngraph.path gives them from the last to the first, in each of its three searches; and it drives links backwards, though
#       ngraph.graph's links have a direction (fromId, toId), unless "oriented" is given.
# Why here: streets are one-way; directions, times of passing and the order of stops are read off the list as it comes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . ngraph.graph@20.1.2 ngraph.path@1.6.1 > /dev/null
cat > run.cjs <<'END_JS'
const assert = require("node:assert");
const { aStar, aGreedy, nba } = require("ngraph.path");

const streets = require("ngraph.graph")();
streets.addLink("depot", "school");
streets.addLink("school", "port");
for (const search of [aStar, aGreedy, nba]) {
  const route = (from, to, oriented) => search(streets, { oriented }).find(from, to).map((node) => node.id);
  const seen = [route("depot", "port", true), route("port", "depot", false), route("port", "depot", true)];
  console.log("ngraph.path 1.6.1 from depot to port:", seen[0], "against the one-way streets:", seen[1], "oriented:", seen[2]);
  assert.deepStrictEqual(seen, [["port", "school", "depot"], ["depot", "school", "port"], []]);
  assert.deepStrictEqual(search(streets).find("port", "depot").length, 3);
}
END_JS
node run.cjs
