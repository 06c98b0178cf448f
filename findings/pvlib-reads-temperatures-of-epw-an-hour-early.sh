#!/bin/sh
# Guess: the temperature in the line of hour 1 of an EPW file has one time, whichever library reads it.
# Seen: it is of 01:00 for ladybug and of 00:00 for pvlib. In EPW a line's hour ends at its number: radiation is the sum over
#       that hour, a temperature the value at its end. pvlib moves all columns to the beginning of the hour, ladybug the
#       sums alone; for these the two agree.
# Why here: heating and cooling of buildings are compared with weather; in the morning an hour is two degrees.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check ladybug-core==0.44.62 pvlib==0.16.1 pandas==3.1.1 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'END_PY' 2> /dev/null
from importlib.metadata import version

import pvlib
from ladybug.epw import EPW

year = EPW.from_missing_values()
year.location.latitude, year.location.longitude, year.location.time_zone = 33.64, -7.5, 0
year.save("empty.epw")
lines = open("empty.epw").read().splitlines()
for index, line in enumerate(lines[8:]):
    cells = line.split(",")
    cells[6], cells[13] = str(index % 24 + 1), str(index % 24 + 1)  # temperature and global radiation: the number of the hour
    lines[8 + index] = ",".join(cells)
with open("numbered.epw", "w") as file:
    file.write("\n".join(lines) + "\n")
table, _ = pvlib.iotools.read_epw("numbered.epw")
epw = EPW("numbered.epw")
names = {name: version(name) for name in ("pvlib", "ladybug-core")}
temperatures = [list(table["temp_air"].head(3)), list(epw.dry_bulb_temperature.values[:3])]
sums = [list(table["ghi"].head(3)), list(epw.global_horizontal_radiation.values[:3])]
print(names, "from 00:00 on:", [f"{t:%H:%M}" for t in table.index[:3]], "temperatures of hours", temperatures, "radiation of hours", sums)
assert temperatures == [[1, 2, 3], [24, 1, 2]] and sums == [[1, 2, 3], [1, 2, 3]]
assert [str(moment) for moment in epw.dry_bulb_temperature.datetimes[:2]] == ["01 Jan 00:00", "01 Jan 01:00"]
END_PY
