#!/bin/sh
# Guess: to_zarr(append_dim="time") adds the times as they are, or refuses what the store cannot hold.
# Seen: a store begun with whole days counts days; hours appended to it are written as minutes and still read as days:
#       3 June 2026, 06:00 becomes 15 April 2035. A warning tells that "minutes since" are used instead, not that they
#       are wrong.
# Why here: archives of readings grow by appending, and often begin with a first try of a few whole days.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check xarray==2026.9.0 zarr==3.1.6 pandas==3.1.1
cd "$folder"
venv/bin/python -W ignore - <<'END'
import warnings
from importlib.metadata import version

import pandas as pd
import xarray as xr

warnings.simplefilter("ignore")


def frame(*times: str) -> xr.Dataset:
    return xr.Dataset({"level": ("time", [20.5] * len(times))}, {"time": pd.to_datetime(list(times))})


frame("2026-06-01", "2026-06-02").to_zarr("levels.zarr", zarr_format=2)
frame("2026-06-03T06:00", "2026-06-03T18:30").to_zarr("levels.zarr", append_dim="time")
seen = [str(time)[:16] for time in xr.open_zarr("levels.zarr").time.values]
print("xarray", version("xarray"), "zarr", version("zarr"), seen)
assert seen == ["2026-06-01T00:00", "2026-06-02T00:00", "2035-04-15T00:00", "2037-05-04T00:00"]
END
