#!/bin/sh
# Guess: a reader of dates that has Arabic reads Arabic names of months, of Morocco too, as it has the locale ar-MA.
# Seen: with the language ar it reads 6 of the 12, and 7 without a language: غشت (August) is None, as a date that is none.
#       With locales=["ar-MA"] it reads all.
# Why here: works and closures are announced with these names; the language of the text is known, its country is not asked.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check dateparser==1.5.0
"$folder/venv/bin/python" -W ignore - <<'END'
import warnings
from importlib.metadata import version

import dateparser

warnings.simplefilter("ignore")
MONTHS = "يناير فبراير مارس أبريل ماي يونيو يوليوز غشت شتنبر أكتوبر نونبر دجنبر".split()


def read(**options: list[str]) -> list[int]:
    dates = [dateparser.parse(f"12 {month} 2026", **options) for month in MONTHS]
    return [date.month if date else 0 for date in dates]


seen = {"ar": read(languages=["ar"]), "ar-MA": read(locales=["ar-MA"]), "none": read()}
print("dateparser", version("dateparser"), "reads the months of Morocco by language, by locale and by neither as", seen)
assert seen["ar-MA"] == list(range(1, 13))
assert seen["ar"] == [1, 2, 3, 4, 0, 6, 0, 0, 0, 10, 0, 0]
assert seen["none"] == [1, 2, 3, 4, 5, 6, 0, 0, 0, 10, 0, 0]
END
