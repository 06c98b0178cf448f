#!/bin/sh
# Guess: VUS-PR of a detector that says nothing is that of chance, near the share of anomalies (0.01), as average
#        precision has it.
# Seen: five times that of a random score: 0.56 where a perfect detector gets 0.67 and a random one 0.10.
# Why here: the VUS-PR beside the score of a sensor-quality trial is our own for this reason: it gives silence 0.01.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check dtaianomaly==0.5.1
"$folder/venv/bin/python" - <<'END'
from importlib.metadata import version

import numpy as np
from dtaianomaly.evaluation import VolumeUnderPR

truth = np.zeros(2000, dtype=int)
truth[1000:1020] = 1
scores = {"perfect": truth.astype(float), "silent": np.zeros(2000), "random": np.random.default_rng(0).random(2000)}
values = {name: round(float(VolumeUnderPR().compute(truth, score)), 2) for name, score in scores.items()}
print("dtaianomaly", version("dtaianomaly"), values)
assert values == {"perfect": 0.67, "silent": 0.56, "random": 0.1}
END
