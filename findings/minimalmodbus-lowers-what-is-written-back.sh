#!/bin/sh
# Guess: a setpoint of 1.15 with two decimals is written as 115, and what was read can be written back as it was.
# Seen: minimalmodbus cuts the product instead of rounding it: 1.15 is written as 114. What is read (1.14) and written back is 113, then
#       112, where it stops: 1.12 has a product that is no less than 112.
# Why here: services read a setpoint, change another one and write both; dosing and valves creep down by steps that nobody set.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check minimalmodbus==2.1.1 pyserial==3.5
"$folder/venv/bin/python" -W ignore - <<'END_PY'
import os
import pty
import threading
import tty
from importlib.metadata import version

import minimalmodbus

device, line = pty.openpty()
tty.setraw(device)
tty.setraw(line)
written: list[int] = []


def answer() -> None:
    """Confirm each "write single register" (function 6) as a device does: with the same bytes."""
    request = b""
    while True:
        request += os.read(device, 8)
        if len(request) == 8:
            written.append(int.from_bytes(request[4:6], "big"))
            os.write(device, request)
            request = b""


threading.Thread(target=answer, daemon=True).start()
instrument = minimalmodbus.Instrument(os.ttyname(line), 1)
instrument.serial.timeout = 30
setpoint = 1.15
for _ in range(5):
    instrument.write_register(0, setpoint, number_of_decimals=2, functioncode=6)
    setpoint = written[-1] / 10**2  # as read_register has it
print("minimalmodbus", version("minimalmodbus"), "1.15, written and written back four times:", written)
assert written == [114, 113, 112, 112, 112]
END_PY
