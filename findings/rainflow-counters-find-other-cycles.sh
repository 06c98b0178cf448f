#!/bin/sh
# Guess: rainflow counting is a standard (ASTM E1049), so libraries find the same cycles in one state of charge.
# Seen: fatpack sorts turning points into 64 steps unless told, so a swing of 50 % is one of 49.69 %; and of what is left
#       over it makes whole cycles, where rainflow counts halves: 1.5 cycles of 60 % are 2, 2 of 30 % are 1.
# Why here: ageing of batteries of cars and depots is computed from these cycles.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check rainflow==3.2.0 fatpack==0.7.8 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'END'
from importlib.metadata import version

import fatpack
import numpy as np
import rainflow

nested, week = [20, 80, 30, 80, 20], [50, 80, 50, 80, 20, 80, 20, 50]
by_rainflow = [rainflow.count_cycles(charge) for charge in (nested, week)]
by_fatpack = [sorted(fatpack.find_rainflow_ranges(np.array(charge, float)).tolist()) for charge in (nested, week)]
print("rainflow", version("rainflow"), "(swing, cycles):", by_rainflow, "fatpack", version("fatpack"), "swings:", by_fatpack)
assert by_rainflow == [[(50, 1.0), (60, 1.0)], [(30, 2.0), (60, 1.5)]]
assert by_fatpack == [[49.6875, 60.0], [30.0, 60.0, 60.0]]
END
