"""Three processes of ingest beside each other, one of which is killed: nothing is lost, and nothing is stored twice."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from ingest.service import Worker
from sandbox.ingest import ingest
from sandbox.parts import city_of
from sandbox.settings import Settings
from tests.system.running import SMALL, Command
from tests.waiting import wait_until
from tests.zenata.broker.running import Running, running_broker, standard_users
from tests.zenata.store.influxd import running as running_influxd
from zenata.city.quantities import QUANTITIES
from zenata.city.readings import Selection
from zenata.errors import SetupError
from zenata.store import open_store
from zenata.store.base import Query
from zenata.store.ledger import Balance
from zenata.wire import senml, topics
from zenata.wire.mqtt import Publisher, Subscription

TIMEOUT = 60.0  # far beyond what anything here takes [s]
START, SECOND = 1_767_225_600, 1_000_000
WORKERS = (1, 2, 3)
SENSORS = [sensor for sensor in city_of("valdeira").sensors if sensor.kind == "parking"]
OCCUPIED = [("occupied", QUANTITIES["occupied"].unit)]
ROUNDS = 10  # messages of each sensor in a batch


@contextmanager
def worker(number: int, broker: Running, store: str, folder: Path, *options: str) -> Iterator[Command]:
    """Run `zenata ingest` as one of three; wait until it hears the broker, and stop it at the end."""
    where = folder / f"worker-{number}"
    where.mkdir(exist_ok=True)
    printed = where / "out"
    printed.touch()
    arguments = (
        "--data-dir",
        str(where),
        "--broker",
        broker.url("ingest"),
        "--store",
        store,
        *SMALL,
        "--worker",
        f"{number}/3",
    )
    process = Command(("ingest", *arguments, *options), printed, printed)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(TIMEOUT)
    assert b"Traceback" not in printed.read_bytes()


def hears(folder: Path, number: int) -> bool:
    printed = (folder / f"worker-{number}" / "out").read_text()
    return "subscribed at the broker" in printed or "resumed the session" in printed


def publish(publisher: Publisher, first: int) -> None:
    """Publish messages `first` to `first` + ROUNDS of every sensor, and wait until all are acknowledged."""
    for seq in range(first, first + ROUNDS):
        for sensor in SENSORS:
            records = senml.message(sensor.id, (START + seq) * SECOND, seq, OCCUPIED, [1.0])
            publisher.publish(topics.telemetry("w-1", sensor.district, sensor.kind, sensor.id), senml.encode(records))
    assert publisher.drain(TIMEOUT)


def balance(url: str) -> Balance:
    with closing(open_store(url)) as store:
        return store.ledger.balance("w-1")


def readings(url: str) -> list[int]:
    """Return how many readings each sensor has."""
    query = Query(
        selection=Selection(worlds=("w-1",)), start=START * SECOND, end=2 * START * SECOND, aggregates=("count",)
    )
    with closing(open_store(url)) as store:
        return [int(count) for count in store.query(query).columns["count"]]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "options"),
    [("nats", ()), ("mosquitto", ("--share",))],
    ids=["districts", "shared"],
)
def test_one_of_three_is_killed(kind, options, tmp_path):
    with (
        running_influxd(tmp_path / "influx") as influx,
        running_broker(kind, tmp_path / "broker", standard_users(kind)) as broker,
        ExitStack() as stack,
    ):
        url = f"influxdb://127.0.0.1:{influx.port}/scale"
        publisher = stack.enter_context(Publisher(broker.address("simulators"), client_id="simulators"))
        publisher.connect(TIMEOUT)
        first, *others = [stack.enter_context(worker(n, broker, url, tmp_path, *options)) for n in WORKERS]
        wait_until(lambda: all(hears(tmp_path, number) for number in WORKERS), "all workers hear the broker")
        publish(publisher, 1)
        first.kill()
        first.wait(TIMEOUT)
        publish(publisher, 1 + ROUNDS)
        assert all(other.poll() is None for other in others)
        stack.enter_context(worker(1, broker, url, tmp_path, *options))
        publish(publisher, 1 + 2 * ROUNDS)
        expected = 3 * ROUNDS * len(SENSORS)
        wait_until(lambda: balance(url).stored >= expected, "everything is stored")
        printed = balance(url)
        assert (printed.stored, printed.missing, printed.rejected) == (expected, 0, 0)
        assert readings(url) == [3 * ROUNDS] * len(SENSORS)


def test_two_workers_are_enough_for_zenata_on_nats(tmp_path):
    """NATS grants a session only so many subscriptions."""
    filters = Worker(1, 2).filters(city_of("zenata"))
    with (
        running_broker("nats", tmp_path, standard_users("nats")) as broker,
        Subscription(broker.address("ingest"), client_id="ingest-1-of-2", filters=filters) as client,
    ):
        client.connect(TIMEOUT)
        assert client.ready


@pytest.mark.parametrize(
    ("options", "printed"),
    [
        ({"worker": "1/3"}, "a store that several processes may open"),
        ({"worker": "4/3", "store": "influxdb://h/b"}, "worker '4/3' is not one of several"),
        ({"share": True, "store": "influxdb://h/b"}, "--worker 2/3"),
    ],
)
def test_what_cannot_be_divided_is_reported(options, printed, tmp_path):
    with pytest.raises(SetupError, match=re.escape(printed)):
        ingest(Settings(data_dir=tmp_path, city="valdeira", broker="mqtt://h", **options))
