#!/bin/sh
# Guess: of two Parquet files, one of a day with whole values (20, 21: integers) and one with decimals (20.4, 21.6: doubles),
#        a query reads 20.4 and 21.6, or refuses the mixture.
# Seen: DuckDB reads 20 and 22: the first file says what the column is, and the others are rounded to it. pyarrow and Polars
#       refuse. Rows of one long CSV are rounded alike, when 20,480 whole numbers come before the first decimal.
# Why here: writers that find out the type by themselves give a day of whole values the type of integers.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check duckdb==2.0.1 pyarrow==26.0.1 polars==2.1.0
cd "$folder"
"$folder/venv/bin/python" - <<'END'
from importlib.metadata import version
from pathlib import Path

import duckdb
import polars
import pyarrow as pa
from pyarrow import dataset, parquet

parquet.write_table(pa.table({"level": pa.array([20, 21], pa.int32())}), "day1.parquet")
parquet.write_table(pa.table({"level": [20.4, 21.6]}), "day2.parquet")
Path("long.csv").write_text("level\n" + "20\n" * 30_000 + "21.6\n")
files = ["day1.parquet", "day2.parquet"]


def error(read):
    try:
        return read()
    except (pa.ArrowInvalid, polars.exceptions.PolarsError) as refused:
        return type(refused).__name__


levels = [level for (level,) in duckdb.sql(f"FROM read_parquet({files})").fetchall()]
by_name = [level for (level,) in duckdb.sql(f"FROM read_parquet({files}, union_by_name = true)").fetchall()]
greatest = duckdb.sql("SELECT max(level) FROM read_csv('long.csv')").fetchall()
others = error(lambda: dataset.dataset(files).to_table()), error(lambda: polars.scan_parquet(files).collect())
names = [f"{name} {version(name)}" for name in ("duckdb", "pyarrow", "polars")]
print(names[0], levels, "by name", by_name, "from CSV", greatest, "and", dict(zip(names[1:], others, strict=True)))
assert levels == [20, 21, 20, 22] and by_name == [20.0, 21.0, 20.4, 21.6] and greatest == [(22,)]
assert others == ("ArrowInvalid", "SchemaError")
END
