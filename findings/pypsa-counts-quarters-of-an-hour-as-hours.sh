#!/bin/sh
# Guess: four snapshots a quarter of an hour apart with a load of 1 MW are 1 MWh: the snapshots are times, so it is known
#        how long each lasts.
# Seen: 4 MWh, and the cost of 4: each snapshot counts as one hour whatever its distance to the next, until
#       snapshot_weightings is set by hand.
# Why here: our meters speak every quarter of an hour; a plan for batteries made from them has four times the energy.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pypsa==1.4.0
"$folder/venv/bin/python" -W ignore - <<'END'
import logging
from importlib.metadata import version

import pandas as pd
import pypsa

logging.disable(logging.CRITICAL)
network = pypsa.Network()
network.set_snapshots(pd.date_range("2026-05-01", periods=4, freq="15min"))
network.add("Bus", "city")
network.add("Generator", "grid", bus="city", p_nom=10, marginal_cost=100)
network.add("Load", "homes", bus="city", p_set=1.0)
energies, costs = [], []
for hours in (None, 0.25):
    if hours:
        network.snapshot_weightings = network.snapshot_weightings * hours
    network.optimize(solver_name="highs", log_to_console=False)
    energies.append(float(network.statistics.supply().sum()))
    costs.append(round(network.objective, 6))
print("pypsa", version("pypsa"), "1 MW for an hour of quarters [MWh]:", energies, "costs:", costs, "(as made, weighted by 0.25)")
assert energies == [4.0, 1.0] and costs == [400.0, 100.0]
END
