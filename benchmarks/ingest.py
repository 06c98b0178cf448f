"""Draining a backlog of the embedded broker into each store, beside Telegraf, and readers that only count.

Telegraf writes to the same InfluxDB; without ``telegraf`` on the PATH it is left out, with a message. Processor time is that
of all processes that have the work: the reader's, and InfluxDB's where there is one.
"""

import gc
import json
import statistics
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import cache, partial
from itertools import count, islice
from pathlib import Path
from secrets import token_hex
from typing import NamedTuple

import paho.mqtt.client as paho
import psutil  # type: ignore[import-untyped]
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.peers import telegraf
from benchmarks.table import Row
from ingest.service import FILTERS, Ingest
from tests.zenata.broker.running import HOST, Running, password, running_broker, standard_users
from tests.zenata.store.influxd import Influxd
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

PAHO, READER, TELEGRAF = "paho-counting", "reader-counting", "Telegraf"
"""Baselines, and the peer; the others are called as their stores."""

Messages = Iterator[tuple[str, bytes]]


class Drain(NamedTuple):
    """One backlog drained."""

    wall: float
    """From connecting until all was durable, or counted [s]."""

    processor: float
    """Processor time meanwhile [s]."""


def run(backlog: int = SINGLES) -> list[Row]:
    """Measure both kinds of messages into both stores; `backlog` is how many single ones wait."""
    gc.collect()
    gc.freeze()  # as `zenata serve` does: else half a city is looked through again and again
    if telegraf.PROGRAM is None:
        print("Telegraf is not on the PATH: not compared with", file=sys.stderr)
    packs = backlog * PACKS // SINGLES
    return [
        *_rows(_singles(), backlog, 1, "single messages"),
        *_rows(_packs(), packs, PACK, f"packs of {PACK} readings"),
    ]


def _rows(messages: Messages, size: int, readings: int, what: str) -> list[Row]:
    drains = _compare(messages, size, readings)
    million = size * readings / 1e6

    def figures(name: str) -> str:
        wall, processor = drains[name]
        return f"{million * 1e6 / wall:,.0f} readings/s, {processor / million:.1f} CPU-s a million"

    def row(name: str, baseline: str, goal: str) -> Row:
        wall, processor = (ours / theirs for ours, theirs in zip(drains[name], drains[baseline], strict=True))
        beside = f"{baseline}: {figures(baseline)}"
        return Row(f"{what}: {name}", goal, figures(name), beside, f"rate {1 / wall:.2f}, CPU {processor:.2f}")

    what = f"drain of {size:,} {what}"
    baseline, goal = (TELEGRAF, "rate 1.5, CPU 0.67") if TELEGRAF in drains else (PAHO, "")
    stores = [row(store, baseline, goal) for store in ("DuckDB", "InfluxDB")]
    return [*stores, row("DuckDB", READER, "rate 0.9"), row(READER, PAHO, "")]


def _compare(messages: Messages, size: int, readings: int) -> dict[str, Drain]:
    """Return the medians of the readers that only count, of ingest into each store, and of Telegraf if it is there."""
    with (
        tempfile.TemporaryDirectory() as name,
        running_influxd(Path(name) / "influxd") as influxd,
        running_broker("nats", Path(name), standard_users("nats")) as broker,
    ):
        urls = {
            "DuckDB": lambda: f"duckdb:///{tempfile.mkdtemp(dir=name)}/readings.duckdb",
            "InfluxDB": lambda: f"influxdb://{HOST}:{influxd.port}/{token_hex(4)}",
        }
        drains: dict[str, Callable[[], Drain]] = {
            PAHO: partial(_drain_paho, broker, size),
            READER: partial(_drain_reader, broker, size),
            "DuckDB": partial(_drain, broker, size, "DuckDB", urls["DuckDB"], []),
            "InfluxDB": partial(_drain, broker, size, "InfluxDB", urls["InfluxDB"], [influxd.pid]),
        }
        if telegraf.PROGRAM is not None:
            drains[TELEGRAF] = partial(_drain_telegraf, broker, size * readings, influxd, Path(name))
        done: dict[str, list[Drain]] = {drain: [] for drain in drains}
        for drain in drains:
            with _subscription(broker, drain) as subscription:
                subscription.connect(5)
        for repetition in range(REPETITIONS):
            _publish(broker, islice(messages, size))
            for drain in sorted(drains, reverse=repetition % 2 == 1):  # who comes first alternates
                done[drain].append(drains[drain]())
        return {
            drain: Drain(*(statistics.median(each) for each in zip(*of, strict=True))) for drain, of in done.items()
        }


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


