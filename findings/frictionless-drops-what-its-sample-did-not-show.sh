#!/bin/sh
# Guess: extract gives the table as it is, with the types that it found, or fails where a value does not fit them.
# Seen: the types are found from the first 100 rows; a later 21.5 in a column of integers becomes None, without an error or a
#       warning. validate tells it.
# Why here: open data of a city is read with it; a level that was whole all morning loses the afternoon.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check frictionless==5.21.0
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'END'
from importlib.metadata import version
from pathlib import Path

from frictionless import extract, validate

Path("levels.csv").write_text("level\n" + "20\n" * 150 + "21.5\n21\n")
levels = [row["level"] for row in extract("levels.csv")["levels"]]
errors = validate("levels.csv").flatten(["rowNumber", "type"])
print("frictionless", version("frictionless"), "extracts", levels[-3:], "and finds when asked to", errors)
assert levels[-3:] == [20, None, 21] and errors == [[152, "type-error"]]
END
