import csv
import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from api.readings.encode import Encoder, numbers, times
from tests.api.running import batch_of, series_of, small_city
from zenata.city.clock import format_time, parse_time
from zenata.city.readings import Catalog, ReadingBatch, Series
from zenata.store.base import Table


def as_table(batch: ReadingBatch) -> Table:
    columns = {"value": batch.value, "seq": batch.seq}
    return Table(catalog=batch.catalog, series=batch.series, time=batch.time, columns=columns)


def table_of(minutes: range) -> Table:
    return as_table(batch_of(series_of(small_city()), minutes))


def plain(table: Table) -> list[dict[str, object]]:
    """The rows of a table, the slow and obvious way."""
    rows: list[dict[str, object]] = []
    for index, number in enumerate(table.series.tolist()):
        series = table.catalog[number]
        names = ("world", "sensor", "kind", "district", "property", "unit")
        row: dict[str, object] = {"time": format_time(int(table.time[index]))}
        row |= {name: getattr(series, name) for name in names}
        row |= {name: values[index].item() for name, values in table.columns.items()}
        rows.append(row)
    return rows


@pytest.mark.parametrize("minutes", [range(0), range(1), range(3)])
def test_every_format_says_the_same(minutes: range) -> None:
    table, encoder = table_of(minutes), Encoder()
    expected = plain(table)
    document = json.loads(encoder.encode(table, "json", "more"))
    assert document == {"items": expected, "next": "more"}
    assert [list(row) for row in document["items"]] == [list(row) for row in expected]
    text = encoder.encode(table, "csv").decode()
    assert list(csv.DictReader(io.StringIO(text))) == [{k: str(v) for k, v in row.items()} for row in expected]
    assert text.startswith("time,world,sensor,kind,district,property,unit,value,seq\r\n")
    arrow = pa.ipc.open_stream(encoder.encode(table, "arrow")).read_all()
    parquet = pq.read_table(io.BytesIO(encoder.encode(table, "parquet")))
    for columns in (arrow, parquet):
        rows = columns.to_pylist()
        assert [row | {"time": format_time(parse_time(row["time"].isoformat()))} for row in rows] == expected
        assert columns.schema.field("time").type == pa.timestamp("us", tz="UTC")
        assert columns.schema.field("value").type == pa.float64()


def test_an_answer_is_remembered_of_the_same_table_and_format_alone() -> None:
    encoder = Encoder()
    for minutes in (range(1), range(1, 2), range(3)) * 2:
        table = table_of(minutes)
        for name in ("json", "csv", "json"):
            assert encoder.latest(table, name) == encoder.encode(table, name)


def test_what_is_remembered_is_bounded_also_where_answers_are_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.readings.encode._REMEMBERED", 50_000)
    encoder = Encoder()
    for _ in range(100):
        encoder.latest(table_of(range(0)), "json")
    assert 0 < len(encoder._answers) <= 50


def test_what_is_not_finite_is_null_or_empty() -> None:
    table = table_of(range(1))
    table.columns["value"][:3] = [np.nan, np.inf, -np.inf]
    encoder = Encoder()
    values = [row["value"] for row in json.loads(encoder.encode(table, "json"))["items"]]
    assert values[:3] == [None] * 3
    rows = list(csv.DictReader(io.StringIO(encoder.encode(table, "csv").decode())))
    assert [row["value"] for row in rows[:3]] == [""] * 3


def test_words_that_would_break_a_format_are_quoted() -> None:
    catalog = Catalog()
    odd = 'a,"b"\r\nc\\'
    catalog.intern(Series("zenata", odd, "pm25", "air", "é", "ug/m3"))
    table = Table(
        catalog=catalog,
        series=np.zeros(1, dtype=np.int32),
        time=np.zeros(1, dtype=np.int64),
        columns={"mean": np.ones(1)},
    )
    assert json.loads(Encoder().encode(table, "json"))["items"][0]["sensor"] == odd
    (row,) = csv.DictReader(io.StringIO(Encoder().encode(table, "csv").decode(), newline=""))
    assert (row["sensor"], row["district"], row["mean"]) == (odd, "é", "1.0")


def test_series_that_come_later_are_written_too() -> None:
    catalog, encoder = Catalog(), Encoder()
    for count in (1, 2, 5):
        for number in range(count):
            catalog.intern(Series("zenata", f"air-{number}", "pm25", "air", "coast", "ug/m3"))
        series = np.arange(count, dtype=np.int32)
        table = Table(catalog=catalog, series=series, time=series.astype(np.int64), columns={})
        names = [row["sensor"] for row in json.loads(encoder.encode(table, "json"))["items"]]
        assert names == [f"air-{number}" for number in range(count)]


@given(hnp.arrays(np.float64, st.integers(0, 20)))
def test_numbers_read_back_the_same(values: np.ndarray) -> None:
    read = [json.loads(text) for text in numbers(values)]
    assert read == [value if np.isfinite(value) else None for value in values.tolist()]


@given(st.lists(st.integers(-(10**15), 10**17), max_size=20))
def test_times_are_written_as_everywhere_else(moments: list[int]) -> None:
    written = [text.decode() for text in times(np.array(moments, dtype=np.int64), "<", ">")]
    assert [format_time(parse_time(text[1:-1])) for text in written] == [format_time(moment) for moment in moments]
    assert len({len(text) for text in written}) <= 1  # one form in one answer
