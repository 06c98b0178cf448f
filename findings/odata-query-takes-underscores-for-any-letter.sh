#!/bin/sh
# Guess: contains(name, 'meter_1') finds the names with these seven characters, as OData, and so the filters of SensorThings,
#        have it: there are no wildcards.
# Seen: odata-query makes LIKE of it without escaping: meter-1 and meterA1 are found too, also by startswith and endswith.
#       name eq 'meter_1' is right.
# Why here: names of devices have underscores; an operator who switches off what the filter finds switches off neighbours.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check odata-query==0.10.0 sqlalchemy==2.1.9
"$folder/venv/bin/python" -W ignore - <<'END'
from importlib.metadata import version

import sqlalchemy
from odata_query.sqlalchemy import apply_odata_core

names = ["meter_1", "meter-1", "meterA1", "meter_2"]
things = sqlalchemy.Table("things", sqlalchemy.MetaData(), sqlalchemy.Column("name", sqlalchemy.String))
engine = sqlalchemy.create_engine("sqlite://")
seen = {}
with engine.begin() as connection:
    things.create(connection)
    connection.execute(things.insert(), [{"name": name} for name in names])
    for asked in ("contains(name, 'meter_1')", "startswith(name, 'meter_1')", "endswith(name, '_1')", "name eq 'meter_1'"):
        seen[asked] = list(connection.scalars(apply_odata_core(sqlalchemy.select(things), asked)))
print("odata-query", version("odata-query"), seen)
assert list(seen.values()) == [names[:3]] * 3 + [["meter_1"]]
END
