#!/bin/sh
# Guess: a token of CBOR (RFC 8392) that is made from an issuer and a subject has these two claims; no expiry means none.
# Seen: cwt adds three: it expires after an hour, was issued now and is not valid before now. To a device whose clock is behind
#       it is not valid yet, and an hour later to none. PyJWT, for the same claims as JSON, adds nothing.
# Why here: credentials of devices are made once, when they are mounted; the lack of an expiry is meant.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check cwt==3.3.0 pyjwt==2.15.1
"$folder/venv/bin/python" - <<'END'
from importlib.metadata import version

import cwt
import jwt

key = cwt.COSEKey.generate_symmetric_key(alg="HS256", kid="1")
claims = cwt.decode(cwt.encode({"iss": "city", "sub": "meter-7"}, key), key)
plain = jwt.decode(jwt.encode({"iss": "city", "sub": "meter-7"}, "k" * 32), "k" * 32, algorithms=["HS256"])
print("cwt", version("cwt"), claims, "pyjwt", version("pyjwt"), plain)
assert sorted(claims) == [1, 2, 4, 5, 6] and claims[4] - claims[5] == 3600 and claims[5] == claims[6]
assert sorted(plain) == ["iss", "sub"]
END
