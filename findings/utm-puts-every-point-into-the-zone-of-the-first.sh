#!/bin/sh
# Guess: of arrays each point gets its own zone, or points of several zones are an error.
# Seen: all are put into the zone of the first point, and its number is the only one told: the same point has another
#       easting, by more than half a million metres, when it stands first.
# Why here: Morocco has zones 28 to 30; vehicles that cross a border of zones get positions that depend on where they
#           began.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check utm==0.9.0 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'END'
from importlib.metadata import version

import numpy as np
import utm

longitudes = np.array([-6.01, -5.99])  # the border of zones 29 and 30 is at 6 degrees west
seen = {}
for name, order in (("from west", longitudes), ("from east", longitudes[::-1])):
    east, _, zone, _ = utm.from_latlon(np.array([33.6, 33.6]), order)
    seen[name] = zone, east.round().astype(int).tolist()
alone = [(utm.from_latlon(33.6, longitude)[2], round(float(utm.from_latlon(33.6, longitude)[0]))) for longitude in longitudes]
print("utm", version("utm"), "zone and eastings of the same two points:", seen, "each alone:", alone)
assert seen["from west"] == (29, [777457, 779313]) and seen["from east"][0] == 30
assert alone[1] == (30, 222543) and seen["from east"][1][0] == 222543
END
