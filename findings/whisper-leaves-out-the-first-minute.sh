#!/bin/sh
# Guess: fetching from 10:00 until 10:02 gives the values of 10:00, 10:01 and 10:02, as until is one of them.
# Seen: the first is missing: `from` does not count, `until` does, though all three are stored.
# Why here: windows of our interfaces hold their start and not their end; a window copied to Graphite moves by one interval.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check whisper==1.1.10
"$folder/venv/bin/python" -W ignore - <<'END'
import os
import tempfile
import time
from importlib.metadata import version

import whisper

file = os.path.join(tempfile.mkdtemp(), "level.wsp")
whisper.create(file, [(60, 1440)])
start = int(time.time()) // 60 * 60 - 600
whisper.update_many(file, [(start, 1.0), (start + 60, 2.0), (start + 120, 3.0)])
asked = whisper.fetch(file, start, start + 120)[1]
before = whisper.fetch(file, start - 1, start + 120)[1]
print("whisper", version("whisper"), "from the first minute to the third:", asked, "and from a second before:", before)
assert asked == [2.0, 3.0] and before == [1.0, 2.0, 3.0]
END
