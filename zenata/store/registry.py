"""Opens a store by its URL."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from zenata.errors import StoreError
from zenata.store.base import Store

SCHEMES = ("duckdb", "influxdb", "influxdbs")
"""What the URL of a store may begin with."""


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
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        known = ", ".join(f"{name}://" for name in SCHEMES)
        raise StoreError(f"the store URL begins with {parts.scheme or url[:20]!r}; known are {known}")
    if parts.scheme != "duckdb":
        from zenata.store.influx.store import InfluxStore

        return InfluxStore(url, token)
    from zenata.store.duckdb.store import DuckDBStore

    path = unquote(parts.path)[1:]
    if parts.netloc or not path:
        raise StoreError("a DuckDB store is named duckdb:///relative/path or duckdb:////absolute/path")
    return DuckDBStore(Path(path))
