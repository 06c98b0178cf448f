"""A trial in lock-step over a real Mosquitto, as one may bring along: answers, clock and readings all by MQTT."""

import json
import threading
from collections.abc import Iterator

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from api.trials.mqtt import AnswerReceiver
from sandbox.settings import Settings
from sandbox.worker import AnswerListener
from tests.api.trials import hosting
from tests.api.trials.hosting import FIRST, FORECAST, STEPS, begin, wait_for
from tests.waiting import wait_until
from tests.zenata.broker.running import HOST, Running, password, running_broker, standard_users
from zenata.broker.base import pilot_user
from zenata.broker.mosquitto import Mosquitto
from zenata.wire.mqtt import Publisher

PILOT = "test-pilot"
EVERYBODY = standard_users("mosquitto")
"""Made once: whose password is hashed anew is disconnected, the administrator who asks for it, too."""


@pytest.fixture
def broker(tmp_path) -> Iterator[Running]:
    with running_broker("mosquitto", tmp_path, EVERYBODY) as broker:
        yield broker


def test_a_service_goes_through_a_trial_over_mosquitto(client, there, broker, monkeypatch, tmp_path):
    receiver = AnswerReceiver(there[0].context.trials.register, lambda *_: None)
    worlds = Publisher(broker.address("simulators"), client_id="simulators")
    answers = AnswerListener(Settings(data_dir=tmp_path), broker.address("ingest"), receiver)
    monkeypatch.setattr(hosting, "Nobody", lambda: worlds)
    with worlds, answers:
        worlds.connect(30)
        wait_until(lambda: answers._subscription is not None and answers._subscription.ready, "the listener of answers")
        trial = begin(client)
        world = wait_for(client, trial["trial"], "running", world=True)
        hash_ = Mosquitto().hash_password(password(PILOT))
        broker.give([*EVERYBODY, pilot_user(PILOT, hash_, own=(world["world"],))])
        readings, made = set[str](), list[int]()
        over, here = threading.Event(), threading.Event()

        def on_message(mqtt: paho.Client, _: object, message: paho.MQTTMessage) -> None:
            if message.topic != world["topics"]["clock"]:
                readings.add(message.topic)
                return
            step = json.loads(message.payload)["step"]
            if step in made:  # the clock is retained, and may come twice
                return
            made.append(step)
            given = [FORECAST] if step > FIRST else []
            text = json.dumps({"step": step, "next": True, "answers": given})
            mqtt.publish(world["topics"]["answers"], text, qos=1)
            if step == STEPS:
                over.set()

        service = paho.Client(CallbackAPIVersion.VERSION2)
        service.username_pw_set(PILOT, password(PILOT))
        service.on_message = on_message
        service.on_subscribe = lambda *_: here.set()
        service.connect(HOST, broker.mqtt_port)
        service.loop_start()
        service.subscribe([(world["topics"]["readings"], 1), (world["topics"]["clock"], 1)])
        assert here.wait(60)
        service.publish(world["topics"]["answers"], json.dumps({"step": 0, "next": True}), qos=1)
        assert over.wait(120), made
        done = wait_for(client, trial["trial"], "done", "failed")
        service.disconnect()
        service.loop_stop()
    assert done["results"][0]["answers"] == STEPS - FIRST
    assert [step for step in made if step] == list(range(1, STEPS + 1))
    assert readings
    assert all(topic.startswith(f"{world['world']}/telemetry/") for topic in readings)
