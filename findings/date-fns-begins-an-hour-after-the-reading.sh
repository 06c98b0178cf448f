#!/bin/sh
# Guess: the beginning of an hour is not after the time that lies in it, and a day of 25 hours has 25 hours, in date-fns with the
#        zones that it has since version 4 (TZDate).
# Seen: in the hour that comes twice in Casablanca as Ramadan begins, startOfHour of 02:15 of the first time is 02:00 of the
#       second, 45 minutes after it, unless the computer itself is in Casablanca. eachHourOfInterval of that day, from midnight
#       to midnight, has 25 entries instead of 26 everywhere.
# Why here: readings of the first quarter of an hour are put into an hour that has not begun; hourly sums show one hour with
#           twice the water, and one is missing.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . date-fns@4.4.0 @date-fns/tz@1.5.0 > /dev/null
cat > run.mjs <<'END'
import assert from "node:assert";
import { TZDate } from "@date-fns/tz";
import { differenceInHours, eachHourOfInterval, startOfHour } from "date-fns";

const zone = "Africa/Casablanca";
const reading = new TZDate("2026-02-15T01:15:00Z", zone);
const [start, end] = [15, 16].map((day) => new TZDate(2026, 1, day, 0, 0, 0, zone));
const seen = {
  reading: reading.toISOString(),
  start: startOfHour(reading).toISOString(),
  minutesLater: (startOfHour(reading) - reading) / 60_000,
  hours: differenceInHours(end, start),
  entries: eachHourOfInterval({ start, end }).length,
};
console.log("date-fns 4.4.0 with @date-fns/tz 1.5.0:", seen);
const later = process.env.TZ === "UTC";
assert.deepStrictEqual(seen, {
  reading: "2026-02-15T02:15:00.000+01:00",
  start: later ? "2026-02-15T02:00:00.000+00:00" : "2026-02-15T02:00:00.000+01:00",
  minutesLater: later ? 45 : -15,
  hours: 25,
  entries: 25,
});
END
TZ=UTC node run.mjs
TZ=Africa/Casablanca node run.mjs
