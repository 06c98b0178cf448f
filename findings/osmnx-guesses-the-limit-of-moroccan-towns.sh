#!/bin/sh
# Guess: the limit "MA:urban", which OpenStreetMap has for "that of a Moroccan town" (60 km/h), is read as 60, or told as unknown.
# Seen: add_edge_speeds gives such a road the mean of all roads of its kind that have a number, here 110, and travel times follow
#       from it; a road without any limit gets the same. No warning. maxspeed still says MA:urban.
# Why here: roads of Moroccan towns are mapped so; a street of a town gets the speed of the motorway link beside it.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check osmnx==2.1.1
"$folder/venv/bin/python" -W ignore - <<'END'
from importlib.metadata import version

import networkx
import osmnx

roads = networkx.MultiDiGraph(crs="epsg:4326")
limits = ["MA:urban", "100", "120", None]
for place in range(len(limits) + 1):
    roads.add_node(place, x=-7.45 + place / 1000, y=33.64)
for place, limit in enumerate(limits):
    given = {"maxspeed": limit} if limit else {}
    roads.add_edge(place, place + 1, key=0, osmid=place, highway="primary", length=100.0, **given)
speeds = [data["speed_kph"] for *_, data in osmnx.add_edge_speeds(roads).edges(data=True)]
print("osmnx", version("osmnx"), "km/h of", limits, "are", speeds)
assert [round(speed) for speed in speeds] == [110, 100, 120, 110]
END
