#!/bin/sh
# Guess: packages that list Morocco's public holidays list the same days for 2026.
# Seen: date-holidays has 13 days, holidays 18: the one lacks the Amazigh new year (14 January), the Day of Unity
#       (31 October) and the second day of each of the three feasts. Only the other says that feasts are estimated.
# Why here: demand falls on these days: a page and a service of one pilot judge one day by two calendars.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check holidays==0.109
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . date-holidays@3.37.0 > /dev/null
cat > list.mjs <<'END'
import Holidays from "date-holidays";
const days = new Holidays("MA").getHolidays(2026).filter((day) => day.type === "public");
console.log(JSON.stringify(days.map((day) => day.date.slice(0, 10))));
END
node list.mjs > days.json
venv/bin/python -W ignore - <<'END'
import json
from importlib.metadata import version
from pathlib import Path

import holidays

javascript = set(json.loads(Path("days.json").read_text()))
python = {str(day): name for day, name in holidays.country_holidays("MA", years=2026).items()}
missing = {day: python[day] for day in sorted(set(python) - javascript)}
print("date-holidays 3.37.0:", len(javascript), "days, holidays", version("holidays") + ":", len(python), "days; only there:", missing)
assert len(javascript) == 13 and len(python) == 18 and not javascript - set(python)
assert list(missing) == ["2026-01-14", "2026-03-21", "2026-05-28", "2026-08-26", "2026-10-31"]
END
