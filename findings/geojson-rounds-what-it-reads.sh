#!/bin/sh
# Guess: the package geojson reads a position as it is written.
# Seen: it rounds to six decimals, also when it only reads (geojson.loads), and says nothing.
# Why here: positions of sensors have seven decimals; a file that went through it is no longer the city pack's to the bit.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check geojson==3.2.0
"$folder/venv/bin/python" - <<'END'
from importlib.metadata import version

import geojson

read = geojson.loads("{\"type\": \"Point\", \"coordinates\": [-7.4483123, 33.6372123]}")
print("geojson", version("geojson"), read["coordinates"])
assert read["coordinates"] == [-7.448312, 33.637212]
assert geojson.Point((-7.4483123, 33.6372123), precision=7)["coordinates"] == [-7.4483123, 33.6372123]
END
