#!/bin/sh
# Guess: a volume whose unit carries a factor of 10 (VIFE 77h of EN 13757-3) or 1000 (7Dh) comes multiplied by it, or marked.
# Seen: pymeterbus gives 0.001 m3 for each of 1 litre, 1 litre times 10 and 1 litre times 1000. That the unit
#       has an "unknown enhancement" stands beside the value, and not which. Values below zero are right.
# Why here: meters of large pipes may count in tens and thousands by these factors; a district uses a thousandth of its water.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pymeterbus==0.8.5
"$folder/venv/bin/python" -W ignore - <<'END'
from importlib.metadata import version

import meterbus


def volume(unit):
    record = bytes.fromhex("0c" + unit + "01000000")  # eight digits: 1
    body = bytes.fromhex("0801 72 78563412 2423 28 07 01 00 0000") + record
    frame = bytes([0x68, len(body), len(body), 0x68]) + body + bytes([sum(body) & 0xFF, 0x16])
    (read,) = meterbus.load(frame).records
    return round(float(read.value), 6)


seen = {name: volume(unit) for name, unit in (("1 l", "13"), ("1 l x 10", "9377"), ("1 l x 1000", "937d"), ("100 l", "15"))}
print("pymeterbus", version("pymeterbus"), "reads in m3:", seen)
assert seen == {"1 l": 0.001, "1 l x 10": 0.001, "1 l x 1000": 0.001, "100 l": 0.1}
END
