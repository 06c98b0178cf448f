#!/bin/sh
# Guess: a storage in a time series of power flow fills and empties, and stops at empty: it has max_e_mwh and soc_percent.
# Seen: neither counts: 10 kWh, half full, give 50 kW for 24 hours and are half full at the end. No warning.
# Why here: batteries of our grid have an energy; a study that takes it from here finds 1,200 kWh where there are 5.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pandapower==3.5.6
cd "$folder"
venv/bin/python -W ignore - <<'END'
from importlib.metadata import version

import pandapower
from pandapower.timeseries import OutputWriter, run_timeseries

net = pandapower.create_empty_network()
high, low = pandapower.create_bus(net, 20), pandapower.create_bus(net, 0.4)
pandapower.create_ext_grid(net, high)
pandapower.create_transformer(net, high, low, "0.4 MVA 20/0.4 kV")
pandapower.create_storage(net, low, p_mw=-0.05, max_e_mwh=0.01, min_e_mwh=0.0, soc_percent=50.0)
writer = OutputWriter(net, time_steps=range(24))
writer.log_variable("res_storage", "p_mw")
run_timeseries(net, time_steps=range(24), verbose=False)
power = writer.output["res_storage.p_mw"].iloc[:, 0]
given = -float(power.sum()) * 1000
print("pandapower", version("pandapower"), "kWh given in 24 steps of an hour:", round(given, 6), "left %:", net.storage.soc_percent.tolist())
assert len(power) == 24 and abs(given - 1200) < 1e-6 and net.storage.soc_percent.tolist() == [50.0]
END
