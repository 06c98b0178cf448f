#!/bin/sh
# Guess: a rule of JsonLogic says the same of a reading in each language, and a missing reading is beyond no limit.
# Seen: without a level, "level < 1" fires in JavaScript and Rust, not in Python; "level >= 0" fires in JavaScript alone,
#       and -7 % 3 is -1 or, in Python, 2.
# Why here: rules are written once and run on the page and in services; an outage of a sensor is an alarm of low water
#           with the one, and none with the other.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check json-logic-qubit==0.9.1 jsonlogic-rs==0.5.0
cd "$folder"
npm install --silent --no-audit --no-fund --prefix . json-logic-js@2.0.5 > /dev/null
cat > rules.json <<'END'
[{"<": [{"var": "level"}, 1]}, {">=": [{"var": "level"}, 0]}, {"%": [-7, 3]}]
END
node -e 'const logic = require("json-logic-js"); console.log(JSON.stringify(require("./rules.json").map((rule) => logic.apply(rule, {level: null}))))' > javascript.json
venv/bin/python -W ignore - <<'END'
import json
from importlib.metadata import version
from pathlib import Path

import json_logic
import jsonlogic_rs

rules = json.loads(Path("rules.json").read_text())
reading = {"level": None}
javascript = json.loads(Path("javascript.json").read_text())
python = [json_logic.jsonLogic(rule, reading) for rule in rules]
rust = [jsonlogic_rs.apply(rule, reading) for rule in rules]
names = "json-logic-js 2.0.5", f"json-logic-qubit {version('json-logic-qubit')}", f"jsonlogic-rs {version('jsonlogic-rs')}"
print("level < 1, level >= 0 and -7 % 3:", dict(zip(names, (javascript, python, rust), strict=True)))
assert (javascript, python, rust) == ([True, True, -1], [False, False, 2], [True, False, -1])
END
