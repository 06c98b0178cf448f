#!/bin/sh
# Guess: an array of counts that was written to Zarr has its zeros in xarray, whichever of Zarr's two formats it is in.
# Seen: in format 2 zeros are NaN and integers floats: the fill value of a new array, 0, is taken for "missing" there. In
#       format 3 they are zeros. The mean of 0, 5, 0 and 7 cars is 6 or 3. use_zarr_fill_value_as_mask=False, or
#       fill_value=None when writing, keeps them.
# Why here: hours without a car are as true as others; counts kept by hour and lane as Zarr lose every quiet night.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check zarr==3.1.6 xarray==2026.9.0
"$folder/venv/bin/python" -W ignore - <<'END'
import tempfile
from importlib.metadata import version

import xarray
import zarr

seen = {}
for edition in (2, 3):
    folder = tempfile.mkdtemp()
    named = {"dimension_names": ["hour"]} if edition == 3 else {"attributes": {"_ARRAY_DIMENSIONS": ["hour"]}}
    group = zarr.open_group(folder, mode="w", zarr_format=edition)
    cars = group.create_array("cars", shape=(4,), chunks=(4,), dtype="i4", **named)
    cars[:] = [0, 5, 0, 7]
    read = xarray.open_zarr(folder, consolidated=False).cars
    seen[edition] = (str(read.dtype), int(read.count()), float(read.mean()))
print("xarray", version("xarray"), "zarr", version("zarr"), "type, values and mean by format:", seen)
assert seen == {2: ("float64", 2, 6.0), 3: ("int32", 4, 3.0)}
END
