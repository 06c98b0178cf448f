#!/bin/sh
# Guess: a point outside a map of heights has no height: NaN, a masked value or an error.
# Seen: sample gives 0.0 where the map names no value for "no data", which it need not: no word, and like a street at sea
#       level. masked=True masks it, and rasterstats, which reads through rasterio, says None.
# Why here: heights of sensors by the shore are asked of tiles; those just beyond an edge lie in the flood first.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check rasterio==1.4.4 rasterstats==0.21.0
"$folder/venv/bin/python" -W ignore - <<'END'
import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy
import rasterio
import rasterstats

path = Path(tempfile.mkdtemp()) / "heights.tif"
place = rasterio.transform.from_origin(643000, 3725000, 10, 10)
options = {"width": 4, "height": 4, "count": 1, "dtype": "float32", "crs": "EPSG:32629", "transform": place}
with rasterio.open(path, "w", driver="GTiff", **options) as heights:
    heights.write(numpy.full((4, 4), 12, "float32"), 1)
inside, outside = (643005, 3724995), (642995, 3724995)
with rasterio.open(path) as heights:
    seen = [float(value[0]) for value in heights.sample([inside, outside])]
    (masked,) = heights.sample([outside], masked=True)
other = rasterstats.point_query("POINT (642995 3724995)", str(path), interpolate="nearest")
print("rasterio", version("rasterio"), "inside and outside:", seen, "rasterstats", version("rasterstats"), other)
assert seen == [12.0, 0.0] and bool(masked.mask.all()) and other == [None]
END
