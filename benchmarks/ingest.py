"""Draining a backlog of the embedded broker into each store, beside a bare paho subscriber that only counts."""

import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from functools import cache, partial
from itertools import count, islice
from pathlib import Path
from secrets import token_hex

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.table import Row
from ingest.service import FILTERS, Ingest
from tests.zenata.broker.running import HOST, Running, password, running_broker, standard_users
from tests.zenata.store.influxd import running as running_influxd
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

PATIENCE = 600.0
"""The longest a drain may take [s]; one that takes as long has failed."""

_BARE = "bare"  # name of a session; those of ingest are called as their stores

Messages = Iterator[tuple[str, bytes]]


def run(backlog: int = SINGLES) -> list[Row]:
    """Measure both kinds of messages into both stores; `backlog` is how many single ones wait."""
    packs = backlog * PACKS // SINGLES
    return [
        *_rows(_singles(), backlog, 1, "single messages", "messages/s", "DuckDB 0.7"),
        *_rows(_packs(), packs, PACK, f"packs of {PACK} readings", "readings/s", "DuckDB 300,000/s"),
    ]


def _rows(messages: Messages, size: int, readings: int, what: str, unit: str, goal: str) -> list[Row]:
    rates = _compare(messages, size)
    bare = rates.pop(_BARE)
    return [
        Row(
            f"drain of {size:,} {what} into {name} until durable",
            f"0.8 of the slower baseline, {goal}",
            f"{rate * readings:,.0f} {unit}",
            f"{bare * readings:,.0f} {unit} (paho that counts)",
            f"{rate / bare:.2f}",
        )
        for name, rate in rates.items()
    ]


def _compare(messages: Messages, size: int) -> dict[str, float]:
    """Return the median rates of the bare subscriber and of ingest into each store [messages/s]."""
    with (
        tempfile.TemporaryDirectory() as name,
        running_influxd(Path(name) / "influxd") as influxd,
        running_broker("nats", Path(name), standard_users("nats")) as broker,
    ):
        urls = {
            "DuckDB": lambda: f"duckdb:///{tempfile.mkdtemp(dir=name)}/readings.duckdb",
            "InfluxDB": lambda: f"influxdb://{HOST}:{influxd.port}/{token_hex(4)}",
        }
        drains: dict[str, Callable[[], float]] = {_BARE: partial(_drain_bare, broker, size)}
        drains |= {store: partial(_drain, broker, size, store, url) for store, url in urls.items()}
        rates: dict[str, list[float]] = {store: [] for store in drains}
        for store in drains:
            with _subscription(broker, store) as subscription:
                subscription.connect(5)
        for repetition in range(REPETITIONS):
            _publish(broker, islice(messages, size))
            for store in sorted(drains, reverse=repetition % 2 == 1):  # who comes first alternates
                rates[store].append(size / drains[store]())
        return {store: statistics.median(of) for store, of in rates.items()}


@cache
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


def address(broker: Running, user: str) -> Address:
    """Return where a user finds the broker."""
    return Address(host=HOST, port=broker.mqtt_port, username=user, password=password(user))


def _subscription(broker: Running, name: str) -> Subscription:
    return Subscription(address(broker, "ingest"), client_id=name, filters=FILTERS)


def _publish(broker: Running, messages: Messages) -> None:
    with Publisher(address(broker, "simulators"), client_id="bench-publisher") as publisher:
        publisher.connect(5)
        for topic, payload in messages:
            publisher.publish(topic, payload)
        publisher.drain(600)


def _drain(broker: Running, size: int, name: str, url: Callable[[], str]) -> float:
    """Return the time [s] from connecting until ingest has made `size` messages durable in a new store."""
    city = _city()
    with closing(open_store(url())) as store:
        stop = threading.Event()
        begin = time.perf_counter()
        with _subscription(broker, name) as subscription:
            subscription.connect(5)
            ingest = Ingest(city=city, store=store, subscription=subscription, clock=WallClock())
            worker = threading.Thread(target=ingest.run, args=(stop,))
            worker.start()
            while ingest.counters.messages < size and time.perf_counter() < begin + PATIENCE:
                time.sleep(0.002)
            took = time.perf_counter() - begin
            stop.set()
            worker.join()
    return took


def _drain_bare(broker: Running, size: int) -> float:
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
