#!/bin/sh
# Guess: the same JSON-LD gives the same triples in every library: 21.0 is "21" (integer), 21.5 is "2.15E1" (double), as
#        JSON-LD 1.1 API, 8.2 has it.
# Seen: pyld does so; rdflib gives "21.0" (double) and "21.5" (double).
# Why here: catalogues and NGSI-LD are JSON-LD; hashes and signatures of one document differ by its reader, and a value
#           that has lost its fraction changes its type from one message to the next.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyld==3.3.0 rdflib==7.6.0
cd "$folder"
venv/bin/python -W ignore - <<'END'
import json
from importlib.metadata import version

import rdflib
from pyld import jsonld

seen = {}
for value in (21, 21.0, 21.5):
    document = {"@context": {"@vocab": "https://example.org/"}, "@id": "https://example.org/s", "t": value}
    [(_, _, literal)] = rdflib.Graph().parse(data=json.dumps(document), format="json-ld")
    theirs = jsonld.to_rdf(document)["@default"][0]["object"]
    pyld = theirs["value"], theirs["datatype"].split("#")[1]
    seen[repr(value)] = pyld, (str(literal), literal.datatype.split("#")[1])
print("pyld", version("pyld"), "and rdflib", version("rdflib"), seen)
assert seen == {
    "21": (("21", "integer"), ("21", "integer")),
    "21.0": (("21", "integer"), ("21.0", "double")),
    "21.5": (("2.15E1", "double"), ("21.5", "double")),
}
END
