#!/bin/sh
# Guess: the losses of a circuit with one line are those of its lines, in one unit.
# Seen: OpenDSS gives Circuit.Losses in W and Circuit.LineLosses in kW (333.7 and 0.3337 for one line); CktElement.Losses is in W, its
#       Powers in kW, and Circuit.TotalPower, in kW, is negative for a feeder that consumes.
# Why here: losses of feeders are a share of what they carry: 3.2 % of 10.3 kW, or 3229 %, or minus.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check OpenDSSDirect.py==0.9.4 dss-python==0.15.7 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'END_PY'
from importlib.metadata import version

import opendssdirect as dss

for command in (
    "clear",
    "new circuit.feeder basekv=0.4 bus1=a",
    "new line.street bus1=a bus2=b length=1 units=km r1=0.5 x1=0.1 r0=0.5 x0=0.1 c1=0 c0=0",
    "new load.houses bus1=b kv=0.4 kw=10 pf=1",
    "solve",
):
    dss.Text.Command(command)
circuit, lines, total = dss.Circuit.Losses()[0], dss.Circuit.LineLosses()[0], dss.Circuit.TotalPower()[0]
dss.Circuit.SetActiveElement("line.street")
line, powers = dss.CktElement.Losses()[0], sum(dss.CktElement.Powers()[::2])
print("OpenDSSDirect.py", version("OpenDSSDirect.py"), f"losses of circuit {circuit:.4g}, lines {lines:.4g}, line {line:.4g}; total power {total:.4g}, powers of the line {powers:.4g}")
assert 330 < circuit < 337 and abs(circuit / lines - 1000) < 1e-6 and abs(line - circuit) < 1e-6
assert -10.4 < total < -10.3 and abs(powers - lines) < 1e-6
END_PY
