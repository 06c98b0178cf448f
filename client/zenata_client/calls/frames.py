"""Frames: readings as columns, over Arrow, for pyarrow, pandas and polars."""

from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any, Unpack

from zenata_client.errors import SetupError, check_media
from zenata_client.parameters import Selection, documented, query
from zenata_client.plan import Plan, Send, ask, route
from zenata_client.progress import EXTRA, bar

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

ROWS = 100_000
"""Rows of a page: the largest `limit` of the API."""

_ARROW = "application/vnd.apache.arrow.stream"
_NAMES = ("world", "sensor", "property")  # of a series


@documented
def arrow(
    *,
    limit: int | None = None,
    progress: bool = False,
    **selection: Unpack[Selection],
) -> Plan["pa.Table"]:
    """Return readings, or aggregates of them, as an Arrow table, ordered by time.

    Columns such as `kind` are dictionary-encoded; `time` is in UTC.

    Parameters
    ----------
    {series}
    {range}
    limit : int, optional
        At most so many.
    progress : bool
        Show a progress bar.
    """
    pa = _needed("pyarrow", "an Arrow table")
    params = query({**selection, "limit": ROWS if limit is None else max(min(limit, ROWS), 1), "format": "arrow"})
    tables: list[Any] = []
    count = 0
    with bar(progress, "readings", " rows") as move:
        while True:
            answer = yield from ask(Send(method="GET", path=route("readings"), params=params))
            check_media(answer, _ARROW)
            tables.append(pa.ipc.open_stream(answer.content).read_all())
            move(len(tables[-1]))
            count += len(tables[-1])
            if "next" not in answer.links or (limit is not None and count >= limit):
                return _joined(pa, tables).slice(0, limit)
            params["cursor"] = answer.url.join(answer.links["next"]["url"]).params["cursor"]


@documented
def pandas(
    *,
    limit: int | None = None,
    wide: bool = False,
    progress: bool = False,
    **selection: Unpack[Selection],
) -> Plan["pd.DataFrame"]:
    """Return readings, or aggregates of them, as a frame of pandas, ordered by time.

    Parameters
    ----------
    {series}
    {range}
    limit : int, optional
        At most so many.
    wide : bool
        A row for each time and a column for each series, such as ``air-0001/pm25``. It begins with the world if there
        are several, and ends with the aggregate if there are several.
    progress : bool
        Show a progress bar.
    """
    _needed("pandas", "a frame of pandas")
    table = yield from arrow(
        **selection,
        limit=limit,
        progress=progress,
    )
    frame: pd.DataFrame = table.to_pandas()
    if not wide:
        return frame
    values = _values(frame.columns)
    names = _series_names(table)
    wide_frame = frame[["time", *values]].assign(series=names).pivot(index="time", columns="series", values=values)
    wide_frame.columns = [name if len(values) == 1 else f"{name}/{value}" for value, name in wide_frame.columns]
    ordered: pd.DataFrame = wide_frame[sorted(wide_frame.columns)]
    return ordered


@documented
def polars(
    *,
    limit: int | None = None,
    wide: bool = False,
    progress: bool = False,
    **selection: Unpack[Selection],
) -> Plan["pl.DataFrame"]:
    """Return readings, or aggregates of them, as a frame of polars, ordered by time.

    Parameters
    ----------
    {series}
    {range}
    limit : int, optional
        At most so many.
    wide : bool
        A row for each time and a column for each series, as in `pandas`.
    progress : bool
        Show a progress bar.
    """
    library = _needed("polars", "a frame of polars")
    table = yield from arrow(
        **selection,
        limit=limit,
        progress=progress,
    )
    frame: pl.DataFrame = library.from_arrow(table)
    if not wide:
        return frame
    values = _values(frame.columns)
    long = library.concat(
        [
            frame.select(
                "time",
                library.Series(
                    "series", [name if len(values) == 1 else f"{name}/{value}" for name in _series_names(table)]
                ),
                library.col(value).cast(library.Float64).alias("value"),
            )
            for value in values
        ]
    )
    wide_frame: pl.DataFrame = long.pivot(on="series", index="time", values="value").sort("time")
    ordered: pl.DataFrame = wide_frame.select("time", *sorted(wide_frame.columns[1:]))
    return ordered


def _values(columns: Iterable[str]) -> list[str]:
    """Return the columns that hold values: that of readings, or those of aggregates."""
    described = {"time", "world", "sensor", "kind", "district", "property", "unit", "seq"}
    return [name for name in columns if name not in described]


def _series_names(table: Any) -> list[str]:  # noqa: ANN401 - pyarrow is untyped
    """Return the name of the series of each row; with its world where there are several."""
    columns = {name: table.column(name).to_pylist() for name in _NAMES}
    several = len(set(columns["world"])) > 1
    parts = [columns[name] for name in _NAMES if several or name != "world"]
    return ["/".join(names) for names in zip(*parts, strict=True)]


def _joined(pa: Any, tables: Iterable[Any]) -> Any:  # noqa: ANN401 - pyarrow is untyped
    """Return tables as one, whose dictionaries are one as well."""
    return pa.concat_tables(tables).unify_dictionaries().combine_chunks()


def _needed(module: str, what: str) -> Any:  # noqa: ANN401 - a module
    """Return a module that only some calls need, before anything is requested."""
    try:
        return import_module(module)
    except ImportError:
        raise SetupError(f"{what} needs {module}: {EXTRA}") from None
