#!/bin/sh
# Guess: Casablanca is an hour ahead of UTC, but in Ramadan, in each library of time zones: at noon UTC of 1 June 2026 it is 13:00.
# Seen: spacetime has 12:00, and in 2025 too; Node's Intl has 13:00. On 1 March 2026, in Ramadan, both say 12:00.
# Why here: a page that shows departures with it is an hour early in June, and a test written in Ramadan passes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . spacetime@7.15.0 > /dev/null
cat > run.mjs <<'END'
import assert from "node:assert";
import spacetime from "spacetime";

const clock = new Intl.DateTimeFormat("en-GB", { timeZone: "Africa/Casablanca", hour: "2-digit", minute: "2-digit" });
const seen = {};
for (const day of ["2025-06-01", "2026-03-01", "2026-06-01"]) {
  const noon = `${day}T12:00:00Z`;
  seen[day] = [spacetime(noon, "UTC").goto("Africa/Casablanca").format("{hour-24-pad}:{minute-pad}"), clock.format(new Date(noon))];
}
console.log("noon UTC, by spacetime 7.15.0 and by Intl:", seen);
assert.deepStrictEqual(Object.values(seen), [["12:00", "13:00"], ["12:00", "12:00"], ["12:00", "13:00"]]);
END
node run.mjs
