"""Where readings last."""

from zenata.store.registry import open_store

__all__ = ["open_store"]
