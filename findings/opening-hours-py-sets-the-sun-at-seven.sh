#!/bin/sh
# Guess: "sunset-sunrise" without a position, and "PH off" without a country, are refused or answered with unknown, which
#        the library has for hours that cannot be known.
# Seen: without a position the sun rises at 7 and sets at 19 o'clock all year, and without a country there are no public
#       holidays: the answer is plainly open or closed.
# Why here: lamps and kiosks of the city keep such hours; on 21 June the sun sets in Zenata at 20:43 of UTC+1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check opening-hours-py==2.1.4
"$folder/venv/bin/python" -W ignore - <<'END'
from datetime import datetime
from importlib.metadata import version
from zoneinfo import ZoneInfo

from opening_hours import OpeningHours

evening, throne_day = datetime(2026, 6, 21, 19, 30), datetime(2026, 7, 30, 12, 0)
lamps, zenata = "sunset-sunrise", {"timezone": ZoneInfo("Africa/Casablanca"), "coords": (33.64, -7.45)}
kiosk = "Mo-Su 08:00-18:00; PH off"
states = {
    "lamps": str(OpeningHours(lamps).state(evening)[0]),
    "lamps in Zenata": str(OpeningHours(lamps, **zenata).state(evening)[0]),
    "kiosk": str(OpeningHours(kiosk).state(throne_day)[0]),
    "kiosk in Morocco": str(OpeningHours(kiosk, country="MA").state(throne_day)[0]),
}
edges = [str(OpeningHours(lamps).next_change(datetime(2026, month, 21, 12))) for month in (6, 12)]
print("opening-hours-py", version("opening-hours-py"), states, "sunsets without a position:", edges)
assert states == {"lamps": "open", "lamps in Zenata": "closed", "kiosk": "open", "kiosk in Morocco": "closed"}
assert edges == ["2026-06-21 19:00:00", "2026-12-21 19:00:00"]
END
