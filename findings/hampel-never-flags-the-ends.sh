#!/bin/sh
# Guess: hampel flags an outlier wherever it stands; near the ends of a series its window is shorter, or the lack is told.
# Seen: the first and last half window are never judged: of three equal spikes only the one in the middle is flagged.
# Why here: whoever judges live readings looks at the last one, and this filter can say nothing of it.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check hampel==1.0.2
"$folder/venv/bin/python" - <<'END'
from importlib.metadata import version

import numpy as np
from hampel import hampel

values = np.array([50.0, 20.0, 21.0, 19.0, 20.5, 19.5, 20.0, 50.0, 20.5, 20.0, 19.5, 21.0, 20.0, 50.0])
flagged = [int(index) for index in hampel(values, window_size=5, n_sigma=3.0).outlier_indices]
print("hampel", version("hampel"), "flags", flagged, "of the spikes at", np.flatnonzero(values == 50).tolist())
assert flagged == [7]
END
