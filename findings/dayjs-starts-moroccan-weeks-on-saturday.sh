#!/bin/sh
# Guess: weeks in Morocco begin on Monday (CLDR), and libraries with the locale ar-MA know it.
# Seen: of the week of Wednesday 3 June 2026 dayjs has Saturday 30 May for the first day; Moment, date-fns and Luxon have
#       Monday 1 June.
# Why here: totals of weeks of water and waste are of other days on a page with dayjs than in the service beside.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix . dayjs@1.11.23 moment@2.31.0 date-fns@4.4.0 luxon@3.7.2 > /dev/null
cat > run.mjs <<'END'
import assert from "node:assert";
import { format, startOfWeek } from "date-fns";
import { arMA } from "date-fns/locale";
import dayjs from "dayjs";
import "dayjs/locale/ar-ma.js";
import { DateTime } from "luxon";
import moment from "moment";
import "moment/locale/ar-ma.js";

const day = "2026-06-03T12:00";
const starts = {
  dayjs: dayjs(day).locale("ar-ma").startOf("week").locale("en").format("YYYY-MM-DD"),
  moment: moment(day).locale("ar-ma").startOf("week").locale("en").format("YYYY-MM-DD"),
  "date-fns": format(startOfWeek(new Date(day), { locale: arMA }), "yyyy-MM-dd"),
  luxon: DateTime.fromISO(day, { locale: "ar-MA" }).startOf("week", { useLocaleWeeks: true }).toISODate(),
};
console.log("dayjs 1.11.23, moment 2.31.0, date-fns 4.4.0, luxon 3.7.2: the week of", day, "begins on", starts);
assert.deepStrictEqual(Object.values(starts), ["2026-05-30", "2026-06-01", "2026-06-01", "2026-06-01"]);
END
node run.mjs
