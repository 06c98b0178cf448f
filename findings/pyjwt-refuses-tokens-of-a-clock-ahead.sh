#!/bin/sh
# Guess: a token whose clock is a minute ahead (iat in the future, no nbf) has one verdict: RFC 7519 calls iat the time at which
#        the token was made, "to determine its age"; "not before" is nbf.
# Seen: PyJWT and joserfc refuse it as not yet valid, jose for JavaScript takes it. With a leeway PyJWT takes it too.
# Why here: gateways with a clock of their own sign their requests; behind a service in Python they are locked out for as long
#           as their clock is ahead, behind one in JavaScript not.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . jose@6.2.18 > /dev/null
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pyjwt==2.15.1 joserfc==1.8.0
cat > run.mjs <<'END'
import { readFileSync } from "node:fs";
import { jwtVerify } from "jose";

const { payload } = await jwtVerify(readFileSync("token", "utf8"), new TextEncoder().encode("k".repeat(32)));
console.log("jose 6.2.18 takes", payload);
END
venv/bin/python - <<'END'
import subprocess
import time
from importlib.metadata import version
from pathlib import Path

import jwt
from joserfc import jwt as joserfc_jwt
from joserfc.errors import InvalidClaimError
from joserfc.jwk import OctKey

key = "k" * 32
token = jwt.encode({"sub": "gateway-7", "iat": int(time.time()) + 60}, key)
Path("token").write_text(token)
print(subprocess.run(["node", "run.mjs"], check=True, capture_output=True, text=True).stdout.strip())
refused = []
try:
    jwt.decode(token, key, algorithms=["HS256"])
except jwt.ImmatureSignatureError as error:
    refused.append(f"pyjwt {version('pyjwt')}: {error}")
try:
    joserfc_jwt.JWTClaimsRegistry().validate(joserfc_jwt.decode(token, OctKey.import_key(key)).claims)
except InvalidClaimError as error:
    refused.append(f"joserfc {version('joserfc')}: {error}")
print("refused by", refused)
assert len(refused) == 2
assert jwt.decode(token, key, algorithms=["HS256"], leeway=90)["sub"] == "gateway-7"
END
