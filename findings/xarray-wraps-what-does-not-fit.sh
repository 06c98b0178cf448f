#!/bin/sh
# Guess: a value that does not fit into the packed integers of a file (int16 with scale_factor 0.01 ends at 327.67) is
#        refused, or told, or cut to the greatest.
# Seen: it wraps around without a word: 400.0 is read back as -255.36, and 4000.0 as 67.84, a plausible level.
# Why here: CF files of sensors are packed this way to save room; one peak beyond the range becomes a good-looking value.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check xarray==2026.9.0 netCDF4==1.7.5.1.post1
cd "$folder"
venv/bin/python -W ignore - <<'END'
import warnings
from importlib.metadata import version

import numpy as np
import xarray as xr

values = xr.Dataset({"flow": ("time", np.array([20.51, 327.67, 400.0, 4000.0]))})
packed = {"flow": {"dtype": "int16", "scale_factor": 0.01, "_FillValue": -32768}}
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    values.to_netcdf("flow.nc", encoding=packed, engine="netcdf4")
seen = [round(float(value), 2) for value in xr.open_dataset("flow.nc", engine="netcdf4").flow]
print("xarray", version("xarray"), "netCDF4", version("netCDF4"), seen, "warnings:", len(told))
assert seen == [20.51, 327.67, -255.36, 67.84] and not told
END
