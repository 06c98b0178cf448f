#!/bin/sh
# Guess: MA-06 is one region in each library of ISO 3166-2.
# Seen: it is Casablanca-Settat for pycountry and country-state-city, and Meknès-Tafilalet, which ended in 2015, for
#       iso-3166-2 of npm; there Casablanca is MA-08, which is Drâa-Tafilalet today. Of the twelve codes of today only MA-01
#       names about the same land in both, and MA-13 to MA-16 exist in the old list alone.
# Why here: addresses of permits and of devices carry the code; two services put a street of Zenata 200 km apart, both validly.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pycountry==26.2.16
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . iso-3166-2@1.0.0 country-state-city@3.2.1 > /dev/null
cat > run.cjs <<'END_JS'
const { sub } = require("iso-3166-2").data.MA;
const { State } = require("country-state-city");
const city = Object.fromEntries(State.getStatesOfCountry("MA").map(({ isoCode, name }) => [`MA-${isoCode}`, name]));
console.log(JSON.stringify([Object.fromEntries(Object.entries(sub).map(([code, { name }]) => [code, name])), city]));
END_JS
node run.cjs > seen.json
venv/bin/python -W ignore - <<'END_PY'
import json
from importlib.metadata import version
from pathlib import Path

import pycountry

npm, city = json.loads(Path("seen.json").read_text())
python = {region.code: region.name for region in pycountry.subdivisions.get(country_code="MA")}
for code in ("MA-01", "MA-06", "MA-08"):
    print(code, "pycountry", version("pycountry"), python[code], "country-state-city 3.2.1", city[code], "iso-3166-2 1.0.0", npm[code])
assert (python["MA-06"], city["MA-06"], npm["MA-06"]) == ("Casablanca-Settat", "Casablanca-Settat", "Meknès-Tafilalet")
assert (python["MA-08"], npm["MA-08"]) == ("Drâa-Tafilalet", "Grand Casablanca")
assert "MA-13" in npm and "MA-13" not in python
END_PY
