#!/bin/sh
# Guess: "every day at 02:30" is once a day, also on the day whose hour from 2 to 3 comes twice, as cron itself has it.
# Seen: croniter and APScheduler give 02:30 twice that day, an hour apart; cron-parser for JavaScript gives it once.
# Why here: the hour comes twice in Casablanca when Ramadan begins: a nightly bill or a nightly reset runs twice.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check croniter==7.0.0 apscheduler==3.11.3 tzdata==2026.6
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . cron-parser@5.10.6 > /dev/null
venv/bin/python -W ignore - <<'END'
import subprocess
from datetime import datetime, timedelta
from importlib.metadata import version
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger
from croniter import croniter

zone = ZoneInfo("Africa/Casablanca")
start, end = datetime(2025, 2, 23, 0, 0, tzinfo=zone), datetime(2025, 2, 24, 0, 0, tzinfo=zone)
times = croniter("30 2 * * *", start)
runs = {"croniter": [], "APScheduler": []}
while (run := times.get_next(datetime)) < end:
    runs["croniter"].append(run)
trigger, previous, now = CronTrigger.from_crontab("30 2 * * *", timezone=zone), None, start
while (run := trigger.get_next_fire_time(previous, now)) < end:
    runs["APScheduler"].append(run)
    previous, now = run, (run.astimezone(ZoneInfo("UTC")) + timedelta(minutes=1)).astimezone(zone)
seen = {name: [run.isoformat() for run in listed] for name, listed in runs.items()}
script = """
const { CronExpressionParser } = require("cron-parser");
const [start, end] = [new Date("2025-02-22T23:00:00Z"), new Date("2025-02-24T00:00:00Z")];
const times = CronExpressionParser.parse("30 2 * * *", { currentDate: start, tz: "Africa/Casablanca" });
let runs = 0;
while (times.next().toDate() < end) runs += 1;
console.log(runs);
"""
once = subprocess.run(["node", "-e", script], check=True, capture_output=True, text=True).stdout.strip()
print("croniter", version("croniter"), "APScheduler", version("apscheduler"), seen, "cron-parser 5.10.6 runs:", once)
twice = ["2025-02-23T02:30:00+01:00", "2025-02-23T02:30:00+00:00"]
assert seen == {"croniter": twice, "APScheduler": twice} and once == "1"
END
