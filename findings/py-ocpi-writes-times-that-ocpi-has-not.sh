#!/bin/sh
# Guess: a time that comes with an offset goes out as OCPI wants it: RFC 3339, in UTC (2026-06-01T11:00:00Z).
# Seen: py-ocpi says so in its docstring, and writes "2026-06-01 12:00:00+01:00": a space in place of T, the offset kept. A time in UTC
#       ends with +00:00, one without a zone stays without. A party that sorts these as text, or reads the first 19
#       characters as UTC, as the standard lets it, has the hour of the clock on the wall.
# Why here: sessions of charging are billed by hour of tariff; partners of another library read them an hour late, or not.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check py-ocpi==0.3.1 pydantic==1.10.27
"$folder/venv/bin/python" -W ignore - <<'END_PY'
import json
from importlib.metadata import version

from py_ocpi.core.data_types import DateTime
from pydantic import BaseModel


class Session(BaseModel):
    start: DateTime


texts = ["2026-06-01T12:00:00+01:00", "2026-06-01T11:00:00+00:00", "2026-06-01T11:00:00"]
seen = [json.loads(Session(start=text).json())["start"] for text in texts]
print("py-ocpi", version("py-ocpi"), texts, "go out as", seen)
assert "SHALL be in UTC" in DateTime.__doc__
assert seen == ["2026-06-01 12:00:00+01:00", "2026-06-01 11:00:00+00:00", "2026-06-01 11:00:00"]
assert sorted(seen)[-1] == seen[0]  # the two moments are one
END_PY
