"""Files of any size, written table by table, each format in its way."""

from collections.abc import Callable, Iterator
from functools import partial
from io import RawIOBase
from itertools import chain
from pathlib import Path
from typing import IO, cast

from arro3.core import RecordBatch, RecordBatchReader
from arro3.io import write_ipc_stream, write_parquet

from api.exports.export import ROWS
from api.readings.encode import PARQUET_COMPRESSION, STREAM_DIGITS, Encoder, record_batch
from zenata.store.base import Table


def write_file(file: Path, format_name: str, tables: Iterator[Table], encoder: Encoder) -> None:
    """Write tables, which have the same columns, into one file; each is taken when the one before it was written.

    Parameters
    ----------
    file : Path
        Created, or overwritten.
    format_name : str
        A key of `WRITERS`.
    tables : iterator of Table
    encoder : Encoder

    Raises
    ------
    OSError
        If the file cannot be written. What `tables` raises is passed on.
    """
    with file.open("wb") as stream:
        WRITERS[format_name](stream, tables, encoder)


def _csv(stream: IO[bytes], tables: Iterator[Table], encoder: Encoder) -> None:
    for number, table in enumerate(tables):
        text = encoder.csv(table, digits=STREAM_DIGITS)  # one form of time in the whole file
        stream.write(text if number == 0 else text[text.index(b"\n") + 1 :])  # one heading is enough


def _arrow(stream: IO[bytes], tables: Iterator[Table], _: Encoder) -> None:
    _write_batches(stream, tables, partial(write_ipc_stream, compression=None))


def _parquet(stream: IO[bytes], tables: Iterator[Table], _: Encoder) -> None:
    write = partial(
        write_parquet, compression=PARQUET_COMPRESSION, max_row_group_size=ROWS
    )  # ROWS are in memory at once
    _write_batches(stream, tables, write)


class _Sink(RawIOBase):
    """A stream that remembers its first error instead of raising it: of a full disk, arro3 0.9 makes a panic of Rust."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.error: Exception | None = None

    def write(self, data: bytes, /) -> int:  # type: ignore[override]  # bytes are all that arro3 writes
        """Write all of the data, or nothing after an error."""
        if self.error is None:
            try:
                self._stream.write(data)
            except OSError as error:
                self.error = error
        return len(data)


def _write_batches(
    stream: IO[bytes], tables: Iterator[Table], write: Callable[[RecordBatchReader, IO[bytes]], None]
) -> None:
    """Write tables as Arrow batches; errors keep their types, which they would lose on their way through Rust."""
    sink = _Sink(stream)

    def batches() -> Iterator[RecordBatch]:
        try:
            for table in tables:
                yield record_batch(table)
                if sink.error is not None:
                    return
        except Exception as error:
            sink.error = error
            raise

    following = batches()
    first = next(following)
    try:
        write(RecordBatchReader.from_batches(first.schema, chain([first], following)), cast("IO[bytes]", sink))
    finally:
        if sink.error is not None:
            raise sink.error


WRITERS: dict[str, Callable[[IO[bytes], Iterator[Table], Encoder], None]] = {
    "csv": _csv,
    "arrow": _arrow,
    "parquet": _parquet,
}
"""How each format is written; JSON, which ends with its last row, is not for files of this size."""
