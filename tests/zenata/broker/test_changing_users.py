"""Users who come and go while the broker runs: those who may not stay are cut off, and nobody else notices."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from threading import Event, Lock, Thread

import bcrypt
import pytest

from tests.waiting import wait_until
from tests.zenata.broker.client import TIMEOUT, Client
from tests.zenata.broker.running import BROKERS, HOST, Running, new_password, password, running_broker, standard_users
from zenata.broker.base import MONITOR, User, pilot_user
from zenata.broker.monitor import BrokerMonitor
from zenata.broker.nats import MonitorPort, Nats
from zenata.broker.reloads import Reloads
from zenata.process.ports import free_ports


@pytest.fixture
def everybody(kind) -> list[User]:
    return standard_users(kind)


@pytest.fixture
def monitor(kind, monkeypatch) -> Iterator[BrokerMonitor]:
    """Of the NATS that runs."""
    (port,) = free_ports(HOST, {"watch": 0}).values()
    monkeypatch.setitem(
        BROKERS, "nats", Nats(monitor=MonitorPort(port=port, password_hash=Nats().hash_password("secret")))
    )
    with closing(BrokerMonitor(f"nats://{MONITOR}:secret@{HOST}:{port}")) as monitor:
        yield monitor


@pytest.fixture
def running(kind, monitor, everybody, tmp_path):
    with running_broker(kind, tmp_path, everybody) as running:
        if kind == "nats":
            with followed(running, monitor, everybody) as running:
                yield running
        else:
            yield running


@contextmanager
def followed(running: Running, monitor: BrokerMonitor, everybody: Sequence[User]) -> Iterator[Running]:
    """Tell a NATS of other users as `zenata up` does, which looks after each reload in its loop; `give` waits for the end."""
    reloads, lock, stop = Reloads(monitor), Lock(), Event()
    users = list(everybody)

    def give(after: Sequence[User]) -> None:
        with lock:
            reloads.begin(users, after, ())
            running.give(after)
            users[:] = after
        wait_until(settled, "the broker takes them in", pause=0.01)

    def settled() -> bool:
        with lock:
            return reloads.is_settled()

    def look_after() -> None:
        while not stop.wait(0.05):
            with lock:
                reloads.disconnect()

    thread = Thread(target=look_after)
    thread.start()
    try:
        yield replace(running, give=give)
    finally:
        stop.set()
        thread.join()


def without(everybody: list[User], *names: str) -> list[User]:
    return [user for user in everybody if user.name not in names]


def may_enter(running: Running, name: str, secret: str) -> bool:
    with Client(running, name, secret=secret) as client:
        return client.connected


def wait_let_in(running: Running, name: str, secret: str) -> None:
    """Wait until the broker, which takes users in its own time, lets somebody in."""
    wait_until(lambda: may_enter(running, name, secret), "the broker lets it in", pause=0.05)


def test_whoever_goes_is_cut_off_and_the_others_stay(running, everybody):
    with Client(running, "ingest", session="kept") as ingest:
        ingest.subscribe("+/telemetry/#")
    with (
        Client(running, "demo") as demo,
        Client(running, "demo", transport="websockets") as browser,
        Client(running, "demo_phone") as phone,
        Client(running, "eve") as eve,
        Client(running, "simulators") as simulators,
    ):
        eve.subscribe("zenata/telemetry/#")
        running.give(without(everybody, "demo"))
        demo.wait_closed()
        browser.wait_closed()
        simulators.publish("zenata/telemetry/coast/air/air-1", ["after"])
        eve.wait_for("after")
        assert [client.connected for client in (phone, eve, simulators)] == [True] * 3
    assert not may_enter(running, "demo", password("demo"))
    with Client(running, "ingest", session="kept") as ingest:
        assert ingest.session_present
        ingest.wait_for("after")


def test_whoever_comes_is_let_in_and_nobody_is_cut_off(kind, running, everybody):
    late = pilot_user("late", BROKERS[kind].hash_password(password("late")))
    with Client(running, "demo") as demo, Client(running, "eve", transport="websockets") as eve:
        running.give([*everybody, late])
        wait_let_in(running, "late", password("late"))
        with Client(running, "late") as client:
            client.subscribe("pilots/late/#")
            client.publish("pilots/late/x", ["here"])
            client.wait_for("here")
        assert demo.connected
        assert eve.connected


def test_whoever_is_suspended_comes_back_with_the_same_password_and_session(running, everybody):
    with Client(running, "eve", session="of-eve") as eve:
        eve.subscribe("zenata/telemetry/#")
        running.give(without(everybody, "eve"))
        eve.wait_closed()
    assert not may_enter(running, "eve", password("eve"))
    running.give(everybody)
    wait_let_in(running, "eve", password("eve"))
    with Client(running, "simulators") as simulators, Client(running, "eve", session="of-eve") as eve:
        assert eve.session_present
        simulators.publish("zenata/telemetry/coast/air/air-1", ["again"])
        eve.wait_for("again")


@pytest.mark.parametrize("transport", ["tcp", "websockets"])
def test_a_new_password_cuts_off_whoever_came_with_the_old_one(kind, running, everybody, transport):
    renewed = pilot_user("eve", BROKERS[kind].hash_password(new_password("eve")))
    with Client(running, "eve", transport=transport) as eve, Client(running, "demo") as demo:
        running.give([*without(everybody, "eve"), renewed])
        eve.wait_closed()
        assert demo.connected
    assert not may_enter(running, "eve", password("eve"))
    assert may_enter(running, "eve", new_password("eve"))


def test_who_loses_a_right_receives_no_more_by_a_session_of_before(running, everybody):
    with Client(running, "engineer", session="of-engineer") as client:
        for topic_filter in ("w-2/clock", "zenata/clock"):
            client.subscribe(topic_filter)
    running.give(as_guest(everybody, "engineer"))
    with Client(running, "engineer") as client:
        wait_until(lambda: not client.subscribe("w-2/clock"), "the right is gone", TIMEOUT, pause=0.0)
    with Client(running, "simulators") as simulators, Client(running, "engineer", session="of-engineer") as client:
        simulators.publish("w-2/clock", ["secret"])
        simulators.publish("zenata/clock", ["noon"])
        client.wait_for("noon")
    assert client.topics == {"zenata/clock"}


def as_guest(everybody: list[User], name: str) -> list[User]:
    """Return everybody, of whom one is a guest now, with the same password."""
    before = next(user for user in everybody if user.name == name)
    return [*without(everybody, name), pilot_user(name, before.password_hash, role="guest")]


def test_nobody_comes_through_a_change_with_the_rights_of_before(running, everybody):
    """Whoever connects meanwhile has the new rights, or is cut off."""
    with ExitStack() as stack:
        change = Thread(target=running.give, args=(as_guest(everybody, "engineer"),))
        change.start()
        clients = [stack.enter_context(Client(running, "engineer"))]
        while change.is_alive() and len(clients) < 50:
            clients.append(stack.enter_context(Client(running, "engineer")))
        change.join()
        for client in clients:
            wait_until(lambda client=client: not client.subscribe("w-2/clock"), "the right is gone", TIMEOUT)


@pytest.mark.parametrize("kind", ["nats"])
def test_whoever_was_just_being_let_in_is_cut_off(monitor, everybody, tmp_path):
    """NATS looks a client up, and then compares its password, which is made to last: what changes in between it does not see."""
    slow = bcrypt.hashpw(password("slow").encode(), bcrypt.gensalt(13)).decode()
    users = [*everybody, pilot_user("slow", slow, role="engineer")]
    with (
        running_broker("nats", tmp_path, users) as broker,
        followed(broker, monitor, users) as running,
        ExitStack() as stack,
    ):
        entering = Thread(target=lambda: stack.enter_context(Client(running, "slow")))
        entering.start()
        wait_until(lambda: [one for one in monitor.connections() if one.user == "slow"], "it is let in", pause=0.01)
        running.give(as_guest(users, "slow"))
        entering.join()
        wait_until(lambda: not [one for one in monitor.connections() if one.user == "slow"], "it is cut off", TIMEOUT)
