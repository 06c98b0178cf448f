#!/bin/sh
# Guess: flat_line_test with tolerance=0 flags the series that does not change at all, and no other.
# Seen: it flags nothing, ever: the range has to be less than the tolerance, and no range is less than 0. A dead
#       sensor is GOOD.
# Why here: stuck sensors are what our trials of sensor quality ask for; a service on this test needs a tolerance
#           above 0.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check ioos_qc==3.0.0
"$folder/venv/bin/python" - <<'END'
from importlib.metadata import version

import numpy as np
from ioos_qc.qartod import QartodFlags, flat_line_test

times = np.arange("2026-01-01T00:00", "2026-01-01T00:10", dtype="datetime64[m]")
flags = {
    tolerance: flat_line_test(np.full(10, 3.0), times, suspect_threshold=120, fail_threshold=240, tolerance=tolerance)
    for tolerance in (0, 1e-12)
}
print("ioos_qc", version("ioos_qc"), {tolerance: list(each.data) for tolerance, each in flags.items()})
assert (flags[0] == QartodFlags.GOOD).all()
assert (flags[1e-12][4:] == QartodFlags.FAIL).all()
END
