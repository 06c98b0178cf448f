"""The table of readings: inserts of new ones and of late ones."""

import duckdb
import numpy as np

from zenata.city.readings import FloatArray, IndexArray, IntArray
from zenata.store.plan import Columns, split_at_gaps

_GAP = 86_400_000_000  # late readings are searched in ranges of times that are this far apart [us]


def insert_readings(connection: duckdb.DuckDBPyConnection, rows: Columns) -> None:
    """Insert readings that are surely not there; `rows` are series, time [us], value and seq, each of shape (n,)."""
    if len(rows["series"]):
        rows = rows | {"time": rows["time"].view("datetime64[us]")}
        connection.execute("INSERT INTO readings SELECT * FROM rows")


def insert_missing_readings(connection: duckdb.DuckDBPyConnection, rows: Columns) -> int:
    """Insert readings that are not there yet, and return how many were not; `rows` as above, ascending by time."""
    there = "SELECT series, time FROM readings WHERE time BETWEEN make_timestamp(?) AND make_timestamp(?)"
    sql = f"INSERT INTO readings SELECT piece.* FROM piece ANTI JOIN ({there}) AS there USING (series, time)"  # noqa: S608 - no input
    times = rows["time"].view(np.int64)
    rows = rows | {"time": times.view("datetime64[us]")}
    new = 0
    for indices in split_at_gaps(times, _GAP):
        piece = {name: column[indices] for name, column in rows.items()}  # noqa: F841 - DuckDB finds it by its name
        new += int(connection.execute(sql, times[indices[[0, -1]]].tolist()).fetchall()[0][0])
    return new


def select_values(connection: duckdb.DuckDBPyConnection, series: IndexArray, times: IntArray) -> FloatArray:
    """Return the stored value of each series and time, shape (n,), ascending by time [us]; NaN where there is none."""
    there = "SELECT series, time, value FROM readings WHERE time BETWEEN make_timestamp(?) AND make_timestamp(?)"
    sql = f"SELECT position, there.value FROM piece JOIN ({there}) AS there USING (series, time)"  # noqa: S608 - no input
    found = np.full(len(times), np.nan)
    for indices in split_at_gaps(times, _GAP):
        piece = {"series": series[indices], "time": times[indices].view("datetime64[us]"), "position": indices}  # noqa: F841 - DuckDB finds it by its name
        known = connection.execute(sql, times[indices[[0, -1]]].tolist()).fetchnumpy()
        found[known["position"]] = known["value"]
    return found
