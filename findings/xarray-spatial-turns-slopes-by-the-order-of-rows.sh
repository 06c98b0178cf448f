#!/bin/sh
# Guess: a slope that falls to the north looks north (0 degrees) in a grid with coordinates, whichever row comes first.
# Seen: xarray-spatial looks at the order of rows alone: with y from north to south, as in GeoTIFF, it says 0, with y from south
#       to north, as in most netCDF files, 180. To the east it is 90 in both.
# Why here: sun on slopes and roofs is computed from it; north and south change places with the format of the same heights.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check xarray-spatial==0.5.3 xarray==2026.9.0 numpy==2.4.6 numba==0.68.1
"$folder/venv/bin/python" -W ignore - <<'END_PY'
from importlib.metadata import version

import numpy as np
import xarray as xr
import xrspatial

metres = np.arange(5) * 10.0
to_the_north = xr.DataArray(np.repeat(100 - metres[:, None], 5, axis=1), coords={"y": metres, "x": metres}, dims=("y", "x"))
to_the_east = xr.DataArray(np.repeat(100 - metres[None, :], 5, axis=0), coords={"y": metres, "x": metres}, dims=("y", "x"))
seen = {}
for name, heights in (("falls to the north", to_the_north), ("falls to the east", to_the_east)):
    turned = heights.sortby("y", ascending=False)
    assert float(turned.sel(y=40, x=0)) == float(heights.sel(y=40, x=0))
    seen[name] = [float(xrspatial.aspect(grid).sel(y=20, x=20)) for grid in (turned, heights)]
print("xarray-spatial", version("xarray-spatial"), "rows from north to south and from south to north:", seen)
assert seen == {"falls to the north": [0, 180], "falls to the east": [90, 90]}
END_PY
