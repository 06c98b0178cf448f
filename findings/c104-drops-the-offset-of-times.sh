#!/bin/sh
# Guess: a reading of 12:00+01:00 is recorded by the IEC 60870-5-104 client at 11:00 UTC, or refused.
# Seen: the offset is dropped: 12:00 of +01:00, of UTC and of -05:00 are all recorded as 12:00 without a zone, which is local
#       time. The examples of c104 give times in UTC: in Casablanca they are recorded an hour early.
# Why here: substations report to a control room over this protocol; ours has the times of the city with their offset.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check c104==2.2.1
"$folder/venv/bin/python" -W ignore - <<'END'
import os
import time
from datetime import UTC, datetime, timedelta, timezone
from importlib.metadata import version

import c104

os.environ["TZ"] = "<+01>-1"
time.tzset()
zones = [UTC, timezone(timedelta(hours=1)), timezone(timedelta(hours=-5))]
sent = [datetime(2026, 6, 1, 12, tzinfo=zone) for zone in zones]
recorded = [c104.ShortInfo(actual=21.5, recorded_at=moment).recorded_at for moment in sent]
print("c104", version("c104"), "records", [f"{moment:%H:%M%z}" for moment in sent], "as", [moment.isoformat() for moment in recorded])
early = sent[0].timestamp() - recorded[0].timestamp()
print("in Morocco the one in UTC is", early, "s early")
assert recorded == [datetime(2026, 6, 1, 12)] * 3 and early == 3600
END
