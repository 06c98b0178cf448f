#!/bin/sh
# Guess: validators of ISO 8601 times accept 12:00+01:00 of a day of the calendar, and no 31 June.
# Seen: zod and yup refuse +01:00, the time of Morocco, unless told (offset, allowOffset); valibot and yup accept 31 June, and
#       yup 24:00 and second 60 too. Of four times no two of the three agree on all.
# Why here: readings with the offset of Casablanca are refused by one service and dates that are none stored by the other.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix . zod@4.6.7 valibot@1.5.0 yup@1.7.1 > /dev/null
cat > run.mjs <<'END'
import assert from "node:assert";
import * as v from "valibot";
import * as yup from "yup";
import { z } from "zod";

const times = ["2026-06-01T12:00:00Z", "2026-06-01T12:00:00+01:00", "2026-06-31T12:00:00Z", "2026-06-01T24:00:00Z"];
const timestamp = v.pipe(v.string(), v.isoTimestamp());
const accepted = {
  zod: times.map((time) => z.iso.datetime().safeParse(time).success),
  valibot: times.map((time) => v.safeParse(timestamp, time).success),
  yup: times.map((time) => yup.string().datetime().isValidSync(time)),
};
console.log("zod 4.6.7, valibot 1.5.0 and yup 1.7.1 accept of", times, accepted);
assert.deepStrictEqual(accepted, {
  zod: [true, false, false, false],
  valibot: [true, true, true, false],
  yup: [true, false, true, true],
});
END
node run.mjs
