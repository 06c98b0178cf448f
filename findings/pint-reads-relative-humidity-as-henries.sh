#!/bin/sh
# Guess: pint knows %RH, the unit of relative humidity in SenML (RFC 8428), or refuses it as it refuses ug/m3.
# Seen: "50 %RH" is 50 percent times ronnahenry: R is the prefix ronna (1e27), H the unit henry. No error, no warning.
# Why here: units are kept as their senders wrote them, and never handed to a parser of units that guesses.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pint==0.25.3
"$folder/venv/bin/python" - <<'END'
import pint

units = pint.UnitRegistry()
humidity = units("50 %RH")
print("pint", pint.__version__, "50 %RH is", humidity, "with dimensions", humidity.dimensionality)
assert str(humidity) == "50 percent * ronnahenry"
assert humidity.check("[mass] * [length]**2 / [current]**2 / [time]**2")
try:
    units("12 ug/m3")
except pint.UndefinedUnitError as error:
    print("12 ug/m3:", error)
else:
    raise AssertionError("ug/m3 is understood now")
END
