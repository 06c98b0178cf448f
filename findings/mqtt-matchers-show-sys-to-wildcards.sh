#!/bin/sh
# Guess: a library that matches topics against filters knows that # and + at the beginning do not match topics that begin
#        with $ (MQTT 4.7.2), and that + matches an empty level (4.7.1.3).
# Seen: mqtt-match, mqtt-pattern and mqtt-wildcard all match $SYS/uptime to #, and mqtt-pattern does not match zone/ to
#       zone/+. Brokers do otherwise.
# Why here: a simulated broker of a test, or a router behind one subscription, hands out other messages than ours does.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix . mqtt-match@3.0.0 mqtt-pattern@2.1.1 mqtt-wildcard@3.0.9 > /dev/null
cat > run.cjs <<'END'
const assert = require("node:assert");
const match = require("mqtt-match");
const pattern = require("mqtt-pattern");
const wildcard = require("mqtt-wildcard");

const matchers = {
  "mqtt-match": match,
  "mqtt-pattern": (filter, topic) => pattern.matches(filter, topic),
  "mqtt-wildcard": (filter, topic) => wildcard(topic, filter) !== null,
};
const cases = [["#", "$SYS/uptime"], ["+/uptime", "$SYS/uptime"], ["zone/+", "zone/"], ["zone/#", "zone"], ["+", "a/b"]];
const seen = {};
for (const [name, matches] of Object.entries(matchers)) {
  seen[name] = cases.map(([filter, topic]) => matches(filter, topic));
}
console.log("mqtt-match 3.0.0, mqtt-pattern 2.1.1, mqtt-wildcard 3.0.9 on", cases, seen);
assert.deepStrictEqual(seen, {
  "mqtt-match": [true, true, true, true, false],
  "mqtt-pattern": [true, true, false, true, false],
  "mqtt-wildcard": [true, true, true, true, false],
});
END
node run.cjs
