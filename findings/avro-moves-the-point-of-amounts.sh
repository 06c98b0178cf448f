#!/bin/sh
# Guess: an amount of 10.5 dirhams, written with the scale of 2 that the schema has, is read as 10.50.
# Seen: it is read as 1.05, and 10 as 0.10: the digits are written as they are, the scale is not applied. 10.50 is right.
#       fastavro reads 10.50, 10.00 and 10.50.
# Why here: amounts of payments are decimals, and trailing zeros are gone after any sum; totals are wrong by ten or a hundred.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check avro==1.12.2 fastavro==1.13.1
"$folder/venv/bin/python" -W ignore - <<'END'
import io
import json
from decimal import Decimal
from importlib.metadata import version

import avro.io
import avro.schema
import fastavro

AMOUNT = {"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2}
RECORD = {"type": "record", "name": "Payment", "fields": [{"name": "amount", "type": AMOUNT}]}
SCHEMA = avro.schema.parse(json.dumps(RECORD))


def by_avro(amount: Decimal) -> Decimal:
    stored = io.BytesIO()
    avro.io.DatumWriter(SCHEMA).write({"amount": amount}, avro.io.BinaryEncoder(stored))
    stored.seek(0)
    return avro.io.DatumReader(SCHEMA).read(avro.io.BinaryDecoder(stored))["amount"]


def by_fastavro(amount: Decimal) -> Decimal:
    stored = io.BytesIO()
    fastavro.schemaless_writer(stored, RECORD, {"amount": amount})
    stored.seek(0)
    return fastavro.schemaless_reader(stored, RECORD)["amount"]


amounts = [Decimal("10.5"), Decimal("10"), Decimal("10.50")]
seen = [[str(read(amount)) for amount in amounts] for read in (by_avro, by_fastavro)]
print("10.5, 10 and 10.50: avro", version("avro"), seen[0], "fastavro", version("fastavro"), seen[1])
assert seen == [["1.05", "0.10", "10.50"], ["10.50", "10.00", "10.50"]]
END
