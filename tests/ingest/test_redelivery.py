"""Messages without a time, while ingest or the broker is killed: nothing lost, nothing doubled, in order.

`make test` kills a few times, `make soak` twenty.
"""

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from tests.ingest import killable
from tests.ingest.killable import CODECS, EVERYTHING, payload_of
from tests.system.running import FORKS
from tests.waiting import wait_until
from tests.zenata.broker.running import Running, running_broker, standard_users
from tests.zenata.store.influxd import influx_url, token_of
from zenata.store import open_store
from zenata.wire import topics
from zenata.wire.mqtt import Publisher

KILLS = int(os.environ.get("ZENATA_INGEST_KILLS", "2"))
TIMEOUT = 120.0  # far beyond what anything here takes [s]
DELIVERED_AGAIN = (
    6.0  # time after which NATS has delivered again what is not acknowledged: its `ack_wait`, and some [s]
)
BURST = 20
WINDOW = 2600  # messages under way to a session: `max_ack_pending` in nats.conf


@contextmanager
def storing(kind: str, folder: Path) -> Iterator[str]:
    """Have a store, and yield its URL."""
    if kind == "duckdb":
        yield f"duckdb:///{folder / 'readings.duckdb'}"
        return
    with influx_url(folder / "influxd", "redelivery") as url:
        yield url


@contextmanager
def ingesting(folder: Path, broker: Running, store: str) -> Iterator[BaseProcess]:
    """Run ingest in a process of its own, which is killed in the end."""
    (folder / "progress").unlink(missing_ok=True)
    process = FORKS.Process(target=killable.main, args=(folder, broker.mqtt_port, store), daemon=True)
    process.start()
    try:
        deadline = time.monotonic() + TIMEOUT
        while not (folder / "ingest.subscribed").exists():
            assert process.is_alive()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield process
    finally:
        process.kill()
        process.join()


def publish(
    broker: Running,
    numbers: range,
    published: Counter[str] | None = None,
    stop: threading.Event | None = None,
    pause: float = 0.0,
    resent: Counter[tuple[str, bytes]] | None = None,
) -> None:
    """Publish messages of every device, and wait until the broker has them; `published` counts them.

    `resent` counts what is published again because the connection broke before the acknowledgement: MQTT does not tell
    it from new messages, so that it may be stored twice (decision 0021).
    """
    with Publisher(broker.address("demo"), client_id="devices-of-demo") as publisher:
        client, lost = publisher._client, publisher._client.on_disconnect

        def on_disconnect(*args: object) -> None:
            if resent is not None:
                unacknowledged = list(client._out_messages.values())
                resent.update((one.topic.rpartition("/")[2], bytes(one.payload)) for one in unacknowledged)
            lost(*args)

        client.on_disconnect = on_disconnect
        publisher.connect(TIMEOUT)
        for number in numbers:
            for name in CODECS:
                publisher.publish(topics.device("demo", name), payload_of(name, number))
            if published is not None:
                published.update(CODECS.keys())
            if stop and stop.wait(pause):
                break
        assert publisher.drain(TIMEOUT)


def values(url: str) -> dict[str, list[float]]:
    """Return what is stored of each device, by time."""
    store = open_store(url, token_of(url))
    try:
        table = store.query(EVERYTHING)
        found: dict[str, list[float]] = {name: [] for name in CODECS}
        for number, value in zip(table.series.tolist(), table.columns["value"].tolist(), strict=True):
            found[table.catalog[number].sensor].append(value)
        assert store.dead_letters() == []
        return found
    finally:
        store.close()


def settled(folder: Path, process: BaseProcess, readings: int) -> None:
    """Wait until so many are stored, and for what a broker may deliver again after that."""
    progress, deadline = folder / "progress", time.monotonic() + TIMEOUT
    last, since = "", time.monotonic()
    while time.monotonic() < deadline:
        assert process.is_alive()
        now = progress.read_text() if progress.exists() else ""  # repetitions count too: they hold up what is new
        if now != last:
            last, since = now, time.monotonic()
        if last and int(last.split()[0]) >= readings and time.monotonic() - since > DELIVERED_AGAIN:
            return
        time.sleep(0.1)


def expected(count: int) -> dict[str, list[float]]:
    return {name: [1.0] * count if name == "same" else [number / 100 for number in range(count)] for name in CODECS}


def without_resent(found: dict[str, list[float]], resent: Counter[tuple[str, bytes]]) -> dict[str, list[float]]:
    """Leave out what is there again because its publisher has sent it again, as often as it has."""
    left: dict[str, list[float]] = {}
    for name, values_ in found.items():
        seen, spare, left[name] = set[float](), resent.copy(), []
        for value in values_:
            key = (name, payload_of(name, round(value * 100)))
            if value in seen and name != "same" and spare[key] > 0:
                spare[key] -= 1
            else:
                seen.add(value)
                left[name].append(value)
    return left


