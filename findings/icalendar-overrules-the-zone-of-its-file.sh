#!/bin/sh
# Guess: a calendar that brings its own VTIMEZONE is read by it, whatever its TZID is called (RFC 5545, 3.6.5).
# Seen: icalendar and node-ical read Africa/Casablanca by the rules of the machine and set the file's aside; under a name
#       that no machine knows (Zenata) they read them. ical.js takes the file's both times.
# Why here: offsets of Morocco change at short notice: the file has the rules of who wrote it, the machine perhaps older ones.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check icalendar==7.3.2 tzdata==2026.6
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . ical.js@2.2.1 node-ical@0.26.1 > /dev/null
venv/bin/python -W ignore - <<'END'
import subprocess
from datetime import UTC
from importlib.metadata import version
from pathlib import Path

import icalendar

LINES = """BEGIN:VCALENDAR VERSION:2.0 PRODID:t BEGIN:VTIMEZONE TZID:Africa/Casablanca BEGIN:STANDARD DTSTART:19700101T000000
TZOFFSETFROM:+0000 TZOFFSETTO:+0000 END:STANDARD END:VTIMEZONE BEGIN:VEVENT UID:1 DTSTAMP:20250501T000000Z
DTSTART;TZID=Africa/Casablanca:20250601T120000 END:VEVENT END:VCALENDAR"""
SCRIPT = """
import { readFileSync } from "node:fs";
import ICAL from "ical.js";
import ical from "node-ical";
const text = readFileSync(process.argv[2], "utf8");
const calendar = new ICAL.Component(ICAL.parse(text));
const start = new ICAL.Event(calendar.getFirstSubcomponent("vevent")).startDate.toJSDate();
const event = Object.values(ical.sync.parseICS(text)).find((part) => part.type === "VEVENT");
console.log(start.toISOString().slice(11, 16), event.start.toISOString().slice(11, 16));
"""
Path("read.mjs").write_text(SCRIPT)
seen = {}
for name in ("Africa/Casablanca", "Zenata"):
    text = "\r\n".join(LINES.split()).replace("Africa/Casablanca", name) + "\r\n"
    Path("file.ics").write_text(text)
    start = icalendar.Calendar.from_ical(text).walk("VEVENT")[0]["DTSTART"].dt.astimezone(UTC)
    words = subprocess.run(["node", "read.mjs", "file.ics"], check=True, capture_output=True, text=True).stdout.split()
    seen[name] = {"icalendar": f"{start:%H:%M}", "ical.js": words[0], "node-ical": words[1]}
print("icalendar", version("icalendar"), "ical.js 2.2.1 node-ical 0.26.1: noon at +00:00, as the file has it, is in UTC:", seen)
assert seen["Africa/Casablanca"] == {"icalendar": "11:00", "ical.js": "12:00", "node-ical": "11:00"}
assert set(seen["Zenata"].values()) == {"12:00"}
END
