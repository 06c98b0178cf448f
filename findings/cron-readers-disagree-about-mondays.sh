#!/bin/sh
# Guess: "0 8 * * 1" is Mondays at eight, and "0 8 */2 * 1" one set of days, for everything that reads crontabs.
# Seen: APScheduler starts the first on Tuesdays. From 3 June on, a Wednesday, the second runs first on that Wednesday
#       (croniter: odd days or Mondays), on Monday the 15th (cronsim: odd Mondays) or on Tuesday the 9th (APScheduler).
# Why here: jobs of the city name their times in words of their own; a crontab copied from a server means other days.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check croniter==7.0.0 cronsim==2.8 APScheduler==3.11.3
"$folder/venv/bin/python" -W ignore - <<'END'
from datetime import UTC, datetime
from importlib.metadata import version

from apscheduler.triggers.cron import CronTrigger
from croniter import croniter
from cronsim import CronSim

start = datetime(2026, 6, 3, tzinfo=UTC)


def days(line: str) -> list[str]:
    trigger = CronTrigger.from_crontab(line, timezone="UTC")
    runs = croniter(line, start).get_next(datetime), next(CronSim(line, start)), trigger.get_next_fire_time(None, start)
    return [f"{run:%a %d}" for run in runs]


print([f"{name} {version(name)}" for name in ("croniter", "cronsim", "apscheduler")])
mondays, odd = days("0 8 * * 1"), days("0 8 */2 * 1")
print("0 8 * * 1:", mondays, "and 0 8 */2 * 1:", odd)
assert mondays == ["Mon 08", "Mon 08", "Tue 09"] and odd == ["Wed 03", "Mon 15", "Tue 09"]
END
