#!/bin/sh
# Guess: A-weighting leaves a tone of 1 kHz as it is and adds 1.2 dB to one of 2 kHz (IEC 61672-1), whatever the sampling rate.
# Seen: Signal.weigh("A") takes 1.4 dB and 9.6 dB from them at 8 kHz of sampling, and 4.4 dB from the second at 16 kHz: its filter
#       is the analogue one by a bilinear transform, whose end of the spectrum is bent. C likewise: 11.5 dB for 0.2.
# Why here: small noise monitors sample at 8 or 16 kHz; a limit of 65 dB(A) would be met by a street that breaks it.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check acoustic-toolbox==0.2.2 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'END'
from importlib.metadata import version

import numpy as np
from acoustic_toolbox import Signal


def gain(weighting: str, frequency: int, rate: int) -> float:
    """Return what the weighting adds to a tone of two seconds [dB]."""
    tone = Signal(np.sin(2 * np.pi * frequency * np.arange(2 * rate) / rate), rate)
    return round(float(tone.weigh(weighting).leq() - tone.leq()), 1)


for rate in (8_000, 16_000, 96_000):
    gains = [gain("A", 1000, rate), gain("A", 2000, rate), gain("C", 2000, rate)]
    print("acoustic-toolbox", version("acoustic-toolbox"), "at", rate, "Hz: A 1 kHz, A 2 kHz, C 2 kHz", gains)
    assert gains == {8_000: [-1.4, -9.6, -11.5], 16_000: [0.0, -4.4, -6.3], 96_000: [0.0, 1.2, -0.2]}[rate]
END
