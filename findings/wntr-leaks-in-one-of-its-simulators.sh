#!/bin/sh
# Guess: a leak that was added to a network leaks in both simulators of WNTR, or the one that cannot says so.
# Seen: in WNTRSimulator 23 l/s leave the pipe; in EpanetSimulator none, without a word: the leak is not written into the
#       file that EPANET reads.
# Why here: detectors of leaks are tried on such runs; on this one there is nothing to detect.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check wntr==1.5.0 six==1.17.0
"$folder/venv/bin/python" -W ignore - <<'END'
import tempfile
from importlib.metadata import version
from pathlib import Path

import wntr

network = wntr.network.WaterNetworkModel()
network.options.time.duration = 7200
network.add_reservoir("source", base_head=50)
network.add_junction("street", base_demand=0.01, elevation=0)
network.add_pipe("main", "source", "street", length=1000, diameter=0.3, roughness=100)
network.get_node("street").add_leak(network, area=0.001, start_time=3600)
prefix = str(Path(tempfile.mkdtemp()) / "run")
results = {"EPANET": wntr.sim.EpanetSimulator(network).run_sim(file_prefix=prefix)}
results["WNTR"] = wntr.sim.WNTRSimulator(network).run_sim()
seen = {name: [round(1000 * flow) for flow in result.link["flowrate"]["main"]] for name, result in results.items()}
print("wntr", version("wntr"), "l/s in the main at 0, 1 and 2 h, with a leak from 1 h on:", seen)
assert seen == {"EPANET": [10, 10, 10], "WNTR": [10, 33, 33]}
END
