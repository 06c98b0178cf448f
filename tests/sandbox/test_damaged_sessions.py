"""Sessions at the embedded broker whose record is damaged: nobody stays deaf, and nothing is kept for nobody; of ours nothing is lost."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sandbox.broker_failures import SessionWatch
from sandbox.broker_guard import BrokerGuard
from sandbox.parts import subscription_of
from sandbox.settings import Settings
from tests.waiting import wait_until
from tests.zenata.broker.client import Client
from tests.zenata.broker.running import BROKERS, HOST, Running, running_broker, standard_users
from zenata.broker.base import MONITOR
from zenata.broker.keeper import Keeper
from zenata.broker.monitor import BrokerMonitor, Consumer
from zenata.broker.nats import MonitorPort, Nats
from zenata.broker.protocol import session_name
from zenata.process.ports import free_ports
from zenata.wire.address import Address
from zenata.wire.mqtt import Subscription

SECRET = "of the monitor"
TOPIC = "zenata/telemetry/coast/weather/weather-0001"
FILTERS = ("+/telemetry/#", "+/clock")


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of the monitoring of brokers that are run."""
    (port,) = free_ports(HOST, {"watch": 0}).values()
    hash_ = Nats().hash_password(SECRET)
    monkeypatch.setitem(BROKERS, "nats", Nats(monitor=MonitorPort(port=port, password_hash=hash_)))
    return f"nats://{MONITOR}:{SECRET.replace(' ', '%20')}@{HOST}:{port}"


@pytest.fixture
def monitor(url: str) -> Iterator[BrokerMonitor]:
    with closing(BrokerMonitor(url)) as made:
        yield made


def guard_of(monitor: BrokerMonitor, url: str) -> BrokerGuard:
    absent: Any = SimpleNamespace()
    return BrokerGuard(
        monitor=monitor,
        keeper=Keeper(url),
        failures=absent,
        losses=absent,
        register=absent,
        audit=absent,
        connections=10,
        sweeper=Address(host=HOST, port=1),
        owners=dict,
        sessions=Path("absent"),
        received=absent,
    )


@contextmanager
def ingest(broker: Running, lost: list[str], *, subscribed: bool) -> Iterator[Subscription]:
    with Subscription(
        broker.address("ingest"),
        client_id="ingest",
        filters=FILTERS,
        subscribed=subscribed,
        on_lost=lambda: lost.append("it"),
    ) as session:
        session.connect(60)
        yield session


def publish(broker: Running, *payloads: str) -> None:
    with Client(broker, "simulators") as city:
        city.publish(TOPIC, payloads)


