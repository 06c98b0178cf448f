#!/bin/sh
# Guess: a state that goes from 1 to true has changed: in JSON these are different values.
# Seen: dictdiffer and jsondiff find no change, since Python holds 1 and True for equal. deepdiff finds one, but none when
#       the value stands in a list. jsonpatch finds both.
# Why here: device twins are sent as differences; a lamp that was set by number keeps the number, and strict readers refuse it.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check dictdiffer==0.10.0 jsondiff==2.2.1 deepdiff==9.1.0 jsonpatch==1.48
"$folder/venv/bin/python" -W ignore - <<'END'
from importlib.metadata import version

import deepdiff
import dictdiffer
import jsondiff
import jsonpatch

changes = [({"on": 1}, {"on": True}), ({"lamps": [1, 0]}, {"lamps": [True, 0]})]
seen = {
    "dictdiffer": [bool(list(dictdiffer.diff(*change))) for change in changes],
    "jsondiff": [bool(jsondiff.diff(*change)) for change in changes],
    "deepdiff": [bool(deepdiff.DeepDiff(*change)) for change in changes],
    "jsonpatch": [bool(jsonpatch.make_patch(*change).patch) for change in changes],
}
print("change from 1 to true, alone and in a list:", {f"{name} {version(name)}": found for name, found in seen.items()})
assert seen == {"dictdiffer": [False] * 2, "jsondiff": [False] * 2, "deepdiff": [True, False], "jsonpatch": [True] * 2}
END
