#!/bin/sh
# Guess: a numeric field of a shapefile (N, or F for float) keeps 21.57, or rounds it to the digits that it has.
# Seen: without decimals named, which is the default for both, it is 21, and -3.99 is -3: cut towards zero. With two decimals
#       the same writer rounds: 21.579 is 21.58.
# Why here: levels and temperatures go to planners as shapefiles; all are too near to zero by half on average.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyshp==3.1.6
"$folder/venv/bin/python" -W ignore - <<'END'
import tempfile
from importlib.metadata import version
from pathlib import Path

import shapefile

path = str(Path(tempfile.mkdtemp()) / "levels")
levels = (21.57, -3.99, 21.579)
with shapefile.Writer(path) as writer:
    writer.field("number", "N")
    writer.field("float", "F")
    writer.field("two", "N", decimal=2)
    for level in levels:
        writer.point(-7.45, 33.65)
        writer.record(level, level, level)
seen = {level: list(record) for level, record in zip(levels, shapefile.Reader(path).records())}
print("pyshp", version("pyshp"), "reads back N, F and N with two decimals:", seen)
assert seen == {21.57: [21, 21, 21.57], -3.99: [-3, -3, -3.99], 21.579: [21, 21, 21.58]}
END
