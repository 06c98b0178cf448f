#!/bin/sh
# Guess: pecos, which names no limit for pandas, checks for stuck sensors with the current pandas as with the one before.
# Seen: of 16 readings 8 are stuck; with pandas 2 these 8 are found, with pandas 3 all 16 are, and nothing is said.
# Why here: services that rate sensors by pecos find a city of dead sensors after an upgrade of pandas.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/check.py" <<'END'
import sys
from importlib.metadata import version

import pandas as pd
import pecos

levels = [1.0, 2, 3, 4, 5, 5, 5, 5, 5, 5, 5, 5, 6, 7, 8, 9]
frame = pd.DataFrame({"level": levels}, index=pd.date_range("2026-06-01", periods=16, freq="15min"))
passed = pecos.monitoring.check_delta(frame, [0.5, None], window=3600)["mask"]["level"]
stuck = [index for index, good in enumerate(passed) if not good]
print("pecos", version("pecos"), "with pandas", version("pandas"), "finds", len(stuck), "of 16 readings stuck")
assert stuck == (list(range(4, 12)) if sys.argv[1] == "2" else list(range(16)))
END
for pandas in 2.3.3 3.1.1; do
    python3 -m venv "$folder/$pandas"
    "$folder/$pandas/bin/pip" install --quiet --disable-pip-version-check pecos==1.0.0 "pandas==$pandas"
    "$folder/$pandas/bin/python" -W ignore "$folder/check.py" "${pandas%%.*}"
done
