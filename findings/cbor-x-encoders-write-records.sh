#!/bin/sh
# Guess: new Encoder().encode({a: 1}) is a map of CBOR, as encode({a: 1}) of the same package is.
# Seen: it is a record of its own (tag 57343), which other decoders give as a tag around an array; and a Uint8Array is
#       no byte string but a typed array (tag 64), where a Buffer is one.
# Why here: SenML in CBOR is maps; what a device sends by such an encoder is none until useRecords and tagUint8Array are off.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check cbor2==6.3.0
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts cbor-x@1.6.9 >/dev/null
cat > write.mjs <<'END'
import { Encoder, encode } from "cbor-x";
const plain = new Encoder({ useRecords: false, tagUint8Array: false });
const bytes = new Uint8Array([1, 2]);
for (const data of [encode({ a: 1 }), new Encoder().encode({ a: 1 }), encode(bytes), plain.encode([{ a: 1 }, bytes])])
  console.log(Buffer.from(data).toString("hex"));
END
node write.mjs > written
venv/bin/python - <<'END'
from importlib.metadata import version

import cbor2

by_function, by_encoder, array, plain = (cbor2.loads(bytes.fromhex(line)) for line in open("written"))
print("cbor-x 1.6.9 read by cbor2", version("cbor2"), by_function, by_encoder, array, plain)
assert by_function == {"a": 1}
record, names, value = by_encoder.value
assert (by_encoder.tag, record, list(names), value) == (57343, 57344, ["a"], 1)
assert (array.tag, array.value) == (64, b"\x01\x02")
assert plain == [{"a": 1}, b"\x01\x02"]
END
