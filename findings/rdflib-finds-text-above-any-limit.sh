#!/bin/sh
# Guess: SPARQL selects the same readings in each store: a text is above no number, and NaN below none (17.3, 17.4).
# Seen: rdflib finds the text "n/a" above 20, above 1000 too, and NaN below 30; the least of 21, 25 and NaN is NaN. Oxigraph
#       does as the specification says, and its least is 21.
# Why here: readings kept as RDF (SOSA, Brick) have "n/a" of a dead sensor; a rule for alarms fires for it in the one store.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check rdflib==7.6.0 pyoxigraph==0.5.13
"$folder/venv/bin/python" -W ignore - <<'END'
from importlib.metadata import version

import pyoxigraph
import rdflib

READINGS = """@prefix : <http://example.com/> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
:a :value 21 . :b :value 25.0 . :dead :value "n/a" . :broken :value "NaN"^^xsd:double ."""
graph = rdflib.Graph().parse(data=READINGS, format="turtle")
store = pyoxigraph.Store()
store.load(READINGS.encode(), format=pyoxigraph.RdfFormat.TURTLE)
prefix = "PREFIX : <http://example.com/> "
above = "SELECT ?s { ?s :value ?v FILTER(?v > 1000) }"
below = "SELECT ?s { ?s :value ?v FILTER(?v < 30) }"
least = "SELECT (MIN(?v) AS ?s) { ?s0 :value ?v FILTER(isNumeric(?v)) }"
seen = {}
for asked in (above, below, least):
    first = sorted(str(row[0]).rpartition("/")[2] for row in graph.query(prefix + asked))
    second = sorted(row[0].value.rpartition("/")[2] for row in store.query(prefix + asked))
    seen[asked] = [first, second]
print({name: version(name) for name in ("rdflib", "pyoxigraph")}, list(seen.values()))
assert seen[above] == [["dead"], []]
assert seen[below] == [["a", "b", "broken"], ["a", "b"]]
END
