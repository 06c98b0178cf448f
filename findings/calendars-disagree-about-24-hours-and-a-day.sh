#!/bin/sh
# Guess: over the night when the clock goes back, an event of P1D from 12:00 ends at 12:00, one of PT24H at 11:00: RFC 5545
#        (3.3.6) has days by the calendar and hours "exact".
# Seen: icalendar and recurring-ical-events end both at 12:00, 25 hours later; node-ical both at 11:00, 24 hours later.
# Why here: works on a network are booked in both ways; in the night in which Ramadan begins in Casablanca the two tools differ
#           by an hour, each in one of the two cases.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . node-ical@0.26.1 > /dev/null
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check icalendar==7.3.2 recurring-ical-events==3.8.2 tzdata==2026.6
venv/bin/python - <<'END'
from pathlib import Path

lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//example//works//EN"]
# In 2026 Casablanca is at UTC from 15 February to 22 March, and at UTC+1 else.
lines += ["BEGIN:VTIMEZONE", "TZID:Africa/Casablanca"]
for part, begin, before, after in (
    ("STANDARD", "20250406T020000", "+0000", "+0100"),
    ("DAYLIGHT", "20260215T030000", "+0100", "+0000"),
    ("STANDARD", "20260322T020000", "+0000", "+0100"),
):
    lines += [f"BEGIN:{part}", f"DTSTART:{begin}", f"TZOFFSETFROM:{before}", f"TZOFFSETTO:{after}", f"END:{part}"]
lines.append("END:VTIMEZONE")
for duration in ("P1D", "PT24H"):
    lines += ["BEGIN:VEVENT", f"UID:{duration}", "DTSTAMP:20260101T000000Z"]
    lines += ["DTSTART;TZID=Africa/Casablanca:20260214T120000", f"DURATION:{duration}", "END:VEVENT"]
Path("works.ics").write_text("\r\n".join([*lines, "END:VCALENDAR", ""]))
END
cat > run.cjs <<'END'
const ical = require("node-ical");

const events = Object.values(ical.parseFile("works.ics")).filter(({ type }) => type === "VEVENT");
console.log(JSON.stringify(events.map(({ start, end }) => (end - start) / 3_600_000)));
END
TZ=UTC node run.cjs > javascript.json
venv/bin/python - <<'END'
import json
from importlib.metadata import version
from pathlib import Path

import icalendar
import recurring_ical_events

calendar = icalendar.Calendar.from_ical(Path("works.ics").read_bytes())
hours = [(event.end.timestamp() - event.start.timestamp()) / 3600 for event in calendar.walk("VEVENT")]
listed = sorted(recurring_ical_events.of(calendar).between("20260101", "20270101"), key=lambda event: event["UID"])
again = [(event["DTEND"].dt.timestamp() - event["DTSTART"].dt.timestamp()) / 3600 for event in listed]
javascript = json.loads(Path("javascript.json").read_text())
print("hours of P1D and of PT24H: icalendar", version("icalendar"), hours, end=" ")
print("recurring-ical-events", version("recurring-ical-events"), again, "node-ical 0.26.1", javascript)
assert hours == again == [25, 25] and javascript == [24, 24]
END
