#!/bin/sh
# Guess: what a vendor names in OCPP's customData passes through the library as it was written.
# Seen: its keys are renamed to snake_case on the way in and back on the way out, and the way back is a guess:
#       SoCTarget arrives as so_c_target and leaves as soCTarget, vehicleVIN as vehicleVin, gridCO2 as gridCo2.
# Why here: the name of a property is what its sender wrote; chargers behind this library have other names on its far side.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check ocpp==2.1.0
"$folder/venv/bin/python" - <<'END'
from importlib.metadata import version

from ocpp.charge_point import camel_to_snake_case, snake_to_camel_case

sent = {"customData": {"vendorId": "x", "SoCTarget": 80, "vehicleVIN": "1", "gridCO2": 310, "targetSoC": 90}}
back = snake_to_camel_case(camel_to_snake_case(sent))
print("ocpp", version("ocpp"), list(sent["customData"]), "become", list(back["customData"]))
assert list(back["customData"]) == ["vendorId", "soCTarget", "vehicleVin", "gridCo2", "targetSoC"]
END
