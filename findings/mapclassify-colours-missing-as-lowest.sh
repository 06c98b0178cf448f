#!/bin/sh
# Guess: a district without a value is in no class of a map.
# Seen: NaN is in the first class, and counted there: of 10, NaN and 25 two are "up to 20".
# Why here: districts whose sensors are off look like the cleanest ones.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check mapclassify==2.10.0 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'END'
from importlib.metadata import version

import mapclassify
import numpy as np

levels = np.array([10.0, np.nan, 25.0])
classes = mapclassify.UserDefined(levels, [20, 40])
print("mapclassify", version("mapclassify"), "classes of", levels, "up to 20 and 40:", classes.yb, "counts", classes.counts)
assert classes.yb.tolist() == [0, 0, 1] and classes.counts.tolist() == [2, 1]
END
