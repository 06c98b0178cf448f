#!/bin/sh
# Guess: the times of a decoded feed are numbers in JavaScript too, so time + 60 is a minute later.
# Seen: they are objects (Long): time + 60 glues the digits together, while time - 60, time > 60 and new Date(time * 1000)
#       are right, so that most of a program works.
# Why here: our feed of buses is read this way; an arrival "in a minute" is thousands of years away.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix . gtfs-realtime-bindings@1.1.1 > /dev/null
cat > run.cjs <<'END'
const assert = require("node:assert");
const { transit_realtime } = require("gtfs-realtime-bindings");
const { version } = require("gtfs-realtime-bindings/package.json");

const time = 1780000000;
const feed = transit_realtime.FeedMessage.fromObject({
  header: { gtfsRealtimeVersion: "2.0", timestamp: time },
  entity: [{ id: "1", tripUpdate: { trip: { tripId: "t" }, stopTimeUpdate: [{ stopSequence: 1, arrival: { time } }] } }],
});
const read = transit_realtime.FeedMessage.decode(transit_realtime.FeedMessage.encode(feed).finish());
const arrival = read.entity[0].tripUpdate.stopTimeUpdate[0].arrival.time;
const seen = [arrival + 60, arrival - 60, arrival === read.header.timestamp, new Date(arrival * 1000).toISOString()];
console.log("gtfs-realtime-bindings", version, "time + 60, time - 60, the same time is equal, as a date:", seen);
assert.deepStrictEqual(seen, ["178000000060", 1779999940, false, "2026-05-28T20:26:40.000Z"]);
END
node run.cjs
