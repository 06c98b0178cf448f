"""Ingest between a real broker and a real store."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace

import pytest

from ingest.arrivals import ArrivalClock, ArrivalLog
from ingest.devices import DeviceDecoder
from ingest.quotas import Limits, Quotas
from ingest.service import FILTERS, BatchSize, Ingest
from tests.api.running import small_city
from tests.ingest.devices import Table, device
from tests.waiting import wait_until
from tests.zenata.broker.running import Running
from zenata.city.clock import WallClock
from zenata.city.readings import Selection
from zenata.errors import StoreError
from zenata.store.base import Query
from zenata.wire import senml, topics
from zenata.wire.mqtt import Message, Publisher, Subscription

TIMEOUT = 60.0  # far beyond what anything here takes [s]
ACK_WAIT = 5.0  # after which NATS sends again what was not acknowledged; see broker_config/nats/nats.conf [s]
START = 1_767_225_600_000_000
SECOND = 1_000_000
CLOCK = b'{"time": "2026-01-01T00:00:02Z", "speed": 1.0, "state": "running", "messages": 5}'


@pytest.mark.parametrize(
    ("batch", "message", "smallest"),
    [
        (0.9, 0.0016, 250),  # a machine with other work: small batches would store 22 messages a second, of hundreds
        (0.4, 0.0016, 200),
        (0.05, 0.02, 20),  # a store that is slow itself
        (0.005, 0.0001, 2000),
    ],
)
def test_batches_are_as_large_as_brings_most_and_are_stored_before_they_come_again(
    batch: float, message: float, smallest: int
) -> None:
    size, stored, took = BatchSize(2000), list[int](), list[float]()
    for _ in range(300):
        stored.append(size.limit)
        took.append(batch + message * size.limit)
        size.note(size.limit, took[-1])
    assert max(took[10:]) < ACK_WAIT
    assert min(stored[30:]) >= smallest
    assert sum(stored) / sum(took) > 0.5 * 2000 / (batch + message * 2000)


@pytest.fixture(scope="module")
def publish(broker: Running) -> Iterator[Callable[..., None]]:
    """Publish (topic, payload) pairs and wait until the broker has them."""
    with Publisher(broker.address("simulators"), client_id="ingest-tests") as publisher:
        publisher.connect(TIMEOUT)

        def publish(*messages: tuple[str, bytes]) -> None:
            for topic, payload in messages:
                publisher.publish(topic, payload)
            assert publisher.drain(TIMEOUT)

        yield publish


class Failing:
    """A real store whose disk is full for the first so many times."""

    def __init__(self, store, times: int) -> None:
        self.left = times
        self.called = threading.Event()
        self._store = store
        self.dead_letters, self.forget = store.dead_letters, store.forget

    @property
    def ledger(self):
        return self._store.ledger

    def append(self, batch, dead_letters=()):
        self.called.set()
        if self.left:
            self.left -= 1
            raise StoreError("the disk is full")
        return self._store.append(batch, dead_letters)


@contextmanager
def subscription(broker: Running) -> Iterator[Subscription]:
    """The session of ingest, which outlives each test: whatever a test leaves behind comes to the next."""
    with Subscription(broker.address("ingest"), client_id="ingest", filters=FILTERS) as client:
        client.connect(TIMEOUT)
        yield client


@contextmanager
def ingesting(broker: Running, store, **options) -> Iterator[Ingest]:
    """Ingest in a thread, as the service does."""
    stop = threading.Event()
    with subscription(broker) as client:
        ingest = Ingest(
            city=small_city(), store=store, subscription=client, clock=WallClock(), batch_age=0.05, **options
        )
        thread = threading.Thread(target=ingest.run, args=(stop,))
        thread.start()
        try:
            yield ingest
        finally:
            stop.set()
            thread.join(TIMEOUT)
            assert not thread.is_alive()


wait_for = partial(wait_until, what="what a test waits for", pause=0.01)


def air(world: str, seq: int) -> tuple[str, bytes]:
    """Return message number `seq` of one sensor, two readings."""
    records = senml.message("air-0001", START + seq * SECOND, seq, [("pm25", "ug/m3"), ("no2", "ug/m3")], [seq, 30.0])
    return topics.telemetry(world, "la-ferme", "air", "air-0001"), senml.encode(records)


def seqs(store, world: str) -> list[int]:
    """Return the message numbers kept of that sensor's first property, by time."""
    selection = Selection(worlds=(world,), properties=("pm25",))
    return store.query(Query(selection=selection, start=0, end=2 * START)).columns["seq"].tolist()


