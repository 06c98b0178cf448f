"""Opens a store by its URL."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from zenata.errors import StoreError
from zenata.store.base import Store

Opener = Callable[[str], Store]


def open_store(url: str) -> Store:
    """Open the store that a URL names.

    Parameters
    ----------
    url : str
        ``duckdb:///relative/path`` or ``duckdb:////absolute/path``.

    Raises
    ------
    StoreError
        If the URL names no store, or the store cannot be opened.
    """
    scheme = urlsplit(url).scheme
    if scheme not in STORES:
        known = ", ".join(f"{name}://" for name in sorted(STORES))
        raise StoreError(f"the store URL begins with {scheme or url[:20]!r}; known are {known}")
    return STORES[scheme](url)


def _duckdb(url: str) -> Store:
    from zenata.store.duckdb import DuckDBStore

    parts = urlsplit(url)
    path = unquote(parts.path)[1:]
    if parts.netloc or not path:
        raise StoreError("a DuckDB store is named duckdb:///relative/path or duckdb:////absolute/path")
    return DuckDBStore(Path(path))


STORES: dict[str, Opener] = {"duckdb": _duckdb}
"""The back ends, by the scheme of their URLs."""
