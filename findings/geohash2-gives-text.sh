#!/bin/sh
# Guess: decode gives two numbers, as the packages pygeohash and geohash do.
# Seen: two texts, rounded to what the hash tells; compared or added they give errors or other results far from here.
# Why here: trackers send positions as geohashes, and a position of texts is no GeoJSON.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check geohash2==1.1
"$folder/venv/bin/python" - <<'END'
from importlib.metadata import version

import geohash2

position = geohash2.decode(geohash2.encode(33.6372, -7.4483))
print("geohash2", version("geohash2"), position)
assert position == ("33.6372", "-7.4483")
END
