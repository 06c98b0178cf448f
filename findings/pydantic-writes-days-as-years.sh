#!/bin/sh
# Guess: a duration of 400 days is written as P400D, which is what it was.
# Seen: pydantic writes P1Y35D, and reads a year as 365 days, a month as 30. isodate and Luxon read a year of the calendar:
#       from 1 January 2028 it ends a day later. msgspec writes P400D and reads neither year nor month.
# Why here: terms of trials and of data kept are durations; another reader ends them on another day.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pydantic==2.14.4 msgspec==0.23.0 isodate==0.7.2
"$folder/venv/bin/python" -W ignore - <<'END'
from datetime import datetime, timedelta
from importlib.metadata import version

import isodate
import msgspec
from pydantic import TypeAdapter

term, start = timedelta(days=400), datetime(2028, 1, 1)
adapter = TypeAdapter(timedelta)
written = adapter.dump_python(term, mode="json")
ends = [start + term, start + adapter.validate_python(written), start + isodate.parse_duration(written)]
print("pydantic", version("pydantic"), "writes", written, "msgspec", version("msgspec"), msgspec.json.encode(term).decode())
print("ends meant, read by pydantic, and by isodate", version("isodate"), [f"{end:%Y-%m-%d}" for end in ends])
assert written == "P1Y35D" and msgspec.json.encode(term) == b'"P400D"'
assert [f"{end:%m-%d}" for end in ends] == ["02-04", "02-04", "02-05"]
END
