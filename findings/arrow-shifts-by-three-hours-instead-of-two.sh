#!/bin/sh
# Guess: shift(hours=2) is two hours later, in a library that is made for zones: "shift days" goes by the calendar, hours do not.
# Seen: arrow moves the clock on the wall: over the night in which Ramadan begins in Casablanca two hours are three, and
#       Arrow.range by hours from midnight to 06:00 has 7 steps where 8 hours begin. Spans leave the same hour out.
# Why here: that night an hour comes twice; a tariff, a shift or a gap of two hours that is reckoned so is an hour too long.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check arrow==1.4.0 tzdata==2026.6
"$folder/venv/bin/python" - <<'END'
from importlib.metadata import version

import arrow

zone = "Africa/Casablanca"
start = arrow.get("2026-02-15T01:30:00+01:00").to(zone)
hours = [(start.shift(hours=count).timestamp() - start.timestamp()) / 3600 for count in (1, 2, 3)]
midnight, six = (arrow.get(f"2026-02-15T0{hour}:00:00", tzinfo=zone) for hour in (0, 6))
steps = [each.isoformat() for each in arrow.Arrow.range("hour", midnight, six)]
really = (six.timestamp() - midnight.timestamp()) / 3600
print("arrow", version("arrow"), "shifts by 1, 2 and 3 hours:", hours, "- hours between", really, "steps", steps)
assert hours == [1, 3, 4] and really == 7 and len(steps) == 7
END
