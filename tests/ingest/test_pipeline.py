"""Ingest receives and decodes while it writes, and acknowledges what is durable, in order."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from ingest.devices import DeviceDecoder
from ingest.service import Ingest
from tests.api.running import small_city
from tests.ingest.devices import Table, device
from tests.ingest.test_service import START, TIMEOUT, air, wait_for
from zenata.city.clock import WallClock
from zenata.city.readings import Selection
from zenata.errors import StoreError
from zenata.store.base import Query
from zenata.wire import topics
from zenata.wire.mqtt import Message

SIZE = 4


class Broker:
    """A subscription with messages that are there at once; those of an unacknowledged window stay out."""

    ready = True

    def __init__(self, messages: list[tuple[str, bytes]]) -> None:
        self.waiting = [Message(topic, payload, mid, 1) for mid, (topic, payload) in enumerate(messages, 1)]
        self.acknowledged: list[int] = []
        self.threads: set[int] = set()
        self.received = 0
        self.failure: Exception | None = None
        self._woken = threading.Event()

    def receive(self, *, limit: int, wait: float, on_wake: Callable[[], object] = lambda: None) -> list[Message]:
        if self.failure is not None:
            raise self.failure
        messages, self.waiting = self.waiting[:limit], self.waiting[limit:]
        self.received += len(messages)
        if not messages and self._woken.wait(0.01):
            self._woken.clear()
            on_wake()
        return messages

    def acknowledge(self, messages: list[Message]) -> None:
        self.threads.add(threading.get_ident())
        self.acknowledged += [message.mid for message in messages]

    def wake(self) -> None:
        self._woken.set()


class Gate:
    """A real store whose appends wait until they are let in, one by one."""

    def __init__(self, store) -> None:
        self._store, self._turns = store, threading.Semaphore(0)
        self.writing = 0
        """Appends that have begun."""
        self.failure: Exception | None = None
        self.catalog, self.ledger, self.forget = store.catalog, store.ledger, store.forget
        self.values_at, self.dead_letters, self.describe = store.values_at, store.dead_letters, store.describe

    def let(self, count: int = 1) -> None:
        self._turns.release(count)

    def append(self, batch, letters=()):
        self.writing += 1
        assert self._turns.acquire(timeout=TIMEOUT)
        if self.failure is not None:
            raise self.failure
        return self._store.append(batch, letters)


@contextmanager
def working(broker: Broker, store: Gate, **options) -> Iterator[tuple[Ingest, threading.Event, list[Exception]]]:
    """Run ingest in a thread, with what it raised; in the end everything is let in."""
    ingest = Ingest(
        city=small_city(), store=store, subscription=broker, clock=WallClock(), batch_messages=SIZE, **options
    )
    stop, raised = threading.Event(), []

    def run() -> None:
        try:
            ingest.run(stop)
        except Exception as error:  # noqa: BLE001 - the test looks at it
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield ingest, stop, raised
    finally:
        stop.set()
        store.let(1000)
        thread.join(TIMEOUT)
        assert not thread.is_alive()


def numbers(store, world: str) -> list[int]:
    selection = Selection(worlds=(world,), properties=("pm25",))
    return store.query(Query(selection=selection, start=0, end=2 * START)).columns["seq"].tolist()


def test_one_batch_is_decoded_while_another_is_written_and_no_more(store) -> None:
    broker, gate = Broker([air("zenata", seq) for seq in range(1, 6 * SIZE + 1)]), Gate(store)
    with working(broker, gate) as (ingest, _, _):
        wait_for(lambda: gate.writing == 1 and broker.received == 2 * SIZE)
        threading.Event().wait(0.1)  # it would go on now, if it did
        assert (broker.received, broker.acknowledged) == (2 * SIZE, [])
        gate.let()
        wait_for(lambda: gate.writing == 2 and broker.received == 3 * SIZE)
        assert broker.acknowledged == list(range(1, SIZE + 1)), "only what is durable"
        gate.let(4)
        wait_for(lambda: gate.writing == 6)
        gate.let()
        wait_for(lambda: len(broker.acknowledged) == 6 * SIZE)
        assert broker.acknowledged == list(range(1, 6 * SIZE + 1)), "also the last one, though nothing else comes"
        assert len(broker.threads) == 1, "by one thread"
        assert ingest.counters.messages == 6 * SIZE
    balance = store.ledger.balance("zenata")
    assert (balance.stored, balance.missing, balance.repeated) == (6 * SIZE, 0, 0)


def test_what_was_received_is_stored_and_acknowledged_at_a_stop(store) -> None:
    broker, gate = Broker([air("zenata", seq) for seq in range(1, 6 * SIZE + 1)]), Gate(store)
    with working(broker, gate) as (_, stop, _):
        wait_for(lambda: gate.writing == 1 and broker.received == 2 * SIZE)
        stop.set()
    assert broker.acknowledged == list(range(1, 2 * SIZE + 1)) == numbers(store, "zenata")


def test_a_failing_store_holds_up_what_comes_behind(store) -> None:
    """Stopped while it fails, nothing is acknowledged, and the batch behind is not written in its place."""
    broker, gate = Broker([air("zenata", seq) for seq in range(1, 6 * SIZE + 1)]), Gate(store)
    gate.failure = StoreError("the disk is full")
    with working(broker, gate) as (ingest, stop, raised):
        gate.let(2)
        wait_for(lambda: gate.writing == 3 and broker.received == 2 * SIZE)
        stop.set()
        gate.let()
        wait_for(lambda: ingest.counters.store_failures == 3)
        gate.failure = None
    assert (broker.acknowledged, numbers(store, "zenata"), raised) == ([], [], [])
    assert broker.received == 2 * SIZE


def test_a_failure_of_the_writer_ends_ingest(store) -> None:
    broker, gate = Broker([air("zenata", seq) for seq in range(1, 6 * SIZE + 1)]), Gate(store)
    with working(broker, gate) as (_, _, raised):
        gate.let()
        wait_for(lambda: len(broker.acknowledged) == SIZE)
        gate.failure = ZeroDivisionError("a fault of ours")
        gate.let()
        wait_for(lambda: bool(raised))
    assert [type(one) for one in raised] == [ZeroDivisionError]
    assert broker.acknowledged == numbers(store, "zenata") == list(range(1, SIZE + 1))


def test_a_failure_to_receive_ends_ingest_though_the_store_fails(store) -> None:
    broker, gate = Broker([air("zenata", 1)]), Gate(store)
    gate.failure = StoreError("the disk is full")
    gate.let(1000)
    with working(broker, gate) as (_, _, raised):
        wait_for(lambda: gate.writing > 1)
        broker.failure = ZeroDivisionError("a fault of ours")
        wait_for(lambda: bool(raised))
    assert [type(one) for one in raised] == [ZeroDivisionError]
    assert broker.acknowledged == []


@pytest.mark.parametrize("value", [2.0, 3.0])
def test_messages_of_devices_are_compared_with_what_came_before_them(store, value: float) -> None:
    """A time that a device says again is a repetition, or a contradiction, also of a batch that was being written."""
    said = [
        (topics.device("alpha", "roof"), b'{"time": "2026-01-01T00:00:01Z", "level": %.1f}' % one)
        for one in (2.0, value)
    ]
    broker, gate, table = (
        Broker([said[0], *[air("zenata", n) for n in range(1, SIZE)], said[1]]),
        Gate(store),
        Table(device()),
    )
    with working(broker, gate, devices=lambda catalog: DeviceDecoder(table, catalog, store.catalog)) as (ingest, _, _):
        gate.let(2)
        wait_for(lambda: len(broker.acknowledged) == SIZE + 1)
        assert ingest.counters.duplicates == (value == 2.0)
    assert len(store.dead_letters()) == (value != 2.0)
