#!/bin/sh
# Guess: a track with times (LINESTRING M) has no heights, so in GeoJSON its points have two numbers; M has no place there.
# Seen: shapely's to_geojson writes two; mapping(), by which geopandas writes GeoJSON, writes three, and the third is a height
#       by RFC 7946: the bus flies at 1,780,000,000 m. shape() of it has Z, no M.
# Why here: positions of buses are kept as lines with M, as PostGIS has them; a 3D page draws them out of sight.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check shapely==2.2.0
"$folder/venv/bin/python" -W ignore - <<'END'
import json
from importlib.metadata import version

import shapely
from shapely.geometry import mapping, shape

track = shapely.from_wkt("LINESTRING M (-7.45 33.65 1780000000, -7.44 33.65 1780000060)")
assert track.has_m and not track.has_z
plain = json.loads(shapely.to_geojson(track))["coordinates"][0]
mapped = list(mapping(track)["coordinates"][0])
again = shape(mapping(track))
print("shapely", version("shapely"), "to_geojson:", plain, "mapping:", mapped, "and back:", again.wkt)
assert plain == [-7.45, 33.65] and mapped == [-7.45, 33.65, 1780000000.0]
assert again.has_z and not again.has_m
END
