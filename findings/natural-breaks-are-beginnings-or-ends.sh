#!/bin/sh
# Guess: natural breaks (Jenks) of the same values are the same limits in each library.
# Seen: the classes are the same, the limits are not: simple-statistics gives the first value of each class, geostats and,
#       in Python, jenkspy and mapclassify the last. Of 1 2 3, 10 11 12, 50 51 the limits are 10 and 50, or 3 and 12.
# Why here: limits computed in a service and drawn by the page put the districts on a limit into the class beside.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check jenkspy==0.4.1
cd "$folder"
npm install --silent --no-audit --no-fund --prefix . simple-statistics@7.12.1 geostats@2.1.0 > /dev/null
node -e 'const values = [1, 2, 3, 10, 11, 12, 50, 51]; const { jenks } = require("simple-statistics"); const Stats = require("geostats"); console.log(JSON.stringify([jenks(values, 3), new Stats(values).getClassJenks(3)]))' > javascript.json
venv/bin/python - <<'END'
import json
from importlib.metadata import version
from pathlib import Path

from jenkspy import jenks_breaks

javascript = json.loads(Path("javascript.json").read_text())
python = [int(limit) for limit in jenks_breaks([1, 2, 3, 10, 11, 12, 50, 51], 3)]
print("simple-statistics 7.12.1 and geostats 2.1.0", javascript, "jenkspy", version("jenkspy"), python)
assert javascript == [[1, 10, 50, 51], [1, 3, 12, 51]] and python == [1, 3, 12, 51]
END
