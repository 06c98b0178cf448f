"""The table of `docs/time.md`, run again: what each engine makes of a day, six hours and a week where a clock changes."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from importlib import metadata
from pathlib import Path

import duckdb
import numpy as np
import pytest

from tests.zenata.store.influxd import Influxd, running
from zenata.city.clock import SECOND, ZONE_RULES, format_time, load_zone, parse_time
from zenata.store.buckets import bucket_runs
from zenata.store.influx.flavours import find_server

DOCUMENT = Path("docs/time.md").read_text()
ZONE = "Africa/Casablanca"
CHANGES = ("2026-02-15T02:00:00Z", "2026-03-22T02:00:00Z", "2026-09-20T01:00:00Z")
QUARTER = 900 * SECOND
WIDTHS = {"day": 86_400 * SECOND, "6 h": 6 * 3600 * SECOND, "week": 7 * 86_400 * SECOND}


def quarters(change: str) -> list[int]:
    """Return every quarter of an hour of the 16 days around a change [us]."""
    middle = parse_time(change)
    return list(range(middle - 8 * 96 * QUARTER, middle + 8 * 96 * QUARTER, QUARTER))


def cell(begins: list[int], change: str) -> str:
    """Return the bucket that a change is in, given the beginnings of all: when it begins, and its hours."""
    index = np.searchsorted(begins, parse_time(change), side="right") - 1
    hours = (begins[index + 1] - begins[index]) / (4 * QUARTER)
    return f"{format_time(begins[index])[5:16]}, {hours:g} h"


def ours(times: list[int], width: str) -> list[int]:
    runs = bucket_runs(times[0], times[-1], WIDTHS[width], ZONE)
    return [begin for run in runs for begin in range(run.start, run.end, run.width)]


def duckdb_time_bucket(times: list[int], width: str, *, zone: str = f", '{ZONE}'") -> list[int]:
    interval = {"day": "1 day", "6 h": "6 hours", "week": "7 days"}[width]
    with duckdb.connect() as connection:
        connection.execute(f"SET TimeZone = '{ZONE}'")
        rows = connection.execute(
            f"SELECT DISTINCT epoch_us(time_bucket(INTERVAL '{interval}', make_timestamptz(unnest($1::BIGINT[])){zone})) "
            "AS begin ORDER BY begin",
            [times],
        ).fetchall()
    return [begin for (begin,) in rows]


def duckdb_session(times: list[int], width: str) -> list[int]:
    return duckdb_time_bucket(times, width, zone="")


def pandas_resample(times: list[int], width: str) -> list[int]:
    import pandas as pd

    index = pd.DatetimeIndex(pd.to_datetime(times, unit="us", utc=True)).tz_convert(load_zone(ZONE))
    rule = {"day": "1D", "6 h": "6h", "week": "W-MON"}[width]
    counts = pd.Series(1, index=index).resample(rule, closed="left", label="left").sum()
    return [int(begin.timestamp()) * SECOND for begin in counts.index]


def polars_dynamic(times: list[int], width: str) -> list[int]:
    import polars as pl

    every = {"day": "1d", "6 h": "6h", "week": "1w"}[width]
    frame = pl.DataFrame({"time": pl.Series(times).cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(ZONE)})
    begins = frame.sort("time").group_by_dynamic("time", every=every).agg(pl.len())["time"]
    return begins.dt.epoch("us").to_list()


def polars_truncate(times: list[int], width: str) -> list[int]:
    import polars as pl

    every = {"day": "1d", "6 h": "6h", "week": "1w"}[width]
    column = pl.Series(times).cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(ZONE)
    return sorted(set(column.dt.truncate(every).dt.epoch("us").to_list()))


def influxql(influxd: Influxd) -> Callable[[list[int], str], list[int]]:
    def begins(times: list[int], width: str) -> list[int]:
        server = find_server(f"influxdb://127.0.0.1:{influxd.port}/time", None)
        server.insist([f"quarters v=1 {time}000" for time in times])
        every = {"day": "1d", "6 h": "6h", "week": "1w"}[width]
        statement = (
            f"SELECT count(v) FROM quarters WHERE time >= {times[0]}000 AND time <= {times[-1]}000 "  # noqa: S608 - no input
            f"GROUP BY time({every}) fill(none) tz('{ZONE}')"
        )
        (series,) = server.query([statement])
        server.http.close()
        return [row[0] // 1000 for part in series for row in part.values]

    return begins


ENGINES: dict[str, Callable[[list[int], str], list[int]]] = {
    "Zenata Sandbox": ours,
    "DuckDB `time_bucket(..., 'Africa/Casablanca')`": duckdb_time_bucket,
    "DuckDB `time_bucket(...)`, session's `TimeZone`": duckdb_session,
    "pandas `resample`": pandas_resample,
    "polars `group_by_dynamic`": polars_dynamic,
    "polars `dt.truncate`": polars_truncate,
}


@pytest.fixture(scope="module")
def influxd(tmp_path_factory):
    with running(tmp_path_factory.mktemp("influxd")) as server:
        yield server


def row(name: str, engine: Callable[[list[int], str], list[int]], width: str) -> str:
    cells = [cell(engine(quarters(change), width), change) for change in CHANGES]
    return f"| {name} | {width} | {' | '.join(cells)} |"


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ENGINES)
def test_the_table_says_what_an_engine_does(name, width):
    assert row(name, ENGINES[name], width) in DOCUMENT


@pytest.mark.parametrize("width", WIDTHS)
def test_the_table_says_what_influxql_does(influxd, width):
    """Its first two changes; the third depends on the zone files of the machine that InfluxDB runs on."""
    line = row("InfluxQL `tz('Africa/Casablanca')`", influxql(influxd), width)
    assert line.rpartition(" | ")[0] in DOCUMENT


def test_the_versions_are_those_that_ran():
    for package in ("duckdb", "pandas", "polars"):
        assert f"{package} {metadata.version(package)}" in DOCUMENT
    assert ZONE_RULES in DOCUMENT


def test_the_changes_are_those_of_the_rules():
    zone = load_zone(ZONE)
    for change in re.findall(r"^\| `(2026-\S+Z)`", DOCUMENT, flags=re.MULTILINE):
        moment = datetime.fromisoformat(change)
        before, after = ((moment + timedelta(seconds=s)).astimezone(zone).utcoffset() for s in (-1, 0))
        assert before != after
    assert set(re.findall(r"^\| `(2026-\S+Z)`", DOCUMENT, flags=re.MULTILINE)) == set(CHANGES)
