"""Frames hold what the readings are, in every library."""

import sys
from datetime import UTC, datetime
from importlib import import_module

import pytest

from tests.api.running import MINUTES
from zenata_client import SetupError
from zenata_client.calls import frames

HOURS = {"start": "2026-01-01T00:00:00Z", "end": "2026-01-01T02:00:00Z"}
WORDS = ["world", "sensor", "kind", "district", "property", "unit"]


@pytest.fixture(params=[100_000, 50])
def rows(request, monkeypatch):
    """Rows of a page: all at once, or many pages."""
    monkeypatch.setattr(frames, "ROWS", request.param)


@pytest.mark.usefixtures("rows")
def test_the_frames_of_all_libraries_hold_the_readings(client):
    import pyarrow as pa

    rows = [
        (row.time, *(getattr(row, word) for word in WORDS), row.value, row.seq)
        for row in client.readings(kind=["noise", "traffic"], **HOURS)
    ]
    table = client.arrow(kind=["noise", "traffic"], **HOURS)
    assert table.column_names == ["time", *WORDS, "value", "seq"]
    assert [tuple(row.values()) for row in table.to_pylist()] == rows
    assert len(rows) >= 2 * MINUTES
    by_pandas = client.pandas(kind=["noise", "traffic"], **HOURS)
    assert [tuple(row) for row in by_pandas.itertuples(index=False)] == rows
    by_polars = client.polars(kind=["noise", "traffic"], **HOURS)
    assert by_polars.rows() == rows
    assert pa.Table.from_pandas(by_pandas, preserve_index=False).to_pylist() == by_polars.to_arrow().to_pylist()


def test_columns_have_the_types_to_reckon_with(client):
    import pandas as pd
    import polars as pl

    by_pandas, by_polars = client.pandas(kind="noise", **HOURS), client.polars(kind="noise", **HOURS)
    assert str(by_pandas["time"].dt.tz) == "UTC"
    assert isinstance(by_pandas["property"].dtype, pd.CategoricalDtype)
    assert by_polars.schema["time"] == pl.Datetime("us", "UTC")
    assert by_polars.schema["property"] == pl.Categorical
    mean = by_pandas.groupby("property", observed=True)["value"].mean().to_dict()
    assert mean == dict(by_polars.group_by("property").agg(pl.col("value").mean()).rows())


def test_aggregates_have_columns_of_their_own(client):
    table = client.arrow(sensor="noise-0001", every="1h", agg=["mean", "count"], **HOURS)
    assert table.column_names == ["time", *WORDS, "mean", "count"]
    assert set(table["count"].to_pylist()) == {60}


def test_nothing_is_a_frame_with_columns_and_no_rows(client):
    past = {"start": datetime(2025, 1, 1, tzinfo=UTC), "end": datetime(2025, 1, 2, tzinfo=UTC)}
    assert (len(client.pandas(**past)), client.polars(**past).height) == (0, 0)
    assert list(client.pandas(**past).columns) == ["time", *WORDS, "value", "seq"]


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_a_library_that_is_not_there_is_named_before_anything_is_asked(client, monkeypatch, library):
    monkeypatch.setitem(sys.modules, library, None)
    call = client.arrow if library == "pyarrow" else getattr(client, library)
    with pytest.raises(SetupError, match=rf"needs {library}: pip install"):
        call(kind="no-such-kind")


@pytest.mark.parametrize("which", [{"kind": "noise"}, {"world": "zenata", "sensor": ["air-0001", "noise-0001"]}])
def test_l6_wide_frames_have_a_column_for_each_series(client, which):
    rows = list(client.readings(**which, **HOURS))
    wide, by_polars = client.pandas(**which, **HOURS, wide=True), client.polars(**which, **HOURS, wide=True)
    names = sorted({f"{row.sensor}/{row.property}" for row in rows})
    assert (list(wide.columns), by_polars.columns) == (names, ["time", *names])
    assert {(time, name): wide.loc[time, name] for time in wide.index for name in names} == {
        (row.time, f"{row.sensor}/{row.property}"): row.value for row in rows
    }
    assert by_polars.drop("time").rows() == [tuple(row) for row in wide.itertuples(index=False)]
    aggregated = client.pandas(**which, **HOURS, every="1h", agg=["mean", "count"], wide=True)
    assert list(aggregated.columns) == sorted(f"{name}/{agg}" for name in names for agg in ("mean", "count"))


@pytest.mark.parametrize("name", ["pandas", "polars"])
def test_l6_lists_of_readings_and_devices_are_frames(client, name):
    library = import_module(name)
    rows = client.latest(kind="air")
    frame = library.DataFrame(rows)
    assert list(frame.columns)[:6] == ["time", "world", "sensor", "kind", "district", "property"]
    assert frame["value"].to_list() == [row.value for row in rows]
    assert list(library.DataFrame(client.sensors())["id"]) == [one.id for one in client.sensors()]
