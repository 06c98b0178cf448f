"""What the city relies on from any broker: who gets in, and what outlives whom."""

import time
from pathlib import Path

import pytest

from tests.zenata.broker.client import Client
from tests.zenata.broker.running import running_broker

TELEMETRY = "zenata/telemetry/la-ferme/air/air-0001"


@pytest.mark.parametrize(
    ("user", "secret"), [(None, None), ("demo", ""), ("demo", "guess"), ("nobody", "guess"), ("simulators", "guess")]
)
@pytest.mark.parametrize("transport", ["tcp", "websockets"])
def test_unknown_clients_are_refused(broker, user, secret, transport):
    with Client(broker, user, secret=secret, transport=transport) as client:
        assert not client.connected
        assert client.refusal == "Not authorized"


def test_the_hash_is_no_password(broker, users):
    for user in users:
        with Client(broker, user.name, secret=user.password_hash) as client:
            assert not client.connected


def test_mqtt_over_websocket(broker):
    with Client(broker, "demo", transport="websockets") as demo, Client(broker, "simulators") as simulators:
        assert demo.subscribe("zenata/telemetry/#")
        simulators.publish(TELEMETRY, ["from tcp"])
        demo.wait_for("from tcp")
        demo.subscribe("pilots/demo/#")
        demo.publish("pilots/demo/telemetry/dev-1", ["from a browser"])
        demo.wait_for("from a browser")


def test_c5_overlapping_filters_give_as_many_copies_as_the_documents_say(broker, kind):
    with Client(broker, "demo") as demo, Client(broker, "simulators") as simulators:
        assert demo.subscribe("zenata/telemetry/#")
        assert demo.subscribe("zenata/telemetry/+/air/+")
        simulators.publish(TELEMETRY, ["overlapping", "the end"])
        copies = {"nats": 2, "mosquitto": 1}[kind]
        demo.wait_for_count(2 * copies)  # NATS sends each filter's copies by themselves: the end of one may come first
        demo.subscribe("round-trip", 0)
    assert [message.payload for message in demo.messages].count(b"overlapping") == copies
    assert len(demo.messages) == 2 * copies


def test_a_late_subscriber_gets_what_was_retained(broker):
    with Client(broker, "simulators") as simulators:
        simulators.publish("zenata/telemetry/coast/weather/weather-0001", ["old"], retain=True)
        simulators.publish("zenata/telemetry/coast/weather/weather-0001", ["new"], retain=True)
    with Client(broker, "demo") as demo:
        demo.subscribe("zenata/telemetry/coast/#")
        demo.wait_for("new")
    assert [(message.payload, message.retain) for message in demo.messages] == [(b"new", True)]


def test_messages_of_one_megabyte_pass_and_larger_ones_close_the_connection(broker):
    with Client(broker, "demo") as demo:
        demo.subscribe("pilots/demo/#")
        demo.publish("pilots/demo/large", ["x" * 2**20])
        demo.wait_for_count(1)
        demo.publish("pilots/demo/larger", ["x" * (2**20 + 5000)])
        assert not demo.connected


def test_a_pilot_cannot_command_the_broker_over_mqtt(broker):
    leave_session(broker, "guarded", "w-5/telemetry/#")
    with Client(broker, "simulators") as simulators:
        simulators.publish("w-5/telemetry/a/b/c", ["kept"])
    for verb in ("PURGE", "DELETE"):
        for stream in ("$MQTT_msgs", "$MQTT_sess", "$MQTT_rmsgs"):
            with Client(broker, "demo") as demo:
                demo.publish(f"$JS/API/STREAM/{verb}/{stream}")
    with Client(broker, "ingest", session="guarded") as ingest:
        ingest.wait_for("kept")


def test_a_backlog_and_retained_messages_outlive_a_killed_broker(kind, users, tmp_path):
    texts = [str(number) for number in range(5_000)]
    with running_broker(kind, tmp_path, users) as broker:
        leave_session(broker, "ingest", "+/telemetry/#")
        with Client(broker, "simulators") as simulators:
            simulators.publish("zenata/clock", ["noon"], retain=True)
            simulators.publish(TELEMETRY, texts)
        wait_saved(kind, tmp_path)
        broker.process.kill()
        broker.process.wait()
    with running_broker(kind, tmp_path, users) as broker:
        with Client(broker, "ingest", session="ingest") as ingest:
            assert ingest.session_present
            ingest.wait_for_count(len(texts))
        with Client(broker, "demo") as demo:
            demo.subscribe("zenata/clock")
            demo.wait_for("noon")
    assert sorted(message.payload.decode() for message in ingest.messages) == sorted(texts)


def leave_session(broker, session: str, topic_filter: str) -> None:
    with Client(broker, "ingest", session=session) as ingest:
        assert ingest.subscribe(topic_filter)


def wait_saved(kind: str, folder: Path) -> None:
    """Wait until Mosquitto has written its memory to disk once more; NATS has written what it acknowledged."""
    if kind == "mosquitto":
        now, file = time.time(), folder / "mosquitto.db"
        while not file.exists() or file.stat().st_mtime <= now:
            time.sleep(0.05)
            assert time.time() < now + 10
