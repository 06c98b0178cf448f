"""Ingest stops for real, whatever of it: the comparison of published and stored tells, and so does the ledger."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from ingest.service import FILTERS, Ingest
from sandbox.flow import FlowMonitor
from sandbox.worker import IngestThread
from tests.api.running import small_city
from tests.waiting import wait_until
from tests.zenata.broker.running import Running, password, running_broker, standard_users
from zenata.city.clock import SECOND, WallClock, format_time
from zenata.city.readings import ReadingBatch
from zenata.errors import StoreError
from zenata.store import open_store
from zenata.store.base import Store
from zenata.wire import senml, topics
from zenata.wire.mqtt import Publisher, Subscription
from zenata.worlds.control import ControlServer
from zenata.worlds.folders import WorldFolders

TIMEOUT = 60.0  # far beyond what anything here takes [s]


@dataclass
class Rig:
    """Ingest between a broker and a store, and a simulator that says how much it has published."""

    broker: Running
    store: Store
    publisher: Publisher
    folder: Path
    published: int = 0
    works: threading.Event = field(default_factory=threading.Event)  # cleared, the thread of ingest stands
    fails: bool = False  # whether the store does
    lost: list[str] = field(default_factory=list)

    def publish(self) -> None:
        """Publish the next message of a sensor; a real one does so whatever becomes of it."""
        self.published += 1
        now = time.time_ns() // 1000
        records = senml.message("air-0001", now, self.published, [("pm25", "ug/m3")], [1.0])
        self.publisher.publish(topics.telemetry("zenata", "la-ferme", "air", "air-0001"), senml.encode(records))

    def status(self, verb: str, _: object) -> dict[str, object]:
        """Answer as the simulator of the city."""
        assert verb == "status"
        now = format_time(time.time_ns() // 1000 // SECOND * SECOND)
        return {"time": now, "state": "running", "speed": 1.0, "messages": self.published}


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with ExitStack() as stack:
        broker = stack.enter_context(running_broker("nats", tmp_path, standard_users("nats")))
        publisher = stack.enter_context(Publisher(broker.address("simulators"), client_id="city"))
        publisher.connect(TIMEOUT)
        store = open_store(f"duckdb:///{tmp_path}/readings.duckdb")
        stack.callback(store.close)
        (tmp_path / "zenata").mkdir()
        made = Rig(broker, store, publisher, tmp_path)
        made.works.set()
        stack.enter_context(ControlServer(tmp_path / "zenata", made.status))
        yield made


@contextmanager
def ingesting(rig: Rig) -> Iterator[IngestThread]:
    subscription = Subscription(
        rig.broker.address("ingest"),
        client_id="ingest",
        filters=FILTERS,
        on_lost=lambda: rig.lost.append("the session"),
    )

    def stored(_: ReadingBatch) -> None:
        rig.works.wait(TIMEOUT)

    class Stoppable:
        def __getattr__(self, name: str) -> object:
            return getattr(rig.store, name)

        def append(self, *arguments: object) -> int:
            if rig.fails:
                raise StoreError("the disk is full")
            return rig.store.append(*arguments)

    ingest = Ingest(
        city=small_city(), store=Stoppable(), subscription=subscription, clock=WallClock(), on_stored=stored
    )
    thread = IngestThread(ingest, subscription)
    thread.run_until_stopped(on_failure=lambda: None)
    try:
        wait_until(lambda: not thread.problems(), "ingest is connected")
        yield thread
    finally:
        rig.works.set()
        rig.fails = False
        thread.close()


@contextmanager
def thread_stopped(rig: Rig) -> Iterator[None]:
    rig.works.clear()
    yield
    rig.works.set()


@contextmanager
def store_stopped(rig: Rig) -> Iterator[None]:
    rig.fails = True
    yield
    rig.fails = False


@contextmanager
def broker_stopped(rig: Rig) -> Iterator[None]:
    os.kill(rig.broker.process.pid, signal.SIGSTOP)
    yield
    os.kill(rig.broker.process.pid, signal.SIGCONT)


Stop = Callable[[Rig], AbstractContextManager[None]]


@pytest.fixture(autouse=True)
def short_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.flow.WINDOW", 1.0)


def compared(rig: Rig, monitor: FlowMonitor) -> list[str]:
    """Publish a message, compare, and return what is wrong with the shared city."""
    rig.publish()
    time.sleep(0.05)
    monitor.compare()
    return monitor.shared_problems()


@pytest.mark.parametrize("stop", [thread_stopped, store_stopped, broker_stopped])
def test_a_part_of_ingest_that_stops_is_reported_and_heals(rig: Rig, stop: Stop) -> None:
    ledger = rig.store.ledger
    monitor = FlowMonitor(WorldFolders(rig.folder), "zenata", lambda: rig.store.ledger)
    with ingesting(rig):
        for _ in range(30):
            assert compared(rig, monitor) == []
        with stop(rig):
            wait_until(lambda: compared(rig, monitor), "it is reported")
            (problem,) = monitor.shared_problems()
            assert "are published and not stored" in problem
            grown = ledger.balance("zenata").in_flight
            compared(rig, monitor)
            assert ledger.balance("zenata").in_flight > grown > 1
        wait_until(lambda: not compared(rig, monitor), "it is well again")
        wait_until(lambda: ledger.balance("zenata").stored == rig.published, "everything is stored")
        balance = ledger.balance("zenata")
        assert (balance.missing, balance.in_flight, balance.published) == (0, 0, rig.published)


def test_a_store_that_was_opened_again_is_well(rig: Rig) -> None:
    monitor = FlowMonitor(WorldFolders(rig.folder), "zenata", lambda: rig.store.ledger)
    with ingesting(rig):
        for _ in range(30):
            assert compared(rig, monitor) == []
        before = rig.store.ledger
        rig.store._file._lost = True  # type: ignore[attr-defined]  # as where DuckDB gives a file up at a checkpoint
        wait_until(lambda: compared(rig, monitor) == [] and rig.store.ledger is not before, "it is opened again")
        for _ in range(60):
            assert compared(rig, monitor) == []


def test_messages_that_a_broker_has_lost_are_in_flight_and_then_missing(rig: Rig) -> None:
    """Somebody begins the session of ingest anew, so that the broker forgets what was in it."""
    ledger = rig.store.ledger
    monitor = FlowMonitor(WorldFolders(rig.folder), "zenata", lambda: rig.store.ledger)
    with ingesting(rig) as thread:
        for _ in range(30):
            assert compared(rig, monitor) == []
        wait_until(lambda: ledger.balance("zenata").stored == rig.published, "everything is stored")
        with store_stopped(rig):
            for _ in range(20):
                compared(rig, monitor)
            thief = paho.Client(CallbackAPIVersion.VERSION2, client_id="ingest", clean_session=True)
            thief.username_pw_set("ingest", password("ingest"))
            thief.connect(rig.broker.host, rig.broker.mqtt_port)
            thief.loop_start()
            wait_until(thief.is_connected, "the session is another's")
            thief.disconnect()
            thief.loop_stop()
            wait_until(lambda: compared(rig, monitor), "it is reported")
            assert ledger.balance("zenata").in_flight > 10
        wait_until(lambda: not thread.problems(), "ingest is connected again")

        def is_settled() -> bool:
            compared(rig, monitor)
            balance = ledger.balance("zenata")
            return balance.missing > 0 and balance.in_flight < 5

        wait_until(is_settled, "what is not there is missing")
        assert rig.lost == ["the session"]
        balance = ledger.balance("zenata")
        assert balance.published == balance.stored + balance.rejected + balance.in_flight + balance.missing
        (account,) = [one for one in ledger.accounts("zenata") if one.sensor == "air-0001"]
        assert sum(last - first + 1 for first, last in account.gaps) == account.missing == balance.missing
