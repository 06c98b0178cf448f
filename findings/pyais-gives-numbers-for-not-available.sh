#!/bin/sh
# Guess: what a ship marks as not available (position, speed, course, heading) is None, as status and turn have names.
# Seen: the numbers that stand for it: latitude 91, longitude 181, 102.3 knots, course 360 and heading 511.
# Why here: the port of Casablanca begins next to the coast of the city: means of speed and maps have to know these numbers.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyais==3.3.1
cd "$folder"
venv/bin/python -W ignore - <<'END'
from importlib.metadata import version

import pyais

told = {"type": 1, "mmsi": 242000001, "lat": 91.0, "lon": 181.0, "speed": 102.3, "course": 360.0, "heading": 511}
sentence = pyais.encode_dict(told)[0]
seen = {name: getattr(pyais.decode(sentence), name) for name in ("lat", "lon", "speed", "course", "heading", "turn")}
print("pyais", version("pyais"), seen)
assert (seen["lat"], seen["lon"], seen["speed"], seen["course"], seen["heading"]) == (91.0, 181.0, 102.3, 360.0, 511)
END
