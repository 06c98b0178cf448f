#!/bin/sh
# Guess: a SenML record in CBOR (RFC 8428: {-2: base name, 0: name, 2: value}) that is read and written again is the same record.
# Seen: cbor-x makes an object of it and writes its labels as texts ("0", "2", "-2", in this order), which is no SenML: a reader
#       of the standard finds no name and no value. cbor writes the same labels; cborg refuses it.
# Why here: gateways pass on what devices send in CBOR; after one that reads and writes it, readings are dropped as unknown.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . cbor-x@1.6.9 cbor@10.0.12 cborg@6.1.5 > /dev/null
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check cbor2==6.2.1
cat > run.mjs <<'END'
import cbor from "cbor";
import * as cborX from "cbor-x";
import * as cborg from "cborg";

const pack = Buffer.from("81a3216475726e3a00616102fb4035800000000000", "hex");
let refused;
try {
  cborg.decode(pack);
} catch (error) {
  refused = error.message;
}
const again = { "cbor-x": cborX.encode(cborX.decode(pack)), cbor: cbor.encode(cbor.decode(pack)) };
const hex = Object.entries(again).map(([name, bytes]) => [name, Buffer.from(bytes).toString("hex")]);
console.log(JSON.stringify({ ...Object.fromEntries(hex), cborg: refused }));
END
node run.mjs > javascript.json
venv/bin/python - <<'END'
import json
from importlib.metadata import version
from pathlib import Path

import cbor2

javascript = json.loads(Path("javascript.json").read_text())
first, second = (cbor2.loads(bytes.fromhex(javascript[name])) for name in ("cbor-x", "cbor"))
print("cbor-x 1.6.9, read by cbor2", version("cbor2"), first, "cbor 10.0.12", second, "cborg 6.1.5", javascript["cborg"])
assert second == [{-2: "urn:", 0: "a", 2: 21.5}]
assert "non-string keys" in javascript["cborg"] and list(first[0]) == ["0", "2", "-2"]
END
