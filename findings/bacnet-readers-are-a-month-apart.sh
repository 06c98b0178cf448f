#!/bin/sh
# Guess: a date is the same day for each BACnet library: the standard counts months from 1 (January) to 12.
# Seen: node-bacnet, and bacstack which it comes from, count them from 0, in both directions: they read 15 June as 15 July and
#       31 December as 31 January of the next year, and what they write for 15 June is 15 May for others. @bacnet-js/client
#       does as the standard says. Between two devices that both use node-bacnet, nothing is seen.
# Why here: schedules and holidays of buildings come over BACnet; heating starts a month late and no error says so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . node-bacnet@0.2.4 bacstack@0.0.1-beta.14 @bacnet-js/client@3.3.2 > /dev/null
cat > run.cjs <<'END_JS'
const assert = require("node:assert");

const day = (date) => [date.getFullYear(), date.getMonth() + 1, date.getDate()];
const seen = {};
for (const [name, path] of [["node-bacnet", "lib/asn1"], ["bacstack", "lib/asn1"], ["@bacnet-js/client", "dist/lib/asn1"]]) {
  const asn1 = require(`${name}/${path}`);
  const into = { buffer: Buffer.alloc(8), offset: 0 };
  asn1.encodeApplicationDate(into, new Date(2026, 5, 15, 12));
  // Clause 20.2.12 of ASHRAE 135: year less 1900, month from 1 on, day, day of the week from Monday = 1 on
  const read = ["7e060f01", "7e0c1f04"].map((bytes) => day(asn1.decodeDate(Buffer.from(bytes, "hex"), 0).value));
  seen[name] = [...read, into.buffer.subarray(1, 5).toString("hex")];
}
console.log("node-bacnet 0.2.4, bacstack 0.0.1-beta.14, @bacnet-js/client 3.3.2 read 15 June and 31 December, write 15 June:", JSON.stringify(seen));
assert.deepStrictEqual(seen["@bacnet-js/client"], [[2026, 6, 15], [2026, 12, 31], "7e060f01"]);
assert.deepStrictEqual(seen["node-bacnet"], [[2026, 7, 15], [2027, 1, 31], "7e050f01"]);
assert.deepStrictEqual(seen["bacstack"], seen["node-bacnet"]);
END_JS
node run.cjs
