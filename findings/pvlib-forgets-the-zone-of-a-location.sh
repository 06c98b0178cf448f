#!/bin/sh
# Guess: Location(33.65, -7.45, tz="Africa/Casablanca") reads times without a zone as times of that zone: it was told which.
# Seen: they are times in UTC; the location's zone is used for no computation. At noon of 1 June the sun stands 9 degrees
#       higher and 35 degrees further west than for the same time with its zone; at 7 o'clock there is five times the
#       radiation of a clear sky.
# Why here: a column of local times without offset is what plants export; give it tz_localize first.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pvlib==0.16.1
"$folder/venv/bin/python" -W ignore - <<'END'
from importlib.metadata import version

import pandas
from pvlib.location import Location

zenata = Location(33.65, -7.45, tz="Africa/Casablanca")
seen = {}
for zone in (None, "Africa/Casablanca", "UTC"):
    sun = zenata.get_solarposition(pandas.DatetimeIndex(["2026-06-01 12:00"], tz=zone)).iloc[0]
    clear = zenata.get_clearsky(pandas.DatetimeIndex(["2026-06-01 07:00"], tz=zone)).ghi.iloc[0]
    seen[zone] = [round(float(value)) for value in (sun.zenith, sun.azimuth, clear)]
print("pvlib", version("pvlib"), "zenith and azimuth at 12:00, W/m2 at 07:00, by zone of the times:", seen)
assert seen[None] == seen["UTC"] == [13, 150, 243] and seen["Africa/Casablanca"] == [22, 115, 47]
END
