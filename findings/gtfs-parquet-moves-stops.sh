#!/bin/sh
# Guess: a feed that is read and written again has its stops where they were.
# Seen: gtfs-parquet keeps positions in 32 bits: the latitude 33.6412347 is written as 33.641235, and 33.6412364 too: two
#       platforms 20 cm apart become one, and each stop moves by up to 21 cm to the north or south.
# Why here: our positions have seven decimals; a feed that went through it no longer matches the one it came from.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check gtfs-parquet==0.7.2
cd "$folder"
"$folder/venv/bin/python" - <<'END'
import csv
import io
import zipfile
from importlib.metadata import version

import gtfs_parquet

TABLES = {
    "agency": "agency_id,agency_name,agency_url,agency_timezone\na,A,https://example.org,Africa/Casablanca\n",
    "stops": "stop_id,stop_name,stop_lat,stop_lon\n1,One,33.6412347,-7.4512346\n2,Two,33.6412364,-7.4512346\n",
    "routes": "route_id,agency_id,route_short_name,route_type\nr,a,1,3\n",
    "trips": "route_id,service_id,trip_id\nr,d,t\n",
    "stop_times": "trip_id,arrival_time,departure_time,stop_id,stop_sequence\nt,09:00:00,09:00:00,1,1\nt,09:05:00,09:05:00,2,2\n",
    "calendar": (
        "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
        "d,1,1,1,1,1,1,1,20260601,20260630\n"
    ),
}
with zipfile.ZipFile("before.zip", "w") as file:
    for name, text in TABLES.items():
        file.writestr(f"{name}.txt", text)
gtfs_parquet.write_gtfs(gtfs_parquet.parse_gtfs("before.zip"), "after.zip")


def latitudes(feed):
    text = zipfile.ZipFile(feed).read("stops.txt").decode("utf-8-sig")
    return [float(stop["stop_lat"]) for stop in csv.DictReader(io.StringIO(text))]


before, after = latitudes("before.zip"), latitudes("after.zip")
metres = [round((new - old) * 111_195, 3) for old, new in zip(before, after, strict=True)]
print("gtfs-parquet", version("gtfs-parquet"), before, "are written as", after, "metres between:", metres)
assert after[0] == after[1] and max(map(abs, metres)) > 0.05
END
