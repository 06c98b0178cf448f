#!/bin/sh
# Guess: -PT15M, by which SIRI tells that a bus is 15 minutes early, is minus a quarter of an hour.
# Seen: dayjs reads plus a quarter of an hour; Luxon and Moment read minus. PT36H has 36 hours and no day in dayjs, 12 hours
#       and a day in Moment.
# Why here: buses that are early are shown as late.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix . dayjs@1.11.23 luxon@3.7.2 moment@2.31.0 > /dev/null
cat > run.mjs <<'END'
import assert from "node:assert";
import dayjs from "dayjs";
import duration from "dayjs/plugin/duration.js";
import { Duration } from "luxon";
import moment from "moment";

dayjs.extend(duration);
const early = [dayjs.duration("-PT15M").asMinutes(), Duration.fromISO("-PT15M").as("minutes"), moment.duration("-PT15M").asMinutes()];
const parts = [dayjs.duration("PT36H"), moment.duration("PT36H")].map((time) => [time.days(), time.hours()]);
console.log("dayjs 1.11.23, luxon 3.7.2, moment 2.31.0 read -PT15M as", early, "and dayjs and moment PT36H as days and hours", parts);
assert.deepStrictEqual(early, [15, -15, -15]);
assert.deepStrictEqual(parts, [[0, 36], [1, 12]]);
END
node run.mjs
