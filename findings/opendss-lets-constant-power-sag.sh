#!/bin/sh
# Guess: a load of model 1, "constant power", draws its power at any voltage at which the flow converges.
# Seen: below 0.95 of its rated voltage it becomes a constant impedance, without a word: 1000 kW are 892 at 0.9 and 695
#       at 0.8. Only vminpu, written out, keeps it constant.
# Why here: a weak feeder looks less loaded in it than in pandapower or power-grid-model, whose loads stay constant.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check OpenDSSDirect.py==0.9.4
"$folder/venv/bin/python" - <<'END'
from importlib.metadata import version

import opendssdirect as dss


def drawn(voltage: float, options: str = "") -> int:
    for command in (
        "clear",
        f"new circuit.city basekv=20 pu={voltage} r1=0.0001 x1=0.0001 r0=0.0001 x0=0.0001",
        f"new load.quay bus1=sourcebus kv=20 kw=1000 kvar=0 model=1 {options}",
        "set voltagebases=[20]",
        "calcvoltagebases",
        "solve",
    ):
        dss.Text.Command(command)
    assert dss.Solution.Converged()
    dss.Circuit.SetActiveElement("load.quay")
    return round(dss.CktElement.TotalPowers()[0])


seen = {voltage: drawn(voltage) for voltage in (1.0, 0.96, 0.9, 0.8)}
print("OpenDSSDirect.py", version("OpenDSSDirect.py"), "kW drawn by voltage:", seen)
assert seen == {1.0: 1000, 0.96: 1000, 0.9: 892, 0.8: 695}
assert drawn(0.8, "vminpu=0.5") == 1000
END
