#!/bin/sh
# Guess: a time in a column of microseconds is one number, whether it is taken alone or with all others.
# Seen: get(i), toJSON() and the iterator give milliseconds, toArray() microseconds; only of a column of milliseconds
#       are they the same, and times of day and durations (microseconds) are not turned at all.
# Why here: our columns have microseconds, as pyarrow and DuckDB write them: a chart drawn from toArray() is in the
#           year 58,000.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . apache-arrow@21.2.0 > /dev/null
cat > run.mjs <<'END'
import assert from "node:assert";
import { DurationMicrosecond, makeData, TimestampMicrosecond, TimestampMillisecond, Vector } from "apache-arrow";

const column = (type, value) => new Vector([makeData({ type, data: new BigInt64Array([value]) })]);
const micro = column(new TimestampMicrosecond("UTC"), 1780315200123456n);
const milli = column(new TimestampMillisecond("UTC"), 1780315200123n);
const lasting = column(new DurationMicrosecond(), 1780315n);
const seen = [micro, milli, lasting].map((vector) => [vector.get(0), [...vector][0], vector.toArray()[0]]);
console.log("apache-arrow 21.2.0: get, iterator and toArray of a time in us, one in ms, a duration in us:", seen);
assert.deepStrictEqual(seen, [
  [1780315200123.456, 1780315200123.456, 1780315200123456n],
  [1780315200123, 1780315200123, 1780315200123n],
  [1780315n, 1780315n, 1780315n],
]);
END
node run.mjs
