"""Draining a backlog of the embedded broker into DuckDB, beside a bare paho subscriber that only counts."""

import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from itertools import count, islice
from pathlib import Path

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.table import Row
from ingest.service import FILTERS, Ingest
from tests.broker.running import HOST, Running, password, running_broker, standard_users
from zenata.city.clock import SECOND, WallClock
from zenata.city.model import City, Sensor
from zenata.city.pack import load_city
from zenata.store import open_store
from zenata.wire import senml, topics
from zenata.wire.address import Address
from zenata.wire.mqtt import Publisher, Subscription

REPETITIONS = 3
SINGLES = 60_000
PACKS = 10_000
PACK = 50
"""Readings in a pack."""

SENSORS = 5000

PATIENCE = 120.0
"""The longest a drain may take [s]; one that takes as long has failed."""

_BARE, _OURS = "bench-bare", "bench-ingest"  # names of the sessions

Messages = Iterator[tuple[str, bytes]]


def run() -> list[Row]:
    """Measure both kinds of messages."""
    bare, ours = _compare(_singles(), SINGLES)
    single = Row(
        f"ingest of {SINGLES:,} single messages until durable",
        ">= 0.7 of bare",
        f"{ours:,.0f} messages/s",
        f"{bare:,.0f} messages/s (paho that counts)",
        f"{ours / bare:.2f}",
    )
    bare, ours = _compare(_packs(), PACKS)
    pack = Row(
        f"ingest of {PACKS:,} packs of {PACK} readings until durable",
        ">= 300,000 readings/s",
        f"{ours * PACK:,.0f} readings/s",
        f"{bare * PACK:,.0f} readings/s (paho that counts)",
        f"{ours / bare:.2f}",
    )
    return [single, pack]


def _compare(messages: Messages, size: int) -> tuple[float, float]:
    """Return the median rates of the bare subscriber and of ingest [messages/s]."""
    drains: dict[str, Callable[[Running, Path, int], float]] = {_BARE: _drain_bare, _OURS: _drain}
    rates: dict[str, list[float]] = {name: [] for name in drains}
    with (
        tempfile.TemporaryDirectory() as folder,
        running_broker("nats", Path(folder), standard_users("nats")) as broker,
    ):
        for name in drains:
            with _subscription(broker, name) as subscription:
                subscription.connect(5)
        for repetition in range(REPETITIONS):
            _publish(broker, islice(messages, size))
            for name in sorted(drains, reverse=repetition % 2 == 1):  # who comes first alternates
                rates[name].append(size / drains[name](broker, Path(folder), size))
    return statistics.median(rates[_BARE]), statistics.median(rates[_OURS])


def _city() -> City:
    """Return a city of nothing but the sensors that speak here."""
    place = {"longitude": 0.0, "latitude": 0.0}
    sensors = (Sensor(id=f"air-{n:04}", kind="air", district="la-ferme", **place) for n in range(SENSORS))
    return replace(load_city("zenata"), sensors=tuple(sensors))


def _singles() -> Messages:
    """Yield one reading after the other, of a sensor each."""
    start = WallClock().now()
    for number in count():
        sensor, seq = f"air-{number % SENSORS:04}", number // SENSORS + 1
        yield topics.telemetry("zenata", "la-ferme", "air", sensor), senml.encode(_record(sensor, start, seq))


def _packs() -> Messages:
    """Yield packs of one reading of each of `PACK` sensors, the dearest kind: each record has its own base."""
    start = WallClock().now()
    for number in count():
        first, seq = number * PACK % SENSORS, number * PACK // SENSORS + 1
        records = [record for i in range(PACK) for record in _record(f"air-{first + i:04}", start, seq)]
        yield topics.pack("zenata", "la-ferme"), senml.encode(records)


def _record(sensor: str, start: int, seq: int) -> list[senml.Record]:
    return senml.message(sensor, start + seq * SECOND, seq, [("pm25", "ug/m3")], [seq % 1000 / 10])


def _address(broker: Running, user: str) -> Address:
    return Address(host=HOST, port=broker.mqtt_port, username=user, password=password(user))


def _subscription(broker: Running, name: str) -> Subscription:
    return Subscription(_address(broker, "ingest"), client_id=name, filters=FILTERS)


def _publish(broker: Running, messages: Messages) -> None:
    with Publisher(_address(broker, "simulators"), client_id="bench-publisher") as publisher:
        publisher.connect(5)
        for topic, payload in messages:
            publisher.publish(topic, payload)
        publisher.drain(60)


def _drain(broker: Running, folder: Path, size: int) -> float:
    """Return the time [s] from connecting until ingest has made `size` messages durable."""
    with closing(open_store(f"duckdb:///{tempfile.mkdtemp(dir=folder)}/readings.duckdb")) as store:
        stop = threading.Event()
        begin = time.perf_counter()
        with _subscription(broker, _OURS) as subscription:
            subscription.connect(5)
            ingest = Ingest(city=_city(), store=store, subscription=subscription, clock=WallClock())
            worker = threading.Thread(target=ingest.run, args=(stop,))
            worker.start()
            while ingest.counters.messages < size and time.perf_counter() < begin + PATIENCE:
                time.sleep(0.002)
            took = time.perf_counter() - begin
            stop.set()
            worker.join()
    return took


def _drain_bare(broker: Running, _folder: Path, size: int) -> float:
    """Return the time [s] from connecting until paho has counted `size` messages."""
    received = 0
    done = threading.Event()

    def on_message(*_: object) -> None:
        nonlocal received
        received += 1
        if received == size:
            done.set()

    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=_BARE, clean_session=False)
    client.username_pw_set("ingest", password("ingest"))
    client.on_message = on_message
    begin = time.perf_counter()
    client.connect(HOST, broker.mqtt_port)
    client.loop_start()
    done.wait(PATIENCE)
    took = time.perf_counter() - begin
    client.disconnect()
    client.loop_stop()
    return took
