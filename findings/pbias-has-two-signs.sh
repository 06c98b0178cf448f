#!/bin/sh
# Guess: percent bias (PBIAS) has one sign wherever it is called that; a model 10 % too high has +10, or everywhere -10.
# Seen: hydroeval has -10 (observed minus simulated), spotpy +10 (simulated minus observed).
# Why here: whoever judges a model of water levels or demand by both corrects it the wrong way by one of them.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check hydroeval==0.1.0 spotpy==1.6.7
"$folder/venv/bin/python" - <<'END'
from importlib.metadata import version

import hydroeval
import numpy as np
from spotpy import objectivefunctions

observed = np.array([10.0, 20.0, 30.0])
simulated = observed * 1.1
by_hydroeval = round(float(hydroeval.evaluator(hydroeval.pbias, simulated, observed)[0]), 6)
by_spotpy = round(float(objectivefunctions.pbias(observed, simulated)), 6)
print("pbias of 10 % too much: hydroeval", version("hydroeval"), by_hydroeval, "spotpy", version("spotpy"), by_spotpy)
assert (by_hydroeval, by_spotpy) == (-10.0, 10.0)
END
