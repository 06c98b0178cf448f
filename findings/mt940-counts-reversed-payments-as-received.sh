#!/bin/sh
# Guess: a credit that the bank takes back (RC in MT940) lowers the account, as a debit does; a debit taken back (RD) raises it.
# Seen: mt-940 for Python gives every status but D a positive amount: 100.00 taken back count as received, and the sum of the
#       statement misses its closing balance by 200.00. mt940js gives -100.00, and its sum is right.
# Why here: fees that were paid and bounced count as paid; the check of a statement against its balance fails, or is left out.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check mt-940==5.1.1
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . mt940js@1.3.5 > /dev/null
cat > statement.sta <<'STA'
:20:PARKING
:25:123/456
:28C:1/1
:60F:C260601MAD1000,00
:61:2606010601RC100,00NTRFREF1
:86:fee taken back
:61:2606010601RD50,00NTRFREF2
:86:debit taken back
:61:2606010601D10,00NTRFREF3
:86:charges
:61:2606010601C10,00NTRFREF4
:86:fee
:62F:C260601MAD950,00
-
STA
node -e 'const [s] = new (require("mt940js").Parser)().parse(require("fs").readFileSync("statement.sta", "utf8")); console.log(JSON.stringify(s.transactions.map((t) => t.amount)))' > amounts
venv/bin/python -W ignore - <<'END_PY'
import json
from importlib.metadata import version
from pathlib import Path

import mt940

statement = mt940.parse("statement.sta")
opening, closing = (float(statement.data[f"final_{name}_balance"].amount.amount) for name in ("opening", "closing"))
python = [float(transaction.data["amount"].amount) for transaction in statement]
javascript = json.loads(Path("amounts").read_text())
print("from", opening, "to", closing, "by RC 100, RD 50, D 10, C 10: mt-940", version("mt-940"), python, "mt940js 1.3.5", javascript)
assert opening + sum(javascript) == closing and javascript == [-100, 50, -10, 10]
assert python == [100, 50, -10, 10] and opening + sum(python) == closing + 200
END_PY
