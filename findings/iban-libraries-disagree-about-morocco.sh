#!/bin/sh
# Guess: libraries of IBANs know Moroccan account numbers: bank of 3 digits, town of 3, account of 16, key of 2 (the
#        RIB).
# Seen: schwifty takes the example of the lists for valid and cuts it wrong: bank 01151 and branch 90000, so no bank
#       is ever found; python-stdnum refuses it: the country is not in its registry.
# Why here: inclusive micro-payment: a pilot that checks accounts by these cannot pay in Morocco; split the RIB by
#           hand.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check schwifty==2026.10.1 python-stdnum==2.2
"$folder/venv/bin/python" - <<'END'
from importlib.metadata import version

from schwifty import IBAN
from stdnum import iban

number = "MA64011519000001205000534921"
account = number[4:]
assert 97 - int(account[:-2] + "00") % 97 == int(account[-2:])  # the key of the RIB is right
read = IBAN(number)
print("schwifty", version("schwifty"), "bank", read.bank_code, "branch", read.branch_code, "name", read.bank_name)
print("python-stdnum", version("python-stdnum"), "valid:", iban.is_valid(number))
assert (read.bank_code, read.branch_code, read.bank_name) == ("01151", "90000", None)
assert not iban.is_valid(number)
END
