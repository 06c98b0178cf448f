#!/bin/sh
# Guess: 10,000 readings come down to about the 100 points asked for, with or without an outage among them.
# Seen: with an outage 20 times as long as the readings, MinMax gives 12 points and MinMaxLTTB 42: points are dealt out by
#       time, and those of the outage are lost. LTTB gives 100.
# Why here: charts of meters that were off for a month show straight lines where there are days.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check tsdownsample==0.1.5.1 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'END'
from importlib.metadata import version

import numpy as np
from tsdownsample import LTTBDownsampler, MinMaxDownsampler, MinMaxLTTBDownsampler

even = np.arange(10_000)
gap = np.r_[even[:5000], even[:5000] + 100_000]
counts = {}
for sampler in (MinMaxDownsampler, MinMaxLTTBDownsampler, LTTBDownsampler):
    counts[sampler.__name__] = [len(set(sampler().downsample(time, np.sin(time / 300), n_out=100))) for time in (even, gap)]
print("tsdownsample", version("tsdownsample"), "points without and with an outage:", counts)
assert counts == {"MinMaxDownsampler": [100, 12], "MinMaxLTTBDownsampler": [100, 42], "LTTBDownsampler": [100, 100]}
END
