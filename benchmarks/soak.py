"""Ingest under a steady load and under a burst: what memory it takes, whether it loses anything, how soon it recovers.

The burst comes in packs, as more messages than one publisher's fill no two cores one by one. What is counted, here and
in the ledger, is messages of sensors.
"""

import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import count, groupby
from operator import attrgetter
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from benchmarks.api import Client, newcomer
from benchmarks.ingest import PATIENCE, address
from benchmarks.stack import process
from benchmarks.table import Row
from sandbox.settings import Settings
from tests.zenata.broker.running import HOST, running_broker, standard_users
from zenata.city.clock import WallClock
from zenata.city.kinds import KINDS
from zenata.city.model import Sensor
from zenata.city.pack import load_city
from zenata.city.quantities import QUANTITIES
from zenata.control.keys import Role
from zenata.process.ports import free_ports
from zenata.wire import senml, topics
from zenata.wire.mqtt import Publisher

RATE = 5_000
"""Messages a second of the steady load."""

PACK = 20
"""The most messages of sensors in a pack of the burst."""

_BEAT = 0.02  # between two portions [s]
_WARM = 0.2  # of the time, after which memory counts


def run(minutes: float) -> list[Row]:
    """Measure for some minutes of steady load, and a tenth of that as fast as one publisher can in packs."""
    with (
        tempfile.TemporaryDirectory() as name,
        running_broker("nats", Path(name), standard_users("nats")) as broker,
    ):
        port = free_ports(HOST, {"http": 0})["http"]
        url = broker.url("ingest")
        settings = Settings(data_dir=Path(name) / "data", http_port=port, broker=url)
        settings.data_dir.mkdir()
        key = newcomer(settings, Role.ADMIN)
        command = [sys.executable, "-P", "-m", "sandbox", "serve"]
        with (
            process(command, env=settings.environment()) as api,
            Publisher(address(broker, "simulators"), client_id="bench-publisher") as publisher,
        ):
            publisher.connect(5)
            _stored(port, key)
            sensors = load_city("zenata").sensors
            published, *memory = _steadily(publisher, _say(sensors), minutes * 60, psutil.Process(api.pid))
            begin, burst = time.monotonic(), 0
            for topic, payload, messages in _say(sensors, published // len(sensors) + 2, PACK):
                publisher.publish(topic, payload)
                burst += messages
                if time.monotonic() > begin + minutes * 6:
                    break
            factor = burst / (time.monotonic() - begin) / RATE
            published += burst
            end, balance = time.monotonic(), _stored(port, key)
            while balance["stored"] < published and time.monotonic() < end + PATIENCE:
                time.sleep(0.1)
                balance = _stored(port, key)
            recovered = time.monotonic() - end
    return [
        Row(
            f"memory of ingest and API over {minutes:g} min at {RATE:,} messages/s",
            "growth < 10 %",
            f"{memory[0] / 1e6:.0f} MB, then {memory[1] / 1e6:.0f} MB ({memory[1] / memory[0] - 1:+.1%})",
        ),
        Row(
            f"burst of {factor:.1f} times as much for {minutes * 6:.0f} s",
            "nothing lost",
            f"{published - balance['stored']:,} of {published:,} lost, all stored {recovered:.1f} s later",
        ),
    ]


def _say(sensors: Sequence[Sensor], first: int = 1, at_once: int = 1) -> Iterator[tuple[str, bytes, int]]:
    """Yield what sensors say, round by round: topic, payload, and of how many messages of sensors it consists."""
    where = attrgetter("district")
    districts = [list(neighbours) for _, neighbours in groupby(sorted(sensors, key=where), key=where)]
    groups = [all_[i : i + at_once] for all_ in districts for i in range(0, len(all_), at_once)]
    for seq in count(first):
        for group in groups:
            one = group[0]
            alone = topics.telemetry("zenata", one.district, one.kind, one.id)
            records = [record for sensor in group for record in _message(sensor, seq)]
            yield alone if at_once == 1 else topics.pack("zenata", one.district), senml.encode(records), len(group)


def _message(sensor: Sensor, seq: int) -> list[senml.Record]:
    """Return one message with all that a sensor observes."""
    properties = [(name, QUANTITIES[name].unit) for name in KINDS[sensor.kind].properties]
    values = [(QUANTITIES[name].low + QUANTITIES[name].high) / 2 for name, _ in properties]
    return senml.message(sensor.id, WallClock().now(), seq, properties, values)


def _steadily(
    publisher: Publisher, messages: Iterator[tuple[str, bytes, int]], seconds: float, api: psutil.Process
) -> tuple[int, int, int]:
    """Publish at `RATE`; return how many messages, the memory [bytes] after the first part of the time, and the most after that."""
    begin, sent, early, late = time.monotonic(), 0, 0, 0
    while (passed := time.monotonic() - begin) < seconds:
        for _ in range(int(passed * RATE) - sent):
            topic, payload, _ = next(messages)
            publisher.publish(topic, payload)
            sent += 1
        if int(passed / _BEAT) % 50 == 0:
            size = api.memory_info().rss
            early, late = (max(early, size), late) if passed < _WARM * seconds else (early, max(late, size))
        time.sleep(_BEAT)
    return sent, early, late


def _stored(port: int, key: str) -> dict[str, int]:
    """Return the balance of the shared city, once the API answers."""
    given_up = time.monotonic() + 60
    while True:
        try:
            with closing(Client(port, key)) as get:
                balance: dict[str, int] = json.loads(get("/v1/ledger"))["items"][0]
        except OSError:
            if time.monotonic() > given_up:
                raise
            time.sleep(0.1)
        else:
            return balance
