#!/bin/sh
# Guess: a zone in CF units is honoured as UDUNITS has it, also as -6:00, which the CF conventions use in their own
#        example, or it is refused.
# Seen: -06:00 is honoured, -6:00 is read as UTC without a word: six hours off. xarray, which has a parser of its own,
#       honours both.
# Why here: readings of weather stations come as NetCDF; our times have a zone of two digits or are refused.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check cftime==1.6.6.1 xarray==2026.9.0
"$folder/venv/bin/python" - <<'END'
from importlib.metadata import version

import cftime
import xarray

seen = {}
for zone in ("-06:00", "-6:00"):
    units = f"hours since 2026-01-01 00:00:00 {zone}"
    by_xarray = xarray.decode_cf(xarray.Dataset({"t": ("t", [1], {"units": units})})).t.values[0]
    seen[zone] = cftime.num2date(1, units).isoformat(), str(by_xarray)[:19]
    print("cftime", version("cftime"), "and xarray", version("xarray"), "read 1", units, "as", seen[zone])
assert seen == {
    "-06:00": ("2026-01-01T07:00:00", "2026-01-01T07:00:00"),
    "-6:00": ("2026-01-01T01:00:00", "2026-01-01T07:00:00"),
}
END
