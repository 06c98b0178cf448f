#!/bin/sh
# Guess: of two roads between the same two places, 100 m and 300 m long, the shortest path takes the one of 100 m.
# Seen: it is 400 m long: a sparse matrix adds entries of one place, and so does the one that networkx makes of a
#       multigraph. networkx itself finds 100 m.
# Why here: graphs of streets from OpenStreetMap are multigraphs; distances by scipy, which is fast, are too long, silently.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check networkx==3.6.1 scipy==1.17.1 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'END'
from importlib.metadata import version

import networkx as nx
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

roads = coo_array(([100.0, 300.0], ([0, 0], [1, 1])), shape=(2, 2))
streets = nx.MultiDiGraph()
streets.add_edge(0, 1, length=100.0)
streets.add_edge(0, 1, length=300.0)
by_scipy = float(dijkstra(roads, indices=0)[1])
by_matrix = float(dijkstra(nx.to_scipy_sparse_array(streets, weight="length"), indices=0)[1])
by_networkx = nx.shortest_path_length(streets, 0, 1, weight="length")
print("scipy", version("scipy"), "finds", by_scipy, "m, of the matrix of networkx", version("networkx"), by_matrix, "m, networkx", by_networkx, "m")
assert (by_scipy, by_matrix, by_networkx) == (400, 400, 100)
END
