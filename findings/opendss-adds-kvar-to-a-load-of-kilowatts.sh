#!/bin/sh
# Guess: a load of which only kW are told has no reactive power, as in pandapower, or the lack is told.
# Seen: 100 kW draw 54 kvar: a power factor of 0.88 is assumed. A generator of 100 kW gives 54 kvar likewise, PV and storage
#       none, in one program. pf=1, written out, gives none.
# Why here: our loads are measured in kW; losses and voltages of a feeder modelled from them are those of another feeder.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check opendssdirect.py==0.9.4
"$folder/venv/bin/python" -W ignore - <<'END'
from importlib.metadata import version

from opendssdirect import dss

DEVICES = {
    "load.plain": "kw=100",
    "load.written": "kw=100 pf=1",
    "generator.plain": "kw=100",
    "pvsystem.plain": "kva=100 pmpp=100 irradiance=1",
    "storage.plain": "kwrated=100 kwhrated=100 state=discharging %discharge=100",
}
dss.Text.Command("clear")
dss.Text.Command("new circuit.c basekv=0.4 bus1=a pu=1 mvasc3=1000000")
for name, options in DEVICES.items():
    dss.Text.Command(f"new {name} bus1=a kv=0.4 {options}")
dss.Solution.Solve()
seen = {}
for name in DEVICES:
    dss.Circuit.SetActiveElement(name)
    powers = dss.CktElement.Powers()
    seen[name] = [round(sum(powers[0:6:2])), round(sum(powers[1:6:2]))]
print("OpenDSSDirect.py", version("opendssdirect.py"), "kW and kvar drawn:", seen)
assert list(seen.values()) == [[100, 54], [100, 0], [-100, -54], [-100, 0], [-100, 0]]
END
