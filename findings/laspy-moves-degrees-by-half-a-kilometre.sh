#!/bin/sh
# Guess: points that are written into a LAS file come back where they were, to the precision of a survey, or are refused.
# Seen: laspy's new files have steps of 0.01 and an offset of 0, whatever the coordinates: in metres that is a centimetre, in
#       degrees (EPSG:4326, which LAS allows) 33.6447 becomes 33.64, 520 m to the south. Intensities out of 16 bits wrap
#       (70000 becomes 4464), where coordinates out of 32 bits are refused.
# Why here: scans of streets are shared in either system; nothing but the map shows that all trees stand on a grid of a kilometre.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check laspy==2.7.0 numpy==2.4.6 pyproj==3.7.2
cd "$folder"
venv/bin/python -W ignore - <<'END_PY'
from importlib.metadata import version

import laspy
import numpy as np
from pyproj import CRS, Geod

file = laspy.create(point_format=6, file_version="1.4")
file.header.add_crs(CRS(4326))
file.x, file.y, file.z = np.array([-7.4512]), np.array([33.6447]), np.array([12.345])
file.intensity = np.array([70000])
file.write("tree.las")
read = laspy.read("tree.las")
x, y = float(read.x[0]), float(read.y[0])
moved = Geod(ellps="WGS84").inv(-7.4512, 33.6447, x, y)[2]
refused = False
try:
    file.x = np.array([3e9])
except OverflowError:
    refused = True
print("laspy", version("laspy"), "steps", [float(step) for step in read.header.scales], "-7.4512, 33.6447 comes back as", (x, y), f"{moved:.0f} m away, 70000 as", int(read.intensity[0]))
assert (round(x, 9), round(y, 9)) == (-7.45, 33.64) and 500 < moved < 560
assert refused and int(read.intensity[0]) == 4464
END_PY
