#!/bin/sh
# Guess: a frame of dataclasses has the same columns as a frame of the same values in dicts.
# Seen: times with a zone become times in UTC without one; from dicts they keep it. No warning.
# Why here: readings as objects have times in UTC, and a frame of them does not join with one that came over Arrow.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check polars==2.1.0
"$folder/venv/bin/python" - <<'END'
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone

import polars as pl


@dataclass
class Reading:
    time: datetime
    value: float


rows = [Reading(datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))), 1.0)]
objects, dicts = pl.DataFrame(rows), pl.DataFrame([asdict(row) for row in rows])
print("polars", pl.__version__, objects.schema["time"], dicts.schema["time"], objects["time"][0], dicts["time"][0])
assert objects.schema["time"] == pl.Datetime("us", None)
assert dicts.schema["time"] == pl.Datetime("us", "UTC")
assert objects["time"][0] == datetime(2026, 1, 1)
END
