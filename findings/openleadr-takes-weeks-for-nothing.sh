#!/bin/sh
# Guess: a duration of ISO 8601 (P1W, PT1.5H) is read, or refused: it says so itself when it guesses that a month has 30
#        days.
# Seen: both are durations of zero, without a word.
# Why here: demand response sends how long to hold a load by such texts; an event of a week is over when it begins.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check openleadr==0.5.36
"$folder/venv/bin/python" - <<'END'
from importlib.metadata import version

from openleadr.utils import parse_duration

seen = {text: parse_duration(text).total_seconds() for text in ("P7D", "P1W", "PT90M", "PT1.5H")}
print("openleadr", version("openleadr"), "reads, in seconds:", seen)
assert seen == {"P7D": 604800.0, "P1W": 0.0, "PT90M": 5400.0, "PT1.5H": 0.0}
END