def damage(folder: Path, how: str) -> None:
    (file,) = [file for file in folder.rglob("*.blk") if "$MQTT_sess" in str(file)]
    content = file.read_bytes()
    changed = {len(content) // 2} if how == "one byte" else range(len(content))
    if how == "gone":
        file.unlink()
    else:
        file.write_bytes(bytes(byte ^ 0xFF if at in changed else byte for at, byte in enumerate(content)))


@pytest.mark.parametrize("how", ["one byte", "every byte", "gone"])
def test_who_resumes_a_damaged_session_hears_again_and_nothing_is_kept_for_the_one_before(
    tmp_path: Path, monitor: BrokerMonitor, url: str, how: str
) -> None:
    """With one byte changed NATS finds an older record: it says that the session is there, and delivers nothing to it."""
    lost: list[str] = []
    users = standard_users("nats")
    with running_broker("nats", tmp_path, users) as broker:
        with ingest(broker, lost, subscribed=False):
            pass
        publish(broker, "before")
        broker.process.kill()
        broker.process.wait()
    damage(tmp_path, how)
    with running_broker("nats", tmp_path, users) as broker, ExitStack() as stack:
        session, guard = stack.enter_context(ingest(broker, lost, subscribed=True)), guard_of(monitor, url)
        assert lost == ([] if how == "one byte" else ["it"])
        for _ in range(2):
            guard.mend_sessions(monitor.connections(closed=True), monitor.consumers())
        heard = set[bytes]()

        def hears() -> bool:
            publish(broker, "after")
            messages = session.receive(limit=100, wait=0.2)
            session.acknowledge(messages)
            heard.update(message.payload for message in messages)
            return b"after" in heard

        wait_until(hears, "ingest hears what comes from now on")
        assert lost == ["it"]

        def is_empty() -> bool:
            session.acknowledge(session.receive(limit=100, wait=0.2))
            return not monitor.stored().waiting

        wait_until(is_empty, "nothing is kept for nobody")
        assert {one.is_taken for one in monitor.consumers()} == {True}


@contextmanager
def ours(broker: Running, settings: Settings, lost: list[str]) -> Iterator[Subscription]:
    """The session of ingest as the city has it."""
    with subscription_of(settings, broker.address("ingest"), "ingest", FILTERS, lambda: lost.append("it")) as session:
        session.connect(60)
        yield session


@pytest.mark.parametrize("how", ["one byte", "gone"])
def test_what_waits_in_a_session_of_ours_is_not_lost_with_its_record(
    tmp_path: Path, url: str, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Other than above the record is put back before the session is resumed: all comes that was not acknowledged, and once."""
    lost: list[str] = []
    heard: list[bytes] = []
    settings, users = Settings(data_dir=tmp_path / "data", broker_monitor=url), standard_users("nats")
    settings.data_dir.mkdir()
    (tmp_path / "broker").mkdir()

    def take(session: Subscription, count: int) -> None:
        def has_come() -> bool:
            messages = session.receive(limit=count - len(heard), wait=0.2)
            session.acknowledge(messages)
            heard.extend(message.payload for message in messages)
            return len(heard) == count

        wait_until(has_come, f"{count} messages come", pause=0)

    with running_broker("nats", tmp_path / "broker", users) as broker:
        with ours(broker, settings, lost) as session:
            wait_until(
                lambda: session.receive(limit=1, wait=0.1) or settings.subscribed_file().exists(), "it is confirmed"
            )
            publish(broker, "1", "2")
            take(session, 2)
        publish(broker, "3", "4")
        broker.process.kill()
        broker.process.wait()
    damage(tmp_path / "broker", how)
    with running_broker("nats", tmp_path / "broker", users) as broker, ours(broker, settings, lost) as session:
        publish(broker, "5")
        take(session, 5)
    assert (sorted(heard), lost) == ([b"1", b"2", b"3", b"4", b"5"], [])
    assert "is put back" in caplog.text


def test_a_session_that_is_lost_is_not_confirmed_until_it_has_subscribed_again(tmp_path: Path) -> None:
    """Whoever was killed in between would resume a session in which nobody has subscribed, and stay deaf."""
    confirmed = list[bool]()
    settings, users = Settings(data_dir=tmp_path), standard_users("nats")
    settings.subscribed_file().write_text("\n".join((HOST, *FILTERS)))
    with running_broker("nats", tmp_path, users) as broker:

        def lose() -> None:
            confirmed.append(settings.subscribed_file().exists())

        with subscription_of(settings, broker.address("ingest"), "ingest", FILTERS, lose) as session:
            session.connect(60)
            wait_until(lambda: session.receive(limit=1, wait=0.1) or settings.subscribed_file().exists(), "it is again")
    assert confirmed == [False]


def test_a_record_is_not_put_back_without_what_it_names(tmp_path: Path, monitor: BrokerMonitor, url: str) -> None:
    """NATS would say that the session is there, and deliver nothing to it."""
    keeper, name = Keeper(url), session_name("phone")
    with running_broker("nats", tmp_path, standard_users("nats")) as broker:
        assert keeper.record(name) == b""
        with Client(broker, "demo", session="phone") as demo:
            demo.subscribe("zenata/telemetry/#")
        record = keeper.record(name)
        assert record
        keeper.forget(monitor.consumers(), name)
        assert keeper.record(name) == b""
        assert not keeper.put(name, record)
        assert keeper.record(name) == b""


def test_a_session_that_nobody_has_resumed_is_left_alone(tmp_path: Path, monitor: BrokerMonitor, url: str) -> None:
    with running_broker("nats", tmp_path, standard_users("nats")) as broker:
        with Client(broker, "demo", session="phone") as demo:
            demo.subscribe("zenata/telemetry/#")
        publish(broker, "kept")
        guard = guard_of(monitor, url)
        with Client(broker, "demo", session="other") as other:
            other.subscribe("zenata/telemetry/#")
            for _ in range(3):
                guard.mend_sessions(monitor.connections(closed=True), monitor.consumers())
        with Client(broker, "demo", session="phone") as demo:
            demo.wait_for("kept")


def test_a_client_that_is_just_connecting_is_looked_at_once_more() -> None:
    name = session_name("phone")
    one = Consumer(name=f"{name}_a", session=name, filter="a", is_taken=False)
    watch = SessionWatch()
    assert watch.look({1: "phone", 2: "other"}, [one]) == []
    assert watch.look({3: "phone"}, [one]) == []  # it has connected again
    assert watch.look({3: "phone"}, [replace(one, is_taken=True)]) == []
    assert watch.look({3: "phone"}, [one]) == []
    (damaged,) = watch.look({3: "phone"}, [one])
    assert (damaged.number, damaged.left, damaged.is_deaf) == (3, (one,), True)
    again = replace(one, name=f"{name}_b", is_taken=True)
    (damaged,) = watch.look({3: "phone"}, [one, again])
    assert not damaged.is_deaf
