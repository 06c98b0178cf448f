#!/bin/sh
# Guess: the lower left corner of a plus code belongs to that code: 33.6, -7.5 has one code, on the page and in the service.
# Seen: open-location-code for JavaScript gives the corners of 356 of 400 cells of Zenata the code of a neighbour, its own decode
#       notwithstanding; Python's openlocationcode none. Centres of cells agree.
# Why here: grids and rounded positions lie on such corners; a place saved on the page is not found in the service.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . open-location-code@1.0.3 > /dev/null
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check openlocationcode==1.0.1
cat > run.cjs <<'END'
const { OpenLocationCode } = require("open-location-code");

const reader = new OpenLocationCode();
const digits = [..."23456789CFGHJMPQRVWX"];
const codes = digits.flatMap((first) => digits.map((second) => `8C5JJH${first}${second}+${second}${first}`));
const corners = codes.map((code) => [reader.decode(code).latitudeLo, reader.decode(code).longitudeLo]);
const centres = codes.map((code) => [reader.decode(code).latitudeCenter, reader.decode(code).longitudeCenter]);
const others = (places) => places.filter((place, index) => reader.encode(...place) !== codes[index]).length;
console.log(JSON.stringify({ codes, others: [others(corners), others(centres)], place: reader.encode(33.6, -7.5) }));
END
node run.cjs > javascript.json
venv/bin/python - <<'END'
import json
from importlib.metadata import version
from pathlib import Path

from openlocationcode import openlocationcode

javascript = json.loads(Path("javascript.json").read_text())
areas = [openlocationcode.decode(code) for code in javascript["codes"]]
again = [openlocationcode.encode(area.latitudeLo, area.longitudeLo) for area in areas]
others = sum(code != other for code, other in zip(javascript["codes"], again, strict=True))
place = openlocationcode.encode(33.6, -7.5)
print("of", len(areas), "codes, corners and centres with another: open-location-code 1.0.3", javascript["others"], end=" ")
print(f"corners: openlocationcode {version('openlocationcode')} {others}; 33.6, -7.5 is", javascript["place"], "or", place)
assert javascript["others"] == [356, 0] and others == 0
assert javascript["place"] != place
END
