#!/bin/sh
# Guess: with one p-value missing (NaN), multipletests leaves it out, or answers NaN and rejects nothing.
# Seen: fdr_bh makes every corrected p-value NaN and still rejects the first; holm counts the missing one as a test
#       more.
# Why here: in a comparison of services one may have had no run; our ranking ranks no failed run, so no value is missing.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check statsmodels==0.15.0
"$folder/venv/bin/python" - <<'END'
from importlib.metadata import version

import numpy as np
from statsmodels.stats.multitest import multipletests

values = [0.01, np.nan, 0.04, 0.2]
rejected, corrected = multipletests(values, method="fdr_bh")[:2]
print("statsmodels", version("statsmodels"), "fdr_bh", rejected.tolist(), corrected.tolist())
assert rejected.tolist() == [True, False, False, False]
assert np.isnan(corrected).all()
holm = multipletests(values, method="holm")[1]
print("holm", holm.tolist(), "and without the missing one", multipletests([0.01, 0.04, 0.2], method="holm")[1].tolist())
assert np.isclose(holm[0], 0.04)
assert np.isclose(multipletests([0.01, 0.04, 0.2], method="holm")[1][0], 0.03)
END
