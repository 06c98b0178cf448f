#!/bin/sh
# Guess: time_bucket(INTERVAL '6 hours', t, 'Africa/Casablanca') begins at 00, 06, 12 and 18 o'clock there, as days do.
# Seen: days begin at local midnight, six hours at 00, 06, 12 and 18 of UTC, as if no zone had been given.
# Why here: sums of a day and of its four quarters would not agree, so we compute where buckets begin ourselves.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check duckdb==2.0.0
"$folder/venv/bin/python" - <<'END'
import duckdb

((day, six),) = duckdb.sql(
    "SELECT epoch(time_bucket(INTERVAL '1 day', t, 'Africa/Casablanca')) % 86400 // 3600, "
    "epoch(time_bucket(INTERVAL '6 hours', t, 'Africa/Casablanca')) % 86400 // 3600 "
    "FROM (SELECT make_timestamptz(1768471200000000) AS t)"  # 2026-01-15T10:00Z, where Casablanca is at UTC+1
).fetchall()
print("duckdb", duckdb.__version__, "a day begins at", day, "o'clock UTC, six hours at", six)
assert (day, six) == (23, 6)
END
