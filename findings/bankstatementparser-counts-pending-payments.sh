#!/bin/sh
# Guess: a payment that a statement (camt.053) lists as pending (PDNG) is told apart from those that are booked (BOOK), or left
#        out of the total.
# Seen: it is in the list and in the total like the others, and no column has the status: 255 received, where the
#       statement's own balances differ by 200. camt053 gives each entry its status.
# Why here: a permit is granted when its fee is paid; a transfer that is announced, and may be recalled, counts as paid.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check bankstatementparser==0.0.29 camt053==0.0.23
"$folder/venv/bin/python" -W ignore - <<'END'
from importlib.metadata import version

import camt053
from bankstatementparser import CamtParser


def balance(code, amount):
    kind = f"<Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy='MAD'>{amount}</Amt>"
    return f"<Bal>{kind}<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-06-15</Dt></Dt></Bal>"


def entry(status, amount):
    kind = f"<Amt Ccy='MAD'>{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>{status}</Cd></Sts>"
    return f"<Ntry>{kind}<BkTxCd><Prtry><Cd>TRF</Cd></Prtry></BkTxCd></Ntry>"


made = "<CreDtTm>2026-06-15T08:00:00Z</CreDtTm>"
account = "<Acct><Id><Othr><Id>1</Id></Othr></Id><Ccy>MAD</Ccy></Acct>"
content = balance("OPBD", "1000.00") + balance("CLBD", "1200.00") + entry("BOOK", "200.00") + entry("PDNG", "55.00")
statement = f"<GrpHdr><MsgId>1</MsgId>{made}</GrpHdr><Stmt><Id>1</Id>{made}{account}{content}</Stmt>"
text = f"<Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.053.001.08'><BkToCstmrStmt>{statement}</BkToCstmrStmt></Document>"
reader = CamtParser.from_string(text)
total, listed = reader.get_summary(), reader.parse()
states = [entry.status for entry in camt053.parse_statement(text).entries]
gained = total["closing_balance"] - total["opening_balance"]
print("bankstatementparser", version("bankstatementparser"), "total", total["total_amount"], "gained", gained, list(listed.columns))
assert (total["total_amount"], gained, len(listed)) == (255, 200, 2) and states == ["BOOK", "PDNG"]
assert not any("st" in name.lower() and "tus" in name.lower() for name in listed.columns)
END
