"""Rights that change while the broker runs: nobody is cut off, and nothing that it keeps is lost."""

import threading

import pytest

from tests.waiting import wait_until
from tests.zenata.broker.client import Client
from tests.zenata.broker.running import Running, running_broker, standard_users
from zenata.broker.base import User, pilot_user


def users_when_eve_owns(users: list[User], *worlds: str) -> list[User]:
    eve = next(user for user in users if user.name == "eve")
    return [*(user for user in users if user is not eve), pilot_user("eve", eve.password_hash, own=worlds)]


def wait_until_granted(broker: Running, topic: str, granted: bool) -> None:
    """Wait until eve may subscribe to a topic, or may not any more."""

    def is_so() -> bool:
        with Client(broker, "eve") as later, Client(broker, "simulators") as simulators:
            later.subscribe(topic)
            later.subscribe("zenata/clock")
            simulators.publish(topic, ["probe"])
            simulators.publish("zenata/clock", ["end"])
            # Whoever subscribes in the very moment at which NATS takes new rights may hear nothing, and has to come again.
            return later.hears("end", 2.0) and (topic in later.topics) == granted

    wait_until(is_so, f"{topic} is granted: {granted}")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "broker"


def test_worlds_come_and_go_while_everybody_stays(kind, folder):
    users = standard_users(kind)
    with running_broker(kind, folder, users) as broker:
        with Client(broker, "ingest", session="kept", acknowledge=False) as ingest:
            assert ingest.subscribe("+/telemetry/#")
        with Client(broker, "simulators") as simulators, Client(broker, "eve") as eve, Client(broker, "demo") as demo:
            eve.subscribe("zenata/telemetry/#")
            demo.subscribe("w-1/clock")
            simulators.publish("zenata/telemetry/a/air/air-1", ["retained"], retain=True)
            simulators.publish("w-3/clock", ["clock"], retain=True)

            broker.give(users_when_eve_owns(users, "w-3"))
            wait_until_granted(broker, "w-3/events", granted=True)
            eve.subscribe("w-3/clock")
            eve.wait_for("clock")  # retained, and read by who was connected all the while
            simulators.subscribe("+/commands/#")
            eve.publish("w-3/commands/streetlight/lamp-1", ["dim"])
            simulators.wait_for("dim")
            simulators.publish("w-1/clock", ["still"])
            simulators.publish("zenata/telemetry/a/air/air-1", ["after"], retain=True)
            demo.wait_for("still")
            eve.wait_for("retained", "after")

            broker.give(users)
            wait_until_granted(broker, "w-3/events", granted=False)
            assert simulators.connected
            assert demo.connected
        with Client(broker, "ingest", session="kept") as ingest:
            assert ingest.session_present
            ingest.wait_for("retained", "after")
        with Client(broker, "eve") as eve:
            eve.subscribe("zenata/telemetry/#")
            eve.wait_for("after")
            assert eve.messages[0].retain


def test_publishing_goes_on_while_rights_change(kind, folder):
    users, sent, stop = standard_users(kind), [], threading.Event()
    with running_broker(kind, folder, users) as broker, Client(broker, "eve") as eve:
        eve.subscribe("zenata/telemetry/#")

        def publish() -> None:
            with Client(broker, "simulators") as simulators:
                while not stop.is_set():
                    sent.append(f"message {len(sent)}")
                    simulators.publish("zenata/telemetry/a/air/air-1", [sent[-1]])

        thread = threading.Thread(target=publish)
        thread.start()
        try:
            for turn in range(3):
                broker.give(users_when_eve_owns(users, f"w-{turn}"))
                wait_until_granted(broker, f"w-{turn}/events", granted=True)
        finally:
            stop.set()
            thread.join()
        eve.wait_for(*sent)
