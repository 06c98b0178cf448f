#!/bin/sh
# Guess: a feed loaded whole has every stop of stops.txt, or at least each station that a stop names as its parent.
# Seen: stops at which no trip calls are left out, and those are the stations: parent_station points to a row that is gone.
# Why here: platforms of a station are joined by parent_station; with this reader the join finds nothing.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check partridge==1.1.2
cd "$folder"
venv/bin/python -W ignore - <<'END'
import zipfile
from importlib.metadata import version

import partridge

FEED = {
    "agency.txt": "agency_id,agency_name,agency_url,agency_timezone\nA,Bus,http://example.org,Africa/Casablanca\n",
    "stops.txt": "stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station\n"
    "P,Station,33.63,-7.46,1,\nS1,Platform 1,33.63,-7.46,0,P\nS2,Quay,33.64,-7.45,0,\n",
    "routes.txt": "route_id,agency_id,route_short_name,route_type\nR,A,1,3\n",
    "trips.txt": "route_id,service_id,trip_id,direction_id\nR,W,T,0\n",
    "stop_times.txt": "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
    "T,06:00:00,06:00:00,S1,1\nT,06:20:00,06:20:00,S2,2\n",
    "calendar.txt": "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
    "W,1,1,1,1,1,1,1,20260101,20261231\n",
}
with zipfile.ZipFile("feed.zip", "w") as archive:
    for name, text in FEED.items():
        archive.writestr(name, text)
stops = partridge.load_feed("feed.zip").stops
print("partridge", version("partridge"), "reads of P, S1 and S2:", stops.stop_id.tolist(), stops.parent_station.tolist())
assert stops.stop_id.tolist() == ["S1", "S2"] and stops.parent_station.tolist()[0] == "P"
raw = partridge.load_raw_feed("feed.zip").stops
assert raw.stop_id.tolist() == ["P", "S1", "S2"]
END
