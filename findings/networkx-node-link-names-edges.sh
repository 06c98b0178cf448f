#!/bin/sh
# Guess: node_link_data writes {nodes, links}, as d3 and older files have it, and node_link_graph reads such a file.
# Seen: since 3.6 the member is called edges; a file with links is a KeyError that names edges.
# Why here: networks are published as node-link JSON; whoever reads them with d3 or with networkx expects different names.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check networkx==3.6.1
"$folder/venv/bin/python" - <<'END'
from importlib.metadata import version

import networkx as nx

written = nx.node_link_data(nx.path_graph(2))
print("networkx", version("networkx"), sorted(written))
assert "edges" in written and "links" not in written
older = {"nodes": [{"id": 0}, {"id": 1}], "links": [{"source": 0, "target": 1}]}
try:
    nx.node_link_graph(older)
except KeyError as error:
    print("KeyError", error)
else:
    raise SystemExit("a file with links is read again")
assert list(nx.node_link_graph(older, edges="links").edges()) == [(0, 1)]
END
