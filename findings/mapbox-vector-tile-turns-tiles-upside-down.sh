#!/bin/sh
# Guess: decode gives coordinates as they are in the tile, where y counts from the upper edge down (specification, 4.3).
# Seen: y counts from the lower edge up: a point 96 below the upper edge has y = 4000, without a word. encode turns it
#       too, so a round trip hides it; only y_coord_down=True leaves it alone.
# Why here: maps of our layers are drawn from tiles, and what a page in JavaScript reads from them lies the other way up.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check mapbox-vector-tile==2.2.0
"$folder/venv/bin/python" -W ignore - <<'END'
from importlib.metadata import version

import mapbox_vector_tile

# A tile written by hand: layer "s" of version 2, extent 4096, one point: MoveTo(10, 96)
feature = bytes.fromhex("1801 2204 0914c001")
layer = bytes.fromhex("7802 0a0173") + bytes([0x12, len(feature)]) + feature + bytes.fromhex("288020")
tile = bytes([0x1A, len(layer)]) + layer
seen = {}
for name, options in (("by default", {}), ("y_coord_down", {"y_coord_down": True})):
    (point,) = mapbox_vector_tile.decode(tile, default_options=options)["s"]["features"]
    seen[name] = point["geometry"]["coordinates"]
print("mapbox-vector-tile", version("mapbox-vector-tile"), "reads the point (10, 96) as", seen)
assert seen == {"by default": [10, 4000], "y_coord_down": [10, 96]}
again = mapbox_vector_tile.encode({"name": "s", "features": [{"geometry": "POINT (10 96)", "properties": {}}]})
assert feature not in again, "encode turns it as well"
END
