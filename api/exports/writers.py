"""Tables written to a file one after the other, each format in its way."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from api.readings.encode import STREAM_DIGITS, Encoder, arrow_table
from zenata.store.base import Table

Write = Callable[[Table], None]


def writer(file: Path, format_name: str, encoder: Encoder) -> AbstractContextManager[Write]:
    """Open a file, and give what writes a table into it; all tables have the same columns.

    Parameters
    ----------
    file : Path
        Made, or made anew.
    format_name : str
        A key of `WRITERS`.
    encoder : Encoder
    """
    return WRITERS[format_name](file, encoder)


@contextmanager
def _csv(file: Path, encoder: Encoder) -> Iterator[Write]:
    with file.open("wb") as stream:

        def write(table: Table) -> None:
            text = encoder.csv(table, digits=STREAM_DIGITS)  # one form of time in the whole file
            stream.write(text if stream.tell() == 0 else text[text.index(b"\n") + 1 :])  # one heading is enough

        yield write


@contextmanager
def _arrow(file: Path, encoder: Encoder) -> Iterator[Write]:
    del encoder
    import pyarrow as pa

    with file.open("wb") as stream:
        opened: Any = None

        def write(table: Table) -> None:
            nonlocal opened
            columns = arrow_table(table)
            opened = opened or pa.ipc.new_stream(stream, columns.schema)
            opened.write_table(columns)

        try:
            yield write
        finally:
            if opened:
                opened.close()


@contextmanager
def _parquet(file: Path, encoder: Encoder) -> Iterator[Write]:
    del encoder
    import pyarrow.parquet as pq

    opened: Any = None

    def write(table: Table) -> None:
        nonlocal opened
        columns = arrow_table(table)
        opened = opened or pq.ParquetWriter(file, columns.schema, compression="zstd")
        opened.write_table(columns)

    try:
        yield write
    finally:
        if opened:
            opened.close()


WRITERS: dict[str, Callable[[Path, Encoder], AbstractContextManager[Write]]] = {
    "csv": _csv,
    "arrow": _arrow,
    "parquet": _parquet,
}
"""How each format is written; JSON, which ends with its last row, is not for files of this size."""
