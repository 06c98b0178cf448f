#!/bin/sh
# Guess: suncalc for Python gives the azimuth that suncalc for JavaScript gives, of which it is a port.
# Seen: Python has radians from south, to the west; JavaScript, since version 2, degrees from north: at noon in Zenata the
#       one says 0, the other 180.
# Why here: shadows and panels are set by it; a page and a service of one pilot turn the city round.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check suncalc==0.1.3
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts suncalc@2.0.2 >/dev/null
cat > azimuth.mjs <<'END'
import * as suncalc from "suncalc";
const hours = ["07:40", "12:40", "17:40"].map((hour) => new Date(`2026-03-20T${hour}:00Z`));
console.log(JSON.stringify(hours.map((time) => suncalc.getPosition(time, 33.64, -7.45).azimuth)));
END
node azimuth.mjs > azimuths
venv/bin/python -W ignore - <<'END'
import json
from datetime import UTC, datetime
from importlib.metadata import version
from math import degrees
from pathlib import Path

from suncalc import get_position

javascript = json.loads(Path("azimuths").read_text())
times = [datetime(2026, 3, 20, hour, 40, tzinfo=UTC) for hour in (7, 12, 17)]
python = [float(get_position(time, -7.45, 33.64)["azimuth"]) for time in times]
print("suncalc", version("suncalc"), "in Python:", [round(a, 2) for a in python], "2.0.2 in JavaScript:", [round(a) for a in javascript])
assert all(abs(degrees(mine) + 180 - theirs) < 2 for mine, theirs in zip(python, javascript, strict=True))
END
