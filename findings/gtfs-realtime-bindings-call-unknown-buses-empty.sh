#!/bin/sh
# Guess: what a vehicle does not tell (load, bearing, speed) is None, or at least "no data available", a value that GTFS
#        Realtime has for loads.
# Seen: occupancy_status is EMPTY, bearing 0 (north) and speed 0, as for a bus that says so. Only HasField tells; in
#       JavaScript it is the same.
# Why here: buses that count nobody are shown as having room, and all look north; vehicle maps take what is not told for None.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check gtfs-realtime-bindings==3.0.0
"$folder/venv/bin/python" -W ignore - <<'END'
from importlib.metadata import version

from google.transit import gtfs_realtime_pb2 as gtfs

feed = gtfs.FeedMessage()
feed.header.gtfs_realtime_version = "2.0"
entity = feed.entity.add(id="1")
entity.vehicle.position.latitude, entity.vehicle.position.longitude = 33.65, -7.45
bus = gtfs.FeedMessage.FromString(feed.SerializeToString()).entity[0].vehicle
load = gtfs.VehiclePosition.OccupancyStatus.Name(bus.occupancy_status)
print("gtfs-realtime-bindings", version("gtfs-realtime-bindings"), load, bus.position.bearing, bus.position.speed)
assert (load, bus.position.bearing, bus.position.speed) == ("EMPTY", 0.0, 0.0)
assert not bus.HasField("occupancy_status") and not bus.position.HasField("bearing")
END
