#!/bin/sh
# Guess: shortest_path(graph, a, b, weight="length") fails, or leaves the road out, where a road has no length.
# Seen: it counts as 1: the one road without a length is the shortest of all, and a misspelt name counts roads instead of
#       metres. No warning.
# Why here: networks have a road or two whose length is missing; routes by this graph go through them.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check networkx==3.6.1
"$folder/venv/bin/python" -W ignore - <<'END'
from importlib.metadata import version

import networkx as nx

city = nx.Graph()
city.add_edge("port", "market", length=400.0)
city.add_edge("market", "station", length=500.0)
city.add_edge("port", "station")  # over the hill: nobody has measured it
path = nx.shortest_path(city, "port", "station", weight="length")
metres = nx.shortest_path_length(city, "port", "station", weight="length")
misspelt = nx.shortest_path_length(city, "port", "market", weight="lenght")
print("networkx", version("networkx"), "shortest of 400 + 500 and unknown:", path, metres, "misspelt:", misspelt)
assert path == ["port", "station"] and metres == 1 and misspelt == 1
END
