#!/bin/sh
# Guess: the times of a track stand beside its points, one for each, with null where the receiver gave none, as is done for the
#        heart rate and other values in the same list of properties.
# Seen: a point without a time is left out of the times, so all later ones move up: three points have two times, and the second
#       point the time of the third. GPX allows points without a time.
# Why here: buses in a tunnel send points without a time; from there on each one is shown too late, and speeds are wrong.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . @tmcw/togeojson@7.1.3 @xmldom/xmldom@0.9.12 > /dev/null
cat > run.mjs <<'END'
import assert from "node:assert";
import { gpx } from "@tmcw/togeojson";
import { DOMParser } from "@xmldom/xmldom";

const point = (latitude, time, rate) =>
  `<trkpt lat="${latitude}" lon="-7.45">${time ? `<time>2026-06-01T12:0${time}:00Z</time>` : ""}` +
  `${rate ? `<extensions><hr>${rate}</hr></extensions>` : ""}</trkpt>`;
const points = [point(33.6, 1, 90), point(33.61, null, null), point(33.62, 3, 92)].join("");
const file = `<gpx version="1.1" creator="x" xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>${points}</trkseg></trk></gpx>`;
const [track] = gpx(new DOMParser().parseFromString(file, "text/xml")).features;
const { times, heart } = track.properties.coordinateProperties;
console.log("@tmcw/togeojson 7.1.3:", track.geometry.coordinates.length, "points with times", times, "and rates", heart);
assert.equal(track.geometry.coordinates.length, 3);
assert.deepStrictEqual([times, heart], [["2026-06-01T12:01:00Z", "2026-06-01T12:03:00Z"], [90, null, 92]]);
END
node run.mjs
