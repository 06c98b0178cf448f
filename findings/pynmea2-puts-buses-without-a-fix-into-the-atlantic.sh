#!/bin/sh
# Guess: a sentence of a receiver that has no fix yet (empty position, quality 0) has the latitude None, or raises.
# Seen: latitude and longitude are 0.0, for GGA, RMC and GLL alike: a point in the Gulf of Guinea. Only is_valid tells.
# Why here: buses and bins switch their receivers on before they have a fix; each start would be a jump of 3,800 km.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pynmea2==1.19.0
cd "$folder"
venv/bin/python -W ignore - <<'END'
from importlib.metadata import version

import pynmea2


def sentence(body: str) -> str:
    checksum = 0
    for character in body:
        checksum ^= ord(character)
    return f"${body}*{checksum:02X}"


bodies = ("GPGGA,101010.00,,,,,0,00,99.99,,,,,,", "GPRMC,101010.00,V,,,,,,,010626,,,N", "GPGLL,,,,,101010.00,V,N")
messages = [pynmea2.parse(sentence(body)) for body in bodies]
seen = [(message.latitude, message.longitude, message.is_valid) for message in messages]
print("pynmea2", version("pynmea2"), "latitude, longitude and is_valid without a fix:", seen)
assert seen == [(0.0, 0.0, False)] * 3
END
