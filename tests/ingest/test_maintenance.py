"""A store is tidied again and again, whatever happens once."""

import threading

from ingest.maintenance import Maintenance
from zenata.city.clock import WallClock
from zenata.errors import StoreError
from zenata.store.retention import Retention


class Untidy:
    """A store that cannot be tidied at first."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, Retention]] = []
        self.often = threading.Event()

    def tidy(self, now: int, retention: Retention) -> None:
        self.calls.append((now, retention))
        if len(self.calls) == 1:
            raise StoreError("the disk is full")
        if len(self.calls) == 3:
            self.often.set()


def test_a_store_is_tidied_again_though_it_failed_once():
    store, retention, before = Untidy(), Retention(raw=5), WallClock().now()
    with Maintenance(store, retention, WallClock(), first=0.01, pause=0.01):
        assert store.often.wait(10)
    calls = len(store.calls)
    assert all(now >= before and used is retention for now, used in store.calls)
    assert len(store.calls) == calls >= 3


def test_maintenance_that_waits_ends_at_once():
    store = Untidy()
    with Maintenance(store, Retention(), WallClock()):
        pass
    assert store.calls == []
