#!/bin/sh
# Guess: empty fields of a shapefile, a date and a yes or no among them, are null.
# Seen: shpjs makes 30 November 1899 of an empty date and false of a yes or no that is not known ("?"). Of an empty number it
#       makes NaN. pyshp reads None for each.
# Why here: a meter not yet inspected, of which nobody knows whether it leaks, is shown as sound and last seen in 1899.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . shpjs@6.2.0 > /dev/null
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pyshp==3.1.6
venv/bin/python - <<'END'
from datetime import date
from importlib.metadata import version

import shapefile

with shapefile.Writer("meters", shapeType=shapefile.POINT) as writer:
    writer.field("leaks", "L")
    writer.field("seen", "D")
    writer.field("level", "N", 10, 2)
    for row in ([True, date(2026, 6, 1), 1.5], [None, None, None]):
        writer.point(-7.45, 33.64)
        writer.record(*row)
with shapefile.Reader("meters") as reader:
    empty = list(reader.record(1))
print("pyshp", version("pyshp"), "reads", empty)
assert empty == [None, None, None]
END
cat > run.mjs <<'END'
import assert from "node:assert";
import { readFileSync } from "node:fs";
import { parseDbf } from "shpjs";

const file = new Uint8Array(readFileSync("meters.dbf"));
const [first, empty] = parseDbf(new DataView(file.buffer));
console.log("shpjs 6.2.0 reads", empty);
assert.equal(first.seen.toISOString(), "2026-06-01T00:00:00.000Z");
assert.deepStrictEqual(empty, { leaks: false, seen: new Date("1899-11-30T00:00:00Z"), level: Number.NaN });
END
TZ=UTC node run.mjs