@contextmanager
def _timed(others: Sequence[int] = ()) -> Iterator[Callable[[], Drain]]:
    """Time what is done inside, here and in other processes; what is yielded returns it."""
    used, begin = _processor_time(others), time.perf_counter()
    yield lambda: Drain(time.perf_counter() - begin, _processor_time(others) - used)


def _processor_time(others: Sequence[int]) -> float:
    times = [psutil.Process(pid).cpu_times() for pid in others]
    return time.process_time() + float(sum(each.user + each.system for each in times))


def _drain(broker: Running, size: int, name: str, url: Callable[[], str], others: Sequence[int]) -> Drain:
    """Let ingest make `size` messages durable in a new store."""
    city = _city()
    with closing(open_store(url())) as store, _timed(others) as taken:
        stop = threading.Event()
        begin = time.perf_counter()
        with _subscription(broker, name) as subscription:
            subscription.connect(5)
            ingest = Ingest(city=city, store=store, subscription=subscription, clock=WallClock())
            worker = threading.Thread(target=ingest.run, args=(stop,))
            worker.start()
            while ingest.counters.messages < size and time.perf_counter() < begin + PATIENCE:
                time.sleep(0.002)
            drain = taken()
            stop.set()
            worker.join()
    return drain


def _drain_telegraf(broker: Running, points: int, influxd: Influxd, folder: Path) -> Drain:
    """Let Telegraf write so many readings to InfluxDB, from the moment in which it has connected."""
    before = _points(influxd)
    with (
        telegraf.running(folder, address(broker, "ingest"), TELEGRAF, FILTERS, influxd.port) as pid,
        _timed([pid, influxd.pid]) as taken,
    ):
        begin = time.perf_counter()
        while _points(influxd) - before < points and time.perf_counter() < begin + PATIENCE:
            time.sleep(0.02)
        return taken()


def _points(influxd: Influxd) -> int:
    """Return how many readings it has been given over HTTP and has written."""
    with urllib.request.urlopen(f"http://{HOST}:{influxd.port}/debug/vars", timeout=PATIENCE) as answer:
        services = json.load(answer)
    return sum(each["values"]["pointsWrittenOK"] for name, each in services.items() if name.startswith("httpd"))


def _drain_reader(broker: Running, size: int) -> Drain:
    """Receive and acknowledge `size` messages as ingest does, and do nothing with them."""
    received = 0
    with _timed() as taken, _subscription(broker, READER) as subscription:
        subscription.connect(5)
        begin = time.perf_counter()
        while received < size and time.perf_counter() < begin + PATIENCE:
            messages = subscription.receive(limit=2000, wait=0.05)
            subscription.acknowledge(messages)
            received += len(messages)
        return taken()


def _drain_paho(broker: Running, size: int) -> Drain:
    """Count `size` messages with paho."""
    received = 0
    done = threading.Event()

    def on_message(*_: object) -> None:
        nonlocal received
        received += 1
        if received == size:
            done.set()

    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=PAHO, clean_session=False)
    client.username_pw_set("ingest", password("ingest"))
    client.on_message = on_message
    with _timed() as taken:
        client.connect(HOST, broker.mqtt_port)
        client.loop_start()
        done.wait(PATIENCE)
        drain = taken()
    client.disconnect()
    client.loop_stop()
    return drain
