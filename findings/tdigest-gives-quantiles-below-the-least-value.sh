#!/bin/sh
# Guess: a percentile of a t-digest lies between the least and the greatest value that it was given.
# Seen: of 99 zeros and one 100 the first percentile is -97 and the median 1: the digest holds neither end, and draws
#       straight lines between the means of its groups.
# Why here: waits and water levels are never negative, and most are 0; our own percentiles are of the values themselves.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check tdigest==0.5.2.2
"$folder/venv/bin/python" - <<'END'
from importlib.metadata import version

from tdigest import TDigest

digest = TDigest()
digest.batch_update([0.0] * 99 + [100.0])
seen = {percent: round(digest.percentile(percent), 6) for percent in (0, 1, 50, 90, 100)}
print("tdigest", version("tdigest"), "percentiles of 99 zeros and one 100:", seen)
assert seen[0] == 0 and seen[100] == 100
assert seen[1] < -90 and 0.5 < seen[50] < 1.5 and seen[90] > 70
END
