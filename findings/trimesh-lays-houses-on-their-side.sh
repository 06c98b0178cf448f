#!/bin/sh
# Guess: a tower of 30 m stands in a glTF file whichever library wrote it; in glTF up is y.
# Seen: trimesh writes x, y, z as they are, so that a tower along z, as maps and CityJSON have it, is 30 m long and 2 m high; cjio
#       turns its scene by a matrix and the tower stands.
# Why here: buildings of the district are shown by the dashboard and by pilots in viewers of glTF; lying ones throw wrong shadows.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check trimesh==5.2.0 cjio[export]==0.10.1 pyproj==3.7.2 mapbox-earcut==2.1.0 triangle2==20230923 numpy==2.4.6 scipy==1.17.1
"$folder/venv/bin/python" -W ignore - <<'END_PY'
import json
import struct
from importlib.metadata import version

import numpy as np
import trimesh
from cjio import cityjson


def height(glb: bytes) -> float:
    """Return the extent along y of a glTF scene [m], with the matrices of its nodes."""
    length = struct.unpack("<I", glb[12:16])[0]
    scene = json.loads(glb[20 : 20 + length])
    root = np.array(scene["nodes"][scene["scenes"][0]["nodes"][0]].get("matrix", np.eye(4).T.ravel())).reshape(4, 4).T
    box = next(a for a in scene["accessors"] if a["type"] == "VEC3")
    corners = np.array([[*point, 1] for point in (box["min"], box["max"])])
    return float(abs(np.diff((corners @ root.T)[:, 1])[0]))


faces = [[0, 1, 2, 3], [4, 7, 6, 5], [0, 4, 5, 1], [1, 5, 6, 2], [2, 6, 7, 3], [3, 7, 4, 0]]
tower = {
    "type": "CityJSON",
    "version": "2.0",
    "transform": {"scale": [1, 1, 1], "translate": [0, 0, 0]},
    "CityObjects": {"tower": {"type": "Building", "geometry": [{"type": "Solid", "lod": "1", "boundaries": [[[face] for face in faces]]}]}},
    "vertices": [[x, y, z] for z in (0, 30) for x, y in ((0, 0), (0, 2), (1, 2), (1, 0))],
}
by_cjio = cityjson.CityJSON(j=tower).export2glb()
by_cjio.seek(0)
by_trimesh = trimesh.creation.box((1, 2, 30)).export(file_type="glb")
seen = {"trimesh " + version("trimesh"): height(by_trimesh), "cjio " + version("cjio"): height(by_cjio.read())}
print("height of a tower of 1 x 2 x 30 m in glTF:", seen)
assert list(seen.values()) == [2, 30]
END_PY
