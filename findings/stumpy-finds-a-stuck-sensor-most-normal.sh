#!/bin/sh
# Guess: two days of one same value in a daily rhythm are the discord of the series: its matrix profile is highest there.
# Seen: it is 0 there, the lowest of all: two constant stretches count as the same shape, so the stuck sensor is its own
#       nearest neighbour. Only windows that reach over its ends stand out.
# Why here: a detector that flags where the profile is high says nothing of the hours in which the sensor is stuck, and
#           those are what a trial of sensor quality asks for.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check stumpy==1.14.1
"$folder/venv/bin/python" -W ignore - <<'END'
from importlib.metadata import version

import numpy as np
import stumpy

hours = np.arange(24 * 60)
level = np.sin(2 * np.pi * hours / 24) + np.random.default_rng(1).normal(0, 0.1, len(hours))
level[700:772] = level[700]
profile = stumpy.stump(level, 24)[:, 0].astype(float)
inside = profile[700 : 772 - 24 + 1]
others = np.delete(profile, range(700 - 24, 772))
print("stumpy", version("stumpy"), f"profile inside the stuck stretch: {inside.max()}, elsewhere: median {np.median(others):.2f}")
print("highest profile from hour", int(np.argmax(profile)))
assert inside.max() == 0 and others.min() > 0.3
assert not 700 <= np.argmax(profile) <= 748
END
