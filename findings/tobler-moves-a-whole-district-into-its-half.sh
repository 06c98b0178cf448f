#!/bin/sh
# Guess: of a district with 1000 people, half of which lies in the area asked for, area_interpolate puts 500 into that area.
# Seen: 1000: unless allocate_total=False, all of a source goes to the targets that it meets, however little of it they cover.
#       A sliver of a hundredth gets all 1000 too.
# Why here: districts are cut by the zone of a flood or the reach of a stop; each one at the edge counts whole.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check tobler==0.13.0
"$folder/venv/bin/python" -W ignore - <<'END'
from importlib.metadata import version

from geopandas import GeoDataFrame
from shapely.geometry import box
from tobler.area_weighted import area_interpolate

district = GeoDataFrame({"people": [1000.0]}, geometry=[box(0, 0, 1000, 1000)], crs=32629)


def people(width, **options):
    zone = GeoDataFrame(geometry=[box(1000 - width, 0, 1000, 1000)], crs=32629)
    return round(float(area_interpolate(district, zone, extensive_variables=["people"], **options)["people"][0]), 6)


seen = {width: (people(width), people(width, allocate_total=False)) for width in (1000, 500, 10)}
print("tobler", version("tobler"), "people by the metres covered, by default and without allocate_total:", seen)
assert seen == {1000: (1000, 1000), 500: (1000, 500), 10: (1000, 10)}
END
