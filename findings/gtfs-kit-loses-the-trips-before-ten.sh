#!/bin/sh
# Guess: 9:05:00 and 09:05:00 are the same time: GTFS allows both (H:MM:SS).
# Seen: gtfs-kit compares times of stops as text: a feed with trips at 9:00 and 10:00 begins at 10:00:00 and ends at 9:10:00, and
#       no trip runs at 9:05, though one does. Its statistics of trips have 09:00:00 and are right.
# Why here: asked which buses run at nine in the morning, a service answers none; pad the times before.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check gtfs-kit==13.0.1
"$folder/venv/bin/python" -W ignore - <<'END'
import tempfile
import zipfile
from importlib.metadata import version
from pathlib import Path

import gtfs_kit

TABLES = {
    "agency": "agency_name,agency_url,agency_timezone\nA,https://example.com,Africa/Casablanca\n",
    "stops": "stop_id,stop_name,stop_lat,stop_lon\na,A,33.65,-7.45\nb,B,33.66,-7.44\n",
    "routes": "route_id,route_short_name,route_type\nr,1,3\n",
    "trips": "route_id,service_id,trip_id\nr,s,nine\nr,s,ten\n",
    "calendar": "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
    "s,1,1,1,1,1,1,1,20260101,20261231\n",
    "stop_times": "trip_id,arrival_time,departure_time,stop_id,stop_sequence\nnine,9:00:00,9:00:00,a,1\n"
    "nine,9:10:00,9:10:00,b,2\nten,10:00:00,10:00:00,a,1\nten,10:10:00,10:10:00,b,2\n",
}
path = Path(tempfile.mkdtemp()) / "feed.zip"
with zipfile.ZipFile(path, "w") as file:
    for name, text in TABLES.items():
        file.writestr(f"{name}.txt", text)
feed = gtfs_kit.read_feed(path, dist_units="km")
ends = feed.get_start_and_end_times()
running = {at: list(feed.get_trips("20260601", at).trip_id) for at in ("09:05:00", "10:05:00")}
print("gtfs-kit", version("gtfs-kit"), "first and last:", ends, "running:", running)
assert ends == ("10:00:00", "9:10:00") and running == {"09:05:00": [], "10:05:00": ["ten"]}
END
