#!/bin/sh
# Guess: the balance of a drainage model in litres per second (SI) has its volumes in one unit: m3, as a storage's volume has.
# Seen: in SystemStats.routing_stats what flows in, out and over is in m3, what is stored at the beginning and the end in cubic
#       feet: 100 m3 in a tank are 3531, while the tank itself says 100. What came in less what went out is not what was added.
# Why here: a balance that does not close is taken for a leak or a wrong model; divide the two by 35.3147 first.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyswmm==2.2.0
"$folder/venv/bin/python" -W ignore - <<'END'
import tempfile
from importlib.metadata import version
from pathlib import Path

from pyswmm import Nodes, Simulation, SystemStats

MODEL = """[OPTIONS]
FLOW_UNITS LPS
FLOW_ROUTING DYNWAVE
START_DATE 06/01/2026
END_DATE 06/01/2026
END_TIME 01:00:00
ROUTING_STEP 5
[STORAGE]
tank 10 3 1 FUNCTIONAL 0 0 100
[OUTFALLS]
sea 9 FREE NO
[WEIRS]
over tank sea TRANSVERSE 2.9 1.84 NO
[XSECTIONS]
over RECT_OPEN 0.1 1 0 0
[INFLOWS]
tank FLOW "" FLOW 1.0 1.0 10
"""
path = Path(tempfile.mkdtemp()) / "model.inp"
path.write_text(MODEL)
with Simulation(str(path)) as simulation:
    for _ in simulation:
        pass
    tank, balance = Nodes(simulation)["tank"], SystemStats(simulation).routing_stats
    kept = tank.volume
seen = {name: round(balance[name], 1) for name in ("initial_storage", "external_inflow", "outflow", "final_storage")}
print("pyswmm", version("pyswmm"), "m3 in the tank at the end:", round(kept, 1), "balance:", seen)
assert round(balance["external_inflow"]) == 36 and round(kept) == 136
assert round(balance["initial_storage"] / 35.3147) == 100 and abs(balance["final_storage"] / 35.3147 - kept) < 1
END
