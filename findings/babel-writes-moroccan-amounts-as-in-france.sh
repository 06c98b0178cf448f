#!/bin/sh
# Guess: French of Morocco has one way to write 1234.5: that of Unicode's CLDR, which Babel and browsers are made from.
# Seen: CLDR and so Intl write 1.234,5, Babel 1 234,5 as in France (its data of fr_MA lack the point of CLDR). And Babel
#       reads the amount that a page shows, 1.234, as 1.234 and not as one thousand, also with strict=True.
# Why here: amounts in MAD go between pages and services in French; they pass as numbers, never as such texts.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check babel==2.19.0
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . cldr-numbers-full@48.2.0 > /dev/null
venv/bin/python -W ignore - <<'END'
import json
from importlib.metadata import version
from pathlib import Path

from babel.numbers import format_decimal, parse_decimal

folder = Path("node_modules/cldr-numbers-full")
symbols = json.loads((folder / "main/fr-MA/numbers.json").read_text())["main"]["fr-MA"]["numbers"]["symbols-numberSystem-latn"]
seen = symbols["group"], format_decimal(1234.5, locale="fr_MA"), str(parse_decimal("1.234", locale="fr_MA", strict=True))
cldr = json.loads((folder / "package.json").read_text())["version"]
print("CLDR", cldr, "groups fr-MA by", ascii(seen[0]), "Babel", version("babel"), "writes", ascii(seen[1]), "and reads 1.234 as", seen[2])
assert seen == (".", "1\u202f234,5", "1.234")
END
