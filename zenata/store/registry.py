"""Opens a store by its URL."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from zenata.errors import StoreError
from zenata.store.base import Store

Opener = Callable[[str, str | None], Store]


def open_store(url: str, token: str | None = None) -> Store:
    """Open the store that a URL names.

    Parameters
    ----------
    url : str
        ``duckdb:///relative/path`` or ``duckdb:////absolute/path``; ``influxdb://host:8086/bucket?org=ORG``, or
        ``influxdbs://`` for TLS.
    token : str, optional
        What shows a server that we may.

    Raises
    ------
    StoreError
        If the URL names no store, or the store cannot be opened.
    """
    scheme = urlsplit(url).scheme
    if scheme not in STORES:
        known = ", ".join(f"{name}://" for name in sorted(STORES))
        raise StoreError(f"the store URL begins with {scheme or url[:20]!r}; known are {known}")
    return STORES[scheme](url, token)


def _duckdb(url: str, _: str | None) -> Store:
    from zenata.store.duckdb.store import DuckDBStore

    parts = urlsplit(url)
    path = unquote(parts.path)[1:]
    if parts.netloc or not path:
        raise StoreError("a DuckDB store is named duckdb:///relative/path or duckdb:////absolute/path")
    return DuckDBStore(Path(path))


def _influxdb(url: str, token: str | None) -> Store:
    from zenata.store.influx.store import InfluxStore

    return InfluxStore(url, token)


STORES: dict[str, Opener] = {"duckdb": _duckdb, "influxdb": _influxdb, "influxdbs": _influxdb}
"""The back ends, by the scheme of their URLs."""