def test_nothing_is_acknowledged_before_it_is_stored(broker, store, publish):
    """Stopped while the store fails, ingest gets every message again, and keeps it once."""
    with subscription(broker):
        pass
    publish(*(air("w-1", seq) for seq in range(1, 101)))
    failing = Failing(store, times=1000)
    with ingesting(broker, failing) as ingest:
        assert failing.called.wait(TIMEOUT)
        began = time.monotonic()
    assert time.monotonic() - began < 2  # a stop is prompt although the store fails
    assert ingest.counters.store_failures > 0
    assert (ingest.counters.messages, seqs(store, "w-1")) == (0, [])
    with ingesting(broker, Failing(store, times=3)) as ingest:
        wait_for(lambda: ingest.counters.messages >= 100)
    assert ingest.counters.store_failures == 3
    assert seqs(store, "w-1") == list(range(1, 101))


def test_where_a_session_began_is_written_before_anything_is_stored(broker, store, publish, tmp_path):
    """Whoever is killed before the first acknowledgement leaves it to the next, which then waits for older messages."""
    with subscription(broker):
        pass
    publish(air("w-begun", 1))
    failing, clock, path = Failing(store, times=1000), ArrivalClock(WallClock()), tmp_path / "arrivals"
    with ingesting(broker, failing, arrivals=ArrivalLog(clock, path)):
        assert failing.called.wait(TIMEOUT)
    assert ArrivalLog(clock, path).order is not None
    with ingesting(broker, store) as ingest:
        wait_for(lambda: ingest.counters.messages >= 1)


def test_poison_becomes_dead_letters_between_good_messages_and_does_not_come_again(broker, store, publish):
    topic = air("w-2", 1)[0]
    poison = {
        b"{": "not a SenML pack",
        b"\xff\xfe": "not a SenML pack",
        b"[]": "no record with a value",
        b'[{"bn":"air-0002/","n":"pm25","v":1}]': "the topic of 'air-0001'",
        b'[{"bn":"air-0001/","n":"pm25","v":1,"seq":1e30}]': "not a SenML pack",
        b'[{"bn":"air-0001/","n":"pm25","v":1,"seq":' + b"9" * 30 + b"}]": "not a SenML pack",
        b'[{"bn":"air-0001/","n":"pm25","v":1,"bt":' + b"9" * 400 + b"}]": "not a SenML pack",
    }
    with ingesting(broker, store, batch_messages=4) as ingest:
        for seq, payload in enumerate(poison, 1):
            publish(air("w-2", seq), (topic, payload))
        publish(air("w-2", len(poison) + 1))
        wait_for(lambda: ingest.counters.messages >= 2 * len(poison) + 1)
    assert seqs(store, "w-2") == list(range(1, len(poison) + 2))
    assert ingest.counters.dead_letters == len(poison)
    assert ingest.counters.readings == 2 * (len(poison) + 1)
    dead_letters = {dead_letter.payload: dead_letter for dead_letter in store.dead_letters(payloads=True)}
    assert set(dead_letters) == set(poison)
    for payload, reason in poison.items():
        assert (dead_letters[payload].topic, reason in dead_letters[payload].reason) == (topic, True)
    with subscription(broker) as client:
        assert client.receive(limit=1, wait=ACK_WAIT + 0.5) == []


def test_what_comes_twice_is_stored_once_and_counted(broker, store, publish):
    with ingesting(broker, store) as ingest:
        publish(air("w-3", 1), air("w-3", 2), air("w-3", 1))
        wait_for(lambda: ingest.counters.messages >= 3)
        publish(air("w-3", 2), air("w-3", 3))
        wait_for(lambda: ingest.counters.messages >= 5)
    assert seqs(store, "w-3") == [1, 2, 3]
    assert (ingest.counters.readings, ingest.counters.duplicates) == (6, 4)


def test_packs_are_the_same_readings_as_telemetry(broker, store, publish):
    with ingesting(broker, store) as ingest:
        publish(air("w-4", 1), (topics.pack("w-4", "la-ferme"), air("w-4", 1)[1]))
        publish((topics.pack("w-4", "la-ferme"), air("w-4", 2)[1]))
        wait_for(lambda: ingest.counters.messages >= 3)
    assert seqs(store, "w-4") == [1, 2]
    assert (ingest.counters.readings, ingest.counters.duplicates, ingest.counters.dead_letters) == (4, 2, 0)


