#!/bin/sh
# Guess: merging a city in the coordinates of Morocco (EPSG:26191) with one in UTM (EPSG:32629) brings both into one system, or is
#        refused: each file names its own.
# Seen: the merged file names the first system and holds the numbers of both: a house of the same town is 3,400 km
#       away, outside of the system's area. No warning.
# Why here: a cadastre is in the one, models from satellites are in the other; the page would show one city and far away a dot.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check cjio==0.10.1
cd "$folder"
cat > write.py <<'END'
import json
from pathlib import Path

for name, code, corner in (("cadastre", 26191, [313000, 340000, 0]), ("model", 32629, [643000, 3724000, 0])):
    square = [[0, 0, 0], [10000, 0, 0], [10000, 10000, 0], [0, 10000, 0]]
    geometry = {"type": "MultiSurface", "lod": "0", "boundaries": [[[0, 1, 2, 3]]]}
    city = {
        "type": "CityJSON",
        "version": "2.0",
        "metadata": {"referenceSystem": f"https://www.opengis.net/def/crs/EPSG/0/{code}"},
        "transform": {"scale": [0.001, 0.001, 0.001], "translate": corner},
        "CityObjects": {name: {"type": "Building", "geometry": [geometry]}},
        "vertices": square,
    }
    Path(f"{name}.city.json").write_text(json.dumps(city))
END
venv/bin/python write.py
venv/bin/cjio --suppress_msg cadastre.city.json merge model.city.json save merged.city.json
venv/bin/python - <<'END'
import json
from importlib.metadata import version
from pathlib import Path

city = json.loads(Path("merged.city.json").read_text())
scale, corner = (city["transform"][name] for name in ("scale", "translate"))
norths = sorted({round(vertex[1] * scale[1] + corner[1]) for vertex in city["vertices"]})
print("cjio", version("cjio"), "merges into", city["metadata"]["referenceSystem"], "with norths", norths)
assert city["metadata"]["referenceSystem"].endswith("/26191") and norths == [340000, 340010, 3724000, 3724010]
END
