"""Files written table by table, read back by other libraries."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from api.exports.writers import WRITERS, write_file
from api.readings.encode import Encoder
from tests.api.readings.test_encode import as_table, table_of
from tests.api.running import batch_of, series_of, small_city
from tests.room import room_for
from zenata.errors import StoreError
from zenata.store.base import Table

SERIES = series_of(small_city())


def tables() -> Iterator[Table]:
    """Tables of different series, so that the words of their columns differ."""
    for number, series in enumerate((SERIES[:2], SERIES, SERIES[3:])):
        yield as_table(batch_of(series, range(3 * number, 3 * number + 3)))


def read(file: Path, format_name: str) -> list[tuple[str, float]]:
    match format_name:
        case "csv":
            with file.open(newline="") as stream:
                rows = list(csv.DictReader(stream))
        case "arrow":
            rows = pa.ipc.open_stream(file.read_bytes()).read_all().to_pylist()
        case _:
            rows = pq.read_table(file).to_pylist()
    return [(row["sensor"], row["property"], float(row["value"])) for row in rows]


@pytest.mark.parametrize("format_name", WRITERS)
def test_tables_of_different_series_are_one_file(tmp_path, format_name):
    file = tmp_path / "file"
    write_file(file, format_name, tables(), Encoder())
    expected = [
        (table.catalog[number].sensor, table.catalog[number].property, value)
        for table in tables()
        for number, value in zip(table.series.tolist(), table.columns["value"].tolist(), strict=True)
    ]
    assert read(file, format_name) == expected


@pytest.mark.parametrize("format_name", WRITERS)
def test_a_full_disk_is_an_os_error(format_name, capfd):
    with pytest.raises(OSError, match="No space left"):
        write_file(Path("/dev/full"), format_name, tables(), Encoder())
    assert "panic" not in capfd.readouterr().err


@pytest.mark.parametrize("format_name", WRITERS)
def test_a_file_whose_end_has_no_room_is_an_error(format_name, tmp_path):
    write_file(tmp_path / "whole", format_name, tables(), Encoder())
    with room_for((tmp_path / "whole").stat().st_size - 1), pytest.raises(OSError, match="too large"):
        write_file(tmp_path / "file", format_name, tables(), Encoder())


@pytest.mark.parametrize("format_name", WRITERS)
def test_an_error_of_the_store_keeps_its_type(tmp_path, format_name):
    def failing() -> Iterator[Table]:
        yield table_of(range(1))
        raise StoreError("too much")

    with pytest.raises(StoreError, match="too much"):
        write_file(tmp_path / "file", format_name, failing(), Encoder())
