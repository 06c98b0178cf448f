#!/bin/sh
# Guess: reshaping joins the letters of a text for a display that cannot, and leaves the text as it was.
# Seen: the signs of short vowels and doubling are gone: of a name of 8 characters 4 are left, unless
#       delete_harakat=False. Unicode's normalisation cannot bring them back.
# Why here: displays at stops show names in Arabic; names that differ only in these signs become one.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check arabic-reshaper==3.1.0
cd "$folder"
venv/bin/python -W ignore - <<'END'
import unicodedata
from importlib.metadata import version

from arabic_reshaper import ArabicReshaper, reshape

name = "مُحَمَّد"
kept = ArabicReshaper({"delete_harakat": False}).reshape(name)
texts = [unicodedata.normalize("NFKC", text) for text in (reshape(name), kept)]
signs = [sum(unicodedata.combining(character) > 0 for character in text) for text in (name, *texts)]
print("arabic-reshaper", version("arabic-reshaper"), "vowel signs in the text, after reshape, and when told to keep them:", signs)
assert signs == [4, 0, 4] and len(texts[0]) == 4
END
