"""Store of readings: the interface, the ledger that accounts for every message, dead letters, roll-ups."""

from zenata.store.registry import open_store

__all__ = ["open_store"]
