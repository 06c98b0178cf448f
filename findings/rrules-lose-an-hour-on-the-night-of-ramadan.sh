#!/bin/sh
# Guess: an hourly RRULE in Africa/Casablanca runs 25 times on the day when Ramadan's time begins, and a daily one of 02:30
#        not at all when it ends, as RFC 5545 has it ("nonexistent local time ... MUST be ignored").
# Seen: hourly, each leaves out one hour of that night: 02:30 UTC dateutil and rrule-temporal, 01:30 UTC rrule. At the end,
#       dateutil and rrule run an hour twice and the daily rule at 02:30 and 01:30 UTC; rrule-temporal the day after.
# Why here: hourly readings and timetables in RRULEs have a hole, or a double, on two nights each year, each its own.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check python-dateutil==4.0.0 tzdata==2026.6
cd "$folder"
npm install --silent --no-audit --no-fund --prefix . rrule@2.8.1 rrule-temporal@2.2.8 > /dev/null
cat > rules.json <<'END'
[["20260215T003000", "FREQ=HOURLY;COUNT=5"], ["20260322T003000", "FREQ=HOURLY;COUNT=4"], ["20260322T000000", "FREQ=DAILY;BYHOUR=2;BYMINUTE=30;COUNT=1"]]
END
cat > runs.mjs <<'END'
import { readFileSync } from "node:fs";
import rrule from "rrule";
import { RRuleTemporal } from "rrule-temporal";

const lines = JSON.parse(readFileSync("rules.json")).map(([start, rule]) => `DTSTART;TZID=Africa/Casablanca:${start}\nRRULE:${rule}`);
const byRrule = lines.map((line) => rrule.rrulestr(line).all().map((run) => run.toISOString().slice(8, 16)));
const byTemporal = lines.map((rruleString) =>
  new RRuleTemporal({ rruleString }).all().map((run) => run.toInstant().toString().slice(8, 16)),
);
console.log(JSON.stringify([byRrule, byTemporal]));
END
TZ=UTC node runs.mjs > javascript.json
TZ=UTC PYTHONTZPATH= venv/bin/python -W ignore - <<'END'
import json
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

ZONE = ZoneInfo("Africa/Casablanca")
python = []
for start, rule in json.loads(Path("rules.json").read_text()):
    runs = rrulestr(rule, dtstart=datetime.strptime(start, "%Y%m%dT%H%M%S").replace(tzinfo=ZONE))
    python.append([f"{run.astimezone(UTC):%dT%H:%M}" for run in runs])
by_rrule, by_temporal = json.loads(Path("javascript.json").read_text())
for name, runs in (("dateutil " + version("python-dateutil"), python), ("rrule 2.8.1", by_rrule), ("rrule-temporal 2.2.8", by_temporal)):
    print(name, "in UTC:", runs)
assert python == [
    ["14T23:30", "15T00:30", "15T01:30", "15T03:30", "15T04:30"],
    ["22T00:30", "22T01:30", "22T02:30", "22T02:30"],
    ["22T02:30"],
]
assert by_rrule == [
    ["14T23:30", "15T00:30", "15T02:30", "15T03:30", "15T04:30"],
    ["22T00:30", "22T01:30", "22T01:30", "22T02:30"],
    ["22T01:30"],
]
assert by_temporal == [
    ["14T23:30", "15T00:30", "15T01:30", "15T03:30", "15T04:30"],
    ["22T00:30", "22T01:30", "22T02:30", "22T03:30"],
    ["23T01:30"],
]
END
