#!/bin/sh
# Guess: the Brier score of five members 1 to 5, for 4 observed and a limit of 4, is one number in each library.
# Seen: scores has 0.3 by default (corrected for few members), 0.36 without; xskillscore 0.04, since a value at the limit is
#       an event for scores (at least) and none for xskillscore (above). Off the limit the two agree at 0.16.
# Why here: counts of free places and of cars are whole numbers, and so are limits: most of them lie at the limit.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check scores==2.7.0 xskillscore==0.0.29 xarray==2026.9.0 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'END'
from importlib.metadata import version

import xarray as xr
from scores.probability import brier_score_for_ensemble
from xskillscore import threshold_brier_score

members = xr.DataArray([[1.0, 2, 3, 4, 5]], dims=("time", "member"))
free = xr.DataArray([4.0], dims="time")
seen = {}
for limit in (2.5, 4.0):
    by_scores = [brier_score_for_ensemble(members, free, "member", limit, fair_correction=fair) for fair in (True, False)]
    by_xskillscore = threshold_brier_score(free, members, limit, dim="time", member_dim="member")
    seen[limit] = [round(float(score.squeeze()), 3) for score in (*by_scores, by_xskillscore)]
names = f"scores {version('scores')} corrected and not, xskillscore {version('xskillscore')}"
print("limit:", f"[{names}]", seen)
assert seen == {2.5: [0.1, 0.16, 0.16], 4.0: [0.3, 0.36, 0.04]}
END
