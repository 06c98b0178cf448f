#!/bin/sh
# Guess: a trip that frequencies.txt runs every 10 minutes from 6 to 22 o'clock counts as 96 trips in the statistics.
# Seen: it counts as one, from 6:00 to 6:20, with no headway; the file is read, and then not used.
# Why here: minibuses and taxis that keep a headway are published this way; a service that compares lines by these figures
#           takes the busiest for the emptiest.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check gtfs-kit==13.0.1
cd "$folder"
venv/bin/python -W ignore - <<'END'
import zipfile
from importlib.metadata import version

import gtfs_kit

FEED = {
    "agency.txt": "agency_id,agency_name,agency_url,agency_timezone\nA,Bus,http://example.org,Africa/Casablanca\n",
    "stops.txt": "stop_id,stop_name,stop_lat,stop_lon\nS1,One,33.63,-7.46\nS2,Two,33.64,-7.45\n",
    "routes.txt": "route_id,agency_id,route_short_name,route_type\nR,A,1,3\n",
    "trips.txt": "route_id,service_id,trip_id,direction_id\nR,W,T,0\n",
    "stop_times.txt": "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
    "T,06:00:00,06:00:00,S1,1\nT,06:20:00,06:20:00,S2,2\n",
    "calendar.txt": "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
    "W,1,1,1,1,1,1,1,20260101,20261231\n",
    "frequencies.txt": "trip_id,start_time,end_time,headway_secs,exact_times\nT,06:00:00,22:00:00,600,0\n",
}
with zipfile.ZipFile("feed.zip", "w") as archive:
    for name, text in FEED.items():
        archive.writestr(name, text)
feed = gtfs_kit.read_feed("feed.zip", dist_units="km")
row = feed.compute_route_stats(["20260504"]).iloc[0]
seen = {name: row[name] for name in ("num_trips", "start_time", "end_time", "mean_headway")}
print("gtfs-kit", version("gtfs-kit"), "lines of frequencies:", len(feed.frequencies), "statistics:", seen)
assert len(feed.frequencies) == 1
assert row.num_trips == 1 and row.end_time == "06:20:00" and row.mean_headway != row.mean_headway
END
