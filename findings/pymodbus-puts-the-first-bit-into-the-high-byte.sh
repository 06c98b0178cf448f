#!/bin/sh
# Guess: the bits (1, 0, 1) as one register are 0x0005, as in the data of a coil response the first coil is the lowest bit.
# Seen: 0x0500. Bits fill bytes from the lowest bit on, but the first byte is the high byte of the register.
# Why here: meters and chargers show status flags in registers; flag 0 read this way is bit 8 of the maker's table.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pymodbus==3.16.1
"$folder/venv/bin/python" - <<'END'
from importlib.metadata import version

from pymodbus.client.mixin import ModbusClientMixin as Mixin

(register,) = Mixin.convert_to_registers([True, False, True], Mixin.DATATYPE.BITS)
print("pymodbus", version("pymodbus"), hex(register))
assert register == 0x0500
END
