#!/bin/sh
# Guess: a generator that feeds 163 MW into the IEEE network of 9 buses has 163 MW, as its target says, after each load flow.
# Seen: pandapower has +163 MW; pypowsybl has -163 MW beside a target of +163 MW: the power of whatever is connected counts as
#       consumed there. The slack is 72.0 MW by the one and -71.6 MW by the other (their voltages differ); loads are
#       positive in both.
# Why here: shares of own generation and balances of feeders are summed over elements; one sign turned doubles the import.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pypowsybl==1.16.1 pandapower==3.5.6 pandas==2.3.3 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'END_PY' 2> /dev/null
from importlib.metadata import version

import pandapower
import pandapower.networks
import pypowsybl

one = pandapower.networks.case9()
pandapower.runpp(one)
other = pypowsybl.network.create_ieee9()
pypowsybl.loadflow.run_ac(other)
generators = other.get_generators()
by_pandapower = [round(float(power), 1) for power in (*one.res_ext_grid.p_mw, *one.res_gen.p_mw)]
by_pypowsybl = [round(float(power), 1) for power in generators.p]
targets = [round(float(power), 1) for power in generators.target_p]
print("pandapower", version("pandapower"), by_pandapower, "pypowsybl", version("pypowsybl"), by_pypowsybl, "with targets", targets)
assert by_pandapower[1:] == targets[1:] == [163, 85] and by_pypowsybl[1:] == [-163, -85]
assert by_pandapower[0] > 70 and by_pypowsybl[0] < -70
assert round(sum(one.res_load.p_mw)) == round(sum(other.get_loads().p)) == 315
END_PY
