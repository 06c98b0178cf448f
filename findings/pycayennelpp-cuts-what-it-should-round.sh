#!/bin/sh
# Guess: a value goes into a Cayenne frame at the nearest step of its type (0.01 for analogue inputs, 0.1 for temperatures).
# Seen: it is cut towards zero: 1.15, which has an exact step, becomes 1.14, and 21.57 becomes 21.5.
# Why here: a device that uses it sends up to one step less than it measured; comparisons with what it measured allow for that.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pycayennelpp==2.4.0
"$folder/venv/bin/python" - <<'END'
from importlib.metadata import version

from cayennelpp import LppFrame

frame = LppFrame()
frame.add_analog_input(1, 1.15)
frame.add_temperature(2, 21.57)
frame.add_temperature(3, -4.06)
values = [entry.value[0] for entry in LppFrame.from_bytes(bytes(frame)).data]
print("pycayennelpp", version("pycayennelpp"), "1.15, 21.57, -4.06 come back as", values)
assert values == [1.14, 21.5, -4.0]
END