def test_only_what_is_durable_is_passed_on(broker, store, publish):
    """A batch is told of when the store has it, and not when it held nothing new."""
    committed: list[tuple[list[int], int]] = []

    def on_stored(batch) -> None:
        committed.append((batch.seq.tolist(), len(seqs(store, "w-5"))))

    failing = Failing(store, times=2)
    with ingesting(broker, failing, on_stored=on_stored) as ingest:
        publish(air("w-5", 1))
        wait_for(lambda: ingest.counters.messages >= 1)
        publish(air("w-5", 1))
        wait_for(lambda: ingest.counters.messages >= 2)
        publish(air("w-5", 2))
        wait_for(lambda: ingest.counters.messages >= 3)
    assert failing.left == 0
    assert committed == [([1, 1], 1), ([2, 2], 2)]


def test_a_dead_letter_that_was_not_acknowledged_is_stored_once(broker, store, publish):
    """Stopped between storing and acknowledging, ingest gets the message again."""
    with subscription(broker) as client:
        publish(air("w-6", 1), (air("w-6", 1)[0], b"{"))
        ingest = Ingest(city=small_city(), store=store, subscription=client, clock=WallClock())
        messages: list = []
        while len(messages) < 2:
            messages += client.receive(limit=10, wait=0.1)
        assert ingest._store_all(messages, threading.Event())
    for _ in range(2):
        publish(air("w-6", 2))
        with ingesting(broker, store) as ingest:
            wait_for(lambda ingest=ingest: ingest.counters.messages >= 1)
            publish((air("w-6", 1)[0], b"}"))
            wait_for(lambda ingest=ingest: ingest.counters.dead_letters >= 1)
    assert sorted(dead_letter.payload for dead_letter in store.dead_letters(payloads=True)) == [b"{", b"}", b"}"]
    assert store.ledger.balance("w-6").rejected == 3


def test_a_world_that_is_no_more_is_forgotten(broker, store, publish):
    with ingesting(broker, store) as ingest:
        publish(*(air(world, seq) for world in ("w-7", "w-77") for seq in (1, 2)), (topics.clock("w-7"), CLOCK))
        publish((topics.clock("zenata"), CLOCK))
        wait_for(lambda: ingest.counters.messages >= 4 and store.ledger.balance("w-7").in_flight == 3)
        publish((topics.clock("w-7"), b""), (topics.clock("zenata"), b""))
        wait_for(lambda: not seqs(store, "w-7"))
        publish(air("w-7", 3), air("w-77", 3))
        wait_for(lambda: seqs(store, "w-77") == [1, 2, 3])
    assert seqs(store, "w-7") == []
    assert {"w-7", "w-77", "zenata"} & set(store.ledger.worlds()) == {"w-77", "zenata"}


class Backlog:
    """A subscription that has kept messages, and then ends the work."""

    ready = True

    def __init__(self, messages, stop):
        self._messages, self._stop = messages, stop

    def receive(self, *, limit, wait):
        messages, self._messages = self._messages[:limit], self._messages[limit:]
        if not messages:
            self._stop.set()
        return messages

    def acknowledge(self, messages):
        pass


@pytest.mark.parametrize("away", [0, 100])
def test_a_backlog_of_an_outage_of_ours_is_within_the_quota(store, tmp_path, away):
    """Of a pilot that may send one message a second, 10 at once; the rest are dead letters."""
    now = WallClock().now()
    log = ArrivalLog(ArrivalClock(SimpleNamespace(now=lambda: now - away * SECOND)), tmp_path / "ingest.arrivals")
    log.date(Message(topics.device("alpha", "roof"), b"{}", 1, 1))
    log.write()
    log.close()
    stop, table, quotas = threading.Event(), Table(device()), Quotas(lambda _: Limits(1.0, 10**6))
    messages = [Message(topics.device("alpha", "roof"), b'{"level": %d}' % n, n + 2, 1) for n in range(100)]
    Ingest(
        city=small_city(),
        store=store,
        subscription=Backlog(messages, stop),
        clock=SimpleNamespace(now=lambda: now),
        devices=lambda catalog: DeviceDecoder(table, catalog, store.catalog, quotas),
        arrivals=ArrivalLog(ArrivalClock(SimpleNamespace(now=lambda: now)), tmp_path / "ingest.arrivals"),
    ).run(stop)
    assert len(store.dead_letters()) == (0 if away else 90)
