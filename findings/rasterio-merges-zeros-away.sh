#!/bin/sh
# Guess: merge() lets the first of two overlapping maps stand, as its method "first" says, and "min" takes the lower value.
# Seen: where a map names no value for "no data", 0 counts as one: zeros of the first are replaced by the second (0 by 7), and the
#       least of 0 and 7 is 7. Between maps that do not touch there is 0 as well. With nodata=-9999 zeros stay.
# Why here: a height of 0 m is the sea and a count of 0 an empty street; on this coast they come in every tile.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check rasterio==1.4.4
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'END'
from importlib.metadata import version

import numpy
import rasterio
from rasterio.merge import merge
from rasterio.transform import from_origin


def write(name, values, left):
    profile = {"driver": "GTiff", "width": 3, "height": 1, "count": 1, "dtype": "float32", "crs": "EPSG:32629"}
    with rasterio.open(name, "w", transform=from_origin(left, 1, 1, 1), **profile) as file:
        file.write(numpy.array([values], "float32"), 1)
    return name


files = [write("west.tif", [1, 0, 0], 0), write("east.tif", [7, 8, 9], 1)]
ways = {"first": {}, "min": {"method": "min"}, "first, nodata=-9999": {"nodata": -9999}}
seen = {name: merge(files, **way)[0][0, 0].tolist() for name, way in ways.items()}
print("rasterio", version("rasterio"), "merges 1 0 0 with 7 8 9 one cell to the east:", seen)
assert list(seen.values()) == [[1, 7, 8, 9], [1, 7, 8, 9], [1, 0, 0, 9]]
END
