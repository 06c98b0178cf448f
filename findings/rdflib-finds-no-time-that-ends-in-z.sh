#!/bin/sh
# Guess: a graph that holds the time 2026-06-01T12:00:00Z is asked for it with the same words and answers; written again it says
#        the same.
# Seen: rdflib turns it into 2026-06-01T12:00:00+00:00 as it reads, cuts seven decimals of a second to six, and finds nothing by
#       the literal that stands in the file. In FILTER (?time = ...) it is found. Oxigraph keeps Z and finds both.
# Why here: our times end in Z; two exports of one graph differ in each line, and so do hashes and signatures of them.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check rdflib==7.6.0 pyoxigraph==0.5.13
"$folder/venv/bin/python" - <<'END'
from importlib.metadata import version

from pyoxigraph import RdfFormat, Store
from rdflib import Graph

TIME = '"2026-06-01T12:00:00Z"^^<http://www.w3.org/2001/XMLSchema#dateTime>'
FILE = f"<urn:a-7> <urn:at> {TIME} .\n" + f"<urn:a-8> <urn:at> {TIME} .\n".replace("00Z", "00.1234567Z")
TERM = f"SELECT ?sensor {{ ?sensor <urn:at> {TIME} }}"
FILTER = f"SELECT ?sensor {{ ?sensor <urn:at> ?time FILTER (?time = {TIME}) }}"

graph = Graph().parse(data=FILE, format="nt")
store = Store()
store.load(input=FILE.encode(), format=RdfFormat.N_TRIPLES)
texts = sorted(str(time) for time in graph.objects())
kept = sorted(quad.object.value for quad in store)
found = [len(list(graph.query(query))) for query in (TERM, FILTER)]
oxigraph = [len(list(store.query(query))) for query in (TERM, FILTER)]
print("rdflib", version("rdflib"), texts, "found by term and by filter:", found)
print("pyoxigraph", version("pyoxigraph"), kept, "found:", oxigraph)
assert texts == ["2026-06-01T12:00:00+00:00", "2026-06-01T12:00:00.123456+00:00"] and found == [0, 1]
assert kept == ["2026-06-01T12:00:00.1234567Z", "2026-06-01T12:00:00Z"] and oxigraph == [1, 1]
END
