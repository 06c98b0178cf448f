#!/bin/sh
# Guess: the first 48 bits of a UUID of version 7 are milliseconds since 1970 (RFC 9562), whichever package made it.
# Seen: the package uuid7 follows an older draft, in which they begin with 36 bits of seconds: read by the RFC, an id of 1 June
#       2026 is of January 2201. It says version 7, and uuid for JavaScript finds it valid.
# Why here: ids of events are sorted by their time; those of one service in Python come after all others, for 175 years.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . uuid@14.0.3 > /dev/null
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check uuid7==0.1.0
cat > run.mjs <<'END'
import assert from "node:assert";
import { v7, validate, version } from "uuid";

const time = (id) => new Date(parseInt(id.replaceAll("-", "").slice(0, 12), 16)).toISOString().slice(0, 10);
const [python, javascript] = [process.argv[2], v7({ msecs: Date.parse("2026-06-01T12:00:00Z") })];
console.log("uuid7 0.1.0", python, time(python), "uuid 14.0.3", javascript, time(javascript));
assert.ok(validate(python) && version(python) === 7 && python > javascript);
assert.deepStrictEqual([time(python), time(javascript)], ["2201-01-30", "2026-06-01"]);
END
node run.mjs "$(venv/bin/python -c 'from uuid_extensions import uuid7str; print(uuid7str(1780315200 * 10**9))')"