def faults(found: dict[str, list[float]]) -> dict[str, dict[str, list[float]]]:
    """Return what is wrong with the numbers of each device."""
    wrong = {}
    for name in set(found) - {"same"}:
        numbers = [round(value * 100) for value in found[name]]
        kinds = {
            "lost": sorted(set(range(max(numbers, default=0))) - set(numbers)),
            "doubled": sorted(number for number, count in Counter(numbers).items() if count > 1),
            "out of order": [later for before, later in pairwise(numbers) if later < before],
        }
        if any(kinds.values()):
            wrong[name] = {kind: of[:10] for kind, of in kinds.items()}
    return wrong


@pytest.mark.parametrize("kind", ["nats", "mosquitto"])
def test_t1_t2_a_burst_while_ingest_is_away_is_stored_in_order(kind, tmp_path):
    with running_broker(kind, tmp_path, standard_users(kind)) as broker, storing("duckdb", tmp_path) as store:
        with ingesting(tmp_path, broker, store) as process:
            publish(broker, range(BURST))
            settled(tmp_path, process, BURST * len(CODECS))
        publish(broker, range(BURST, 2 * BURST))
        with ingesting(tmp_path, broker, store) as process:
            settled(tmp_path, process, 2 * BURST * len(CODECS))
    assert values(store) == expected(2 * BURST)


def test_equal_messages_behind_a_backlog_of_the_city_are_stored_each(tmp_path):
    """NATS has no number for them while others fill the window of the session, and delivers them later, marked as delivered before."""
    same, count = topics.device("demo", "same"), 50

    def stored() -> int:
        progress = tmp_path / "progress"
        return int(progress.read_text().split()[0]) if progress.exists() else 0

    with (
        running_broker("nats", tmp_path, standard_users("nats")) as broker,
        storing("duckdb", tmp_path) as store,
        ingesting(tmp_path, broker, store) as process,
        Publisher(broker.address("simulators"), client_id="simulators") as city,
        Publisher(broker.address("demo"), client_id="devices-of-demo") as devices,
    ):
        for publisher in (city, devices):
            publisher.connect(TIMEOUT)
        devices.publish(same, payload_of("same", 0))
        wait_until(lambda: stored() == 1, "the first one is stored", TIMEOUT)
        os.kill(process.pid, signal.SIGSTOP)
        for _ in range(WINDOW):
            city.publish(topics.clock("zenata"), b"{}")
        assert city.drain(TIMEOUT)
        for _ in range(count):
            devices.publish(same, payload_of("same", 0))
        assert devices.drain(TIMEOUT)
        time.sleep(0.5)  # NATS tries to deliver them
        os.kill(process.pid, signal.SIGCONT)
        wait_until(lambda: stored() == 1 + count, "each of them is stored", TIMEOUT)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "store_kind"),
    [("nats", "duckdb"), pytest.param("mosquitto", "duckdb", marks=pytest.mark.soak), ("mosquitto", "influxdb")],
)
def test_t1_ingest_that_is_killed_loses_and_doubles_nothing(kind, store_kind, tmp_path):
    seed = int(os.environ.get("ZENATA_CHAOS_SEED", time.time_ns() % 10**6))
    print(f"ZENATA_CHAOS_SEED={seed}")  # noqa: T201 - shown when the test fails, to have the same moments again
    moments = random.Random(seed)  # noqa: S311 - no secret
    stop = threading.Event()
    with running_broker(kind, tmp_path, standard_users(kind)) as broker, storing(store_kind, tmp_path) as store:
        with ingesting(tmp_path, broker, store):
            pass  # from now on the broker has a session, and keeps for it what is published
        published, resent = Counter[str](), Counter[tuple[str, bytes]]()
        load = threading.Thread(target=publish, args=(broker, range(32_000), published, stop, 0.01, resent))
        load.start()
        try:
            for _ in range(KILLS):
                with ingesting(tmp_path, broker, store):
                    wait_for_growth(tmp_path / "ingest.arrivals")
                    time.sleep(moments.uniform(0.0, 1.0))
        finally:
            stop.set()
            load.join(TIMEOUT)
        with ingesting(tmp_path, broker, store) as process:
            settled(tmp_path, process, published.total())
        found = without_resent(values(store), resent)
    again = resent["same", payload_of("same", 0)]
    count = len(found["plain"])
    print(f"{kind}: {count} messages of each device, {KILLS} kills, {resent.total()} published again")  # noqa: T201
    assert count > BURST
    assert faults(found) == {}, f"{resent.total()} were published again, and are left out here"
    same = found.pop("same")
    assert found == {name: of for name, of in expected(count).items() if name != "same"}
    assert count <= len(same) <= count + again


def wait_for_growth(file: Path) -> None:
    """Wait until ingest dates messages."""
    size, deadline = file.stat().st_size if file.exists() else 0, time.monotonic() + TIMEOUT
    while time.monotonic() < deadline and (not file.exists() or file.stat().st_size <= size):
        time.sleep(0.02)
