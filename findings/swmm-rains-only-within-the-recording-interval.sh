#!/bin/sh
# Guess: an intensity of a rain gage lasts until the next line of its time series.
# Seen: it lasts for the gage's recording interval and the rest is dry: quarters of an hour at 12 mm/h with an interval of
#       0:05 are 4 mm instead of 12. pyswmm raises nothing; the report file has a warning.
# Why here: our readings of rain come every few minutes; a drainage model fed with them needs their own interval.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyswmm==1.5.1
cd "$folder"
venv/bin/python -W ignore - <<'END'
from importlib.metadata import version
from pathlib import Path

from pyswmm import Simulation, Subcatchments

MODEL = """[OPTIONS]
FLOW_UNITS CMS
INFILTRATION HORTON
FLOW_ROUTING KINWAVE
START_DATE 05/01/2026
END_DATE 05/01/2026
END_TIME 03:00:00
REPORT_STEP 00:05:00
WET_STEP 00:01:00
DRY_STEP 00:05:00
ROUTING_STEP 30
[RAINGAGES]
gage INTENSITY {interval} 1.0 TIMESERIES rain
[SUBCATCHMENTS]
quay gage sea 1 100 100 1 0
[SUBAREAS]
quay 0.01 0.1 0 0 100 OUTLET
[INFILTRATION]
quay 3 0.5 4 7 0
[OUTFALLS]
sea 0 FREE NO
[TIMESERIES]
rain 0:00 12
rain 0:15 12
rain 0:30 12
rain 0:45 12
rain 1:00 0
"""
seen = {}
for interval in ("0:15", "0:05"):
    Path("city.inp").write_text(MODEL.format(interval=interval))
    with Simulation("city.inp") as simulation:
        quay = Subcatchments(simulation)["quay"]
        for _ in simulation:
            pass
        seen[interval] = round(quay.statistics["precipitation"], 3)
print("pyswmm", version("pyswmm"), "rain of an hour at 12 mm/h by recording interval [mm]:", seen)
assert seen == {"0:15": 12.0, "0:05": 4.0}
END
