"""Appends to a DuckDB store until it is killed: ``python -m tests.zenata.store.appending FILE FIRST``.

Prints the number of each batch when the store has acknowledged it.
"""

import itertools
import sys
from pathlib import Path

from tests.zenata.store.data import NOON, Row, batch_of, series_of, some_rows
from zenata.city.readings import Catalog
from zenata.store.duckdb.store import DuckDBStore

SERIES = 500


def rows_of_batch(number: int) -> list[Row]:
    """Return the readings of a batch: one of each series."""
    return some_rows(series_of(SERIES), [NOON + number])


if __name__ == "__main__":
    store, catalog = DuckDBStore(Path(sys.argv[1])), Catalog()
    for number in itertools.count(int(sys.argv[2])):
        store.append(batch_of(rows_of_batch(number), catalog))
        print(number, flush=True)  # noqa: T201 - what it is for
