"""Users who come and go while the broker runs: those who may not stay are cut off, and nobody else notices."""

import time

import pytest

from tests.waiting import wait_until
from tests.zenata.broker.client import TIMEOUT, Client
from tests.zenata.broker.running import BROKERS, Running, new_password, password, running_broker, standard_users
from zenata.broker.base import User, pilot_user


@pytest.fixture
def everybody(kind) -> list[User]:
    return standard_users(kind)


@pytest.fixture
def running(kind, everybody, tmp_path):
    with running_broker(kind, tmp_path, everybody) as running:
        yield running


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
    engineer = next(user for user in everybody if user.name == "engineer")
    guest = pilot_user("engineer", engineer.password_hash, role="guest")
    with Client(running, "engineer", session="of-engineer") as client:
        for topic_filter in ("w-2/clock", "zenata/clock"):
            client.subscribe(topic_filter)
    running.give([*without(everybody, "engineer"), guest])
    deadline = time.monotonic() + TIMEOUT
    with Client(running, "engineer") as client:
        while client.subscribe("w-2/clock"):
            assert time.monotonic() < deadline
    with Client(running, "simulators") as simulators, Client(running, "engineer", session="of-engineer") as client:
        simulators.publish("w-2/clock", ["secret"])
        simulators.publish("zenata/clock", ["noon"])
        client.wait_for("noon")
    assert client.topics == {"zenata/clock"}
