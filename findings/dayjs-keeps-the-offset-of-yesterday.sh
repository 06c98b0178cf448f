#!/bin/sh
# Guess: a day later in a zone is the same time of day by the clock there, as Luxon has it, or 24 hours later.
# Seen: 24 hours later, told with the offset of the day before: over the change of Casablanca noon +01:00 is followed by
#       "12:00+01:00", at which clocks there show 11:00. add(24, "hour") and startOf("day") do the same.
# Why here: days of the city change their offset twice a year, with Ramadan; loops over days go wrong for all that follow.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . dayjs@1.11.23 luxon@3.7.2 > /dev/null
cat > run.mjs <<'END'
import assert from "node:assert";
import dayjs from "dayjs";
import timezone from "dayjs/plugin/timezone.js";
import utc from "dayjs/plugin/utc.js";
import { DateTime } from "luxon";

dayjs.extend(utc);
dayjs.extend(timezone);
const zone = "Africa/Casablanca";
const noon = dayjs.tz("2025-02-22T12:00", zone);
const later = noon.add(1, "day");
const seen = [later.format(), later.startOf("day").format(), later.toISOString()];
const luxon = DateTime.fromISO("2025-02-22T12:00", { zone }).plus({ days: 1 }).toISO({ suppressMilliseconds: true });
const clock = DateTime.fromISO(later.toISOString(), { zone }).toFormat("HH:mm");
console.log("dayjs 1.11.23, a day after", noon.format(), "is", seen, "which is", clock, "there; luxon 3.7.2:", luxon);
assert.deepStrictEqual(seen, ["2025-02-23T12:00:00+01:00", "2025-02-23T00:00:00+01:00", "2025-02-23T11:00:00.000Z"]);
assert.deepStrictEqual([luxon, clock], ["2025-02-23T12:00:00+00:00", "11:00"]);
END
node run.mjs
