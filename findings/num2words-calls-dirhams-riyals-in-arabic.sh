#!/bin/sh
# Guess: an amount in MAD is written out in dirhams, or refused as in French ("Currency code MAD not implemented").
# Seen: in Arabic it is written out in riyals and halalas, the money of Saudi Arabia, without an error.
# Why here: micro-payments in three languages: amounts stay figures with the code of the currency, never words by this library.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check num2words==0.5.14
"$folder/venv/bin/python" - <<'END'
from importlib.metadata import version

from num2words import num2words

words = num2words(12.5, lang="ar", to="currency", currency="MAD")
print("num2words", version("num2words"), "12.50 MAD in Arabic:", words)
assert "ريال" in words
assert "هلل" in words
assert "درهم" not in words
try:
    num2words(12.5, lang="fr", to="currency", currency="MAD")
except NotImplementedError as error:
    print("in French:", error)
else:
    raise AssertionError("French has dirhams now")
END
