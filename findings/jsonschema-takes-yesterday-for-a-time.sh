#!/bin/sh
# Guess: with a FormatChecker, "format": "date-time" is checked, or the lack of a checker for it is told.
# Seen: "yesterday" passes: without the package rfc3339-validator date-time has no checker, and a format without one
#       passes in silence. So do uri and duration, while date, email and uuid are checked. With the package it is refused.
# Why here: whoever tests a service against our schemas this way takes any text for a time.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check jsonschema==4.26.0
cd "$folder"
venv/bin/python -W ignore - <<'END'
import json
import subprocess
import sys
from importlib.metadata import version

CHECK = """
import json

from jsonschema import Draft202012Validator, FormatChecker
formats = ("date-time", "uri", "duration", "date", "email", "uuid")
print(json.dumps({f: Draft202012Validator({"format": f}, format_checker=FormatChecker()).is_valid("yes ter day") for f in formats}))
"""


def check() -> dict[str, bool]:
    return json.loads(subprocess.run([sys.executable, "-c", CHECK], check=True, capture_output=True).stdout)


plain = check()
pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "rfc3339-validator==0.1.4"]
subprocess.run(pip, check=True)
print("jsonschema", version("jsonschema"), "finds no fault:", plain, "with rfc3339-validator:", check()["date-time"])
assert plain == {"date-time": True, "uri": True, "duration": True, "date": False, "email": False, "uuid": False}
assert check()["date-time"] is False
END
