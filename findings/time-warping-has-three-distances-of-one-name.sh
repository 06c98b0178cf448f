#!/bin/sh
# Guess: the DTW distance of two series is one number, whichever library computes it.
# Seen: aeon has the sum of squares, tslearn and dtaidistance its root, fastdtw the sum of absolute differences: 6, 2.45 and
#       4 for the same two days.
# Why here: days of one meter are grouped by it, and a threshold found with one library is another one in the next.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check aeon==1.6.0 tslearn==0.10.0 dtaidistance==2.5.1 fastdtw==0.3.4
cd "$folder"
venv/bin/python -W ignore - <<'END'
from importlib.metadata import version

import numpy as np
from aeon.distances import dtw_distance
from dtaidistance import dtw
from fastdtw import fastdtw
from tslearn.metrics import dtw as tslearn_dtw

today, before = np.array([20.0, 21.0, 25.0, 22.0, 20.0]), np.array([20.0, 20.0, 21.0, 23.0, 21.0])
seen = {
    "aeon": dtw_distance(today, before),
    "tslearn": tslearn_dtw(today, before),
    "dtaidistance": dtw.distance(today, before),
    "fastdtw": fastdtw(today, before)[0],
}
print({f"{name} {version(name)}": round(float(value), 4) for name, value in seen.items()})
assert seen["aeon"] == 6 and seen["fastdtw"] == 4
assert abs(seen["tslearn"] - 6**0.5) < 1e-9 and abs(seen["dtaidistance"] - 6**0.5) < 1e-9
END
