#!/bin/sh
# Guess: a track that rises by 10 m and falls by 10 m has 10 m uphill and 10 m downhill.
# Seen: with three points it has 4 and 4, with five points 7 and 7: heights are smoothed first, whatever their distance. With
#       two points, or three that only rise, it has 10.
# Why here: energy of buses and cars on a route is computed from its climbs; routes with few points lose most of them.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check gpxpy==1.6.2
"$folder/venv/bin/python" -W ignore - <<'END'
from importlib.metadata import version

from gpxpy.gpx import GPXTrackPoint, GPXTrackSegment


def climbs(*heights: float) -> tuple[float, float]:
    points = [GPXTrackPoint(33.64 + 0.001 * index, -7.5, elevation=height) for index, height in enumerate(heights)]
    up, down = GPXTrackSegment(points).get_uphill_downhill()
    return round(up, 2), round(down, 2)


seen = [climbs(0, 10, 0), climbs(0, 5, 10, 5, 0), climbs(0, 10), climbs(0, 5, 10)]
print("gpxpy", version("gpxpy"), "uphill and downhill of 0 10 0, 0 5 10 5 0, 0 10 and 0 5 10 m:", seen)
assert seen == [(4, 4), (7, 7), (10, 0), (10, 0)]
END
