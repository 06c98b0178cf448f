"""Calls whose readings come as columns, as many as there are: Arrow on the way, and what a notebook works with."""

from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any, Unpack

from zenata_client.asked import Asked
from zenata_client.errors import SetupError
from zenata_client.plan import Plan, Send, ask, at, query
from zenata_client.progress import EXTRA, bar

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

ROWS = 100_000
"""Rows of a page: the most that the API takes as `limit`."""


def arrow(*, progress: bool = False, **asked: Unpack[Asked]) -> Plan["pa.Table"]:
    """Return readings, or aggregates of them, as an Arrow table, ordered by time; of the last hour without `start`.

    Words like `kind` are dictionary-encoded; `time` is in UTC.
    """
    pa = _needed("pyarrow", "an Arrow table")
    params = query({**asked, "limit": ROWS, "format": "arrow"})
    tables = []
    with bar(progress, "readings", " rows") as move:
        while True:
            answer = yield from ask(Send(method="GET", path=at("readings"), params=params))
            tables.append(pa.ipc.open_stream(answer.content).read_all())
            move(len(tables[-1]))
            if "next" not in answer.links:
                return _joined(pa, tables)
            params["cursor"] = answer.url.join(answer.links["next"]["url"]).params["cursor"]


def pandas(*, progress: bool = False, **asked: Unpack[Asked]) -> Plan["pd.DataFrame"]:
    """As `arrow`, as a frame of pandas; words like `kind` are categories."""
    _needed("pandas", "a frame of pandas")
    frame: pd.DataFrame = (yield from arrow(progress=progress, **asked)).to_pandas()
    return frame


def polars(*, progress: bool = False, **asked: Unpack[Asked]) -> Plan["pl.DataFrame"]:
    """As `arrow`, as a frame of polars; words like `kind` are categories."""
    library = _needed("polars", "a frame of polars")
    frame: pl.DataFrame = library.from_arrow((yield from arrow(progress=progress, **asked)))
    return frame


def _joined(pa: Any, tables: Iterable[Any]) -> Any:  # noqa: ANN401 - pyarrow is untyped
    """Return tables as one, whose dictionaries are one as well."""
    return pa.concat_tables(tables).unify_dictionaries().combine_chunks()


def _needed(module: str, what: str) -> Any:  # noqa: ANN401 - a module
    """Return a module that only some calls need, before anything is asked."""
    try:
        return import_module(module)
    except ImportError:
        raise SetupError(f"{what} needs {module}: {EXTRA}") from None
