#!/bin/sh
# Guess: Morocco's hour ahead is summer time, Ramadan's is winter time, and libraries of one tz database say the same.
# Seen: in Ramadan, at UTC+0, Python (zoneinfo, dateutil, pendulum, pytz) says that summer time is in force, with an
#       offset of minus one hour; moment-timezone and Luxon say that it is not. In July at UTC+1 all say that it is not.
# Why here: is_dst decides nothing in Casablanca: services that add an hour "in summer" add it in Ramadan, or never.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pendulum==3.3.0 pytz==2026.6 python-dateutil==4.0.0 tzdata==2026.6
cd "$folder"
npm install --silent --no-audit --no-fund moment-timezone@0.6.6 luxon@3.7.2 >/dev/null
cat > summer.cjs <<'END'
const moment = require("moment-timezone");
const { DateTime } = require("luxon");
const zone = "Africa/Casablanca";
const said = ["2026-03-01T12:00", "2026-07-01T12:00"].map((day) => [
  moment.tz(day, zone).isDST(),
  DateTime.fromISO(day, { zone }).isInDST,
]);
console.log("moment-timezone", moment.tz.version, "and luxon", require("luxon").VERSION, "in Ramadan and July:", JSON.stringify(said));
if (JSON.stringify(said) !== "[[false,false],[false,false]]") process.exit(1);
END
node summer.cjs
PYTHONTZPATH= venv/bin/python -W ignore - <<'END'
from datetime import datetime, timedelta
from importlib.metadata import version
from zoneinfo import ZoneInfo

import dateutil.zoneinfo
import pendulum
import pytz

NAME = "Africa/Casablanca"


def summer(day: datetime) -> list[float]:
    zones = ZoneInfo(NAME), dateutil.zoneinfo.get_zonefile_instance().get(NAME), pendulum.timezone(NAME)
    moments = [*(day.replace(tzinfo=zone) for zone in zones), pytz.timezone(NAME).localize(day)]
    return [moment.dst() / timedelta(hours=1) for moment in moments]


ramadan, july = summer(datetime(2026, 3, 1, 12)), summer(datetime(2026, 7, 1, 12))
print("tzdata", version("tzdata"), "hours of summer time by zoneinfo, dateutil, pendulum, pytz in Ramadan:", ramadan, "in July:", july)
assert ramadan == [-1, -1, -1, -1] and july == [0, 0, 0, 0]
END
