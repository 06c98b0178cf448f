#!/bin/sh
# Guess: of a file in millimetres, positions and shapes come in one unit.
# Seen: get_local_placement gives the file's millimetres, and the geometry of the same wall metres: 5000 beside 5.0.
# Why here: buildings come as IFC, mostly in millimetres; a point of a shape added to such a placement is off by a
#           factor of 1000.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check ifcopenshell==0.9.0.post1
"$folder/venv/bin/python" -W ignore - <<'END'
from importlib.metadata import version

import ifcopenshell
import ifcopenshell.geom
import numpy as np
from ifcopenshell.api import run
from ifcopenshell.util.placement import get_local_placement

model = run("project.create_file")
run("root.create_entity", model, ifc_class="IfcProject")
run("unit.assign_unit", model, units=[run("unit.add_si_unit", model, unit_type="LENGTHUNIT", prefix="MILLI")])
parent = run("context.add_context", model, context_type="Model")
body = run("context.add_context", model, context_type="Model", context_identifier="Body", target_view="MODEL_VIEW", parent=parent)
wall = run("root.create_entity", model, ifc_class="IfcWall")
matrix = np.eye(4)
matrix[0, 3] = 5  # metres, as is_si says
run("geometry.edit_object_placement", model, product=wall, matrix=matrix, is_si=True)
shape = run("geometry.add_wall_representation", model, context=body, length=4, height=3, thickness=0.2)
run("geometry.assign_representation", model, product=wall, representation=shape)
placed = float(get_local_placement(wall.ObjectPlacement)[0, 3])
geometry = ifcopenshell.geom.create_shape(ifcopenshell.geom.settings(), wall)
drawn, length = geometry.transformation.matrix[12], max(geometry.geometry.verts[0::3])
print("ifcopenshell", version("ifcopenshell"), "x of one wall: placement", placed, "geometry", drawn, "its length", length)
assert placed == 5000 and drawn == 5 and length == 4
END
