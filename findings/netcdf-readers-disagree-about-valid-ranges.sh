#!/bin/sh
# Guess: values outside valid_range, by which CF and NetCDF say what a sensor can measure, are missing for each reader of
#        the file, as values equal to _FillValue are.
# Seen: netCDF4 masks them; xarray, reading through netCDF4, gives them as they are. The mean of 12, 9999, -3 and 20 ug/m3
#       with a range of 0 to 500 is 16 by the one and 2507 by the other. valid_min and valid_max are treated alike.
# Why here: stations and models of weather and air mark what is impossible this way; a service on xarray averages it.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check netcdf4==1.7.4 xarray==2026.9.0
"$folder/venv/bin/python" -W ignore - <<'END'
import tempfile
from importlib.metadata import version
from pathlib import Path

import netCDF4
import numpy
import xarray

path = Path(tempfile.mkdtemp()) / "air.nc"
with netCDF4.Dataset(path, "w") as file:
    file.createDimension("time", 4)
    dust = file.createVariable("pm10", "f4", ("time",))
    dust.valid_range = numpy.array([0, 500], "f4")
    dust.set_auto_mask(False)
    dust[:] = [12, 9999, -3, 20]
means = {"netCDF4": float(netCDF4.Dataset(path)["pm10"][:].mean())}
means["xarray"] = float(xarray.open_dataset(path, engine="netcdf4").pm10.mean())
print({name: version(name) for name in means}, means)
assert means == {"netCDF4": 16.0, "xarray": 2507.0}
END
