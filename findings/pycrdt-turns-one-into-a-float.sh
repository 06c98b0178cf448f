#!/bin/sh
# Guess: an integer put into a shared map is read as that integer.
# Seen: 1 is read as 1.0, by pycrdt itself: numbers up to 2^53 become floats, greater ones stay integers. As JSON the document
#       has "1.0" where an integer is expected, as an index of a list 1.0 is a TypeError.
# Why here: plans that several people draw at once count in integers: lanes, beds, places.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pycrdt==0.14.13
"$folder/venv/bin/python" - <<'END'
import json
from importlib.metadata import version

from pycrdt import Doc, Map

shared = Doc().get("plan", type=Map)
shared.update({"lanes": 2, "counter": 2**53 + 1})
seen = json.dumps(shared.to_py(), sort_keys=True)
print("pycrdt", version("pycrdt"), "has", seen, type(shared["lanes"]))
assert seen == '{"counter": 9007199254740993, "lanes": 2.0}'
END
