"""A store is tidied again and again, whatever happens once."""

import threading

from ingest.keeper import Keeper
from zenata.city.clock import WallClock
from zenata.errors import StoreError
from zenata.store.retention import Retention


class Untidy:
    """A store that cannot be tidied at first."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, Retention]] = []
        self.often = threading.Event()

    def tidy(self, now: int, retention: Retention) -> None:
        self.asked.append((now, retention))
        if len(self.asked) == 1:
            raise StoreError("the disk is full")
        if len(self.asked) == 3:
            self.often.set()


def test_a_store_is_tidied_again_though_it_failed_once():
    store, retention, before = Untidy(), Retention(raw=5), WallClock().now()
    with Keeper(store, retention, WallClock(), first=0.01, pause=0.01):
        assert store.often.wait(10)
    asked = len(store.asked)
    assert all(now >= before and kept is retention for now, kept in store.asked)
    assert len(store.asked) == asked >= 3


def test_a_keeper_that_waits_ends_at_once():
    store = Untidy()
    with Keeper(store, Retention(), WallClock()):
        pass
    assert store.asked == []
