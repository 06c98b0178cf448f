#!/bin/sh
# Guess: spike_test flags the spike.
# Seen: by default (method average) a spike of more than twice the threshold takes its two good neighbours with it:
#       three FAIL for one. method=differential flags the spike alone.
# Why here: by point, two of three such detections are false alarms; our scoring pays an event once, and each false
#           one costs.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check ioos_qc==3.0.0
"$folder/venv/bin/python" - <<'END'
from importlib.metadata import version

from ioos_qc.qartod import QartodFlags, spike_test

values = [20.0, 20.0, 20.0, 35.0, 20.0, 20.0, 20.0]
failed = {
    method: [int(i) for i in (spike_test(values, suspect_threshold=3, fail_threshold=6, **options) == QartodFlags.FAIL).nonzero()[0]]
    for method, options in (("default", {}), ("differential", {"method": "differential"}))
}
print("ioos_qc", version("ioos_qc"), "fails the places", failed, "where the spike is at 3")
assert failed == {"default": [2, 3, 4], "differential": [3]}
END
