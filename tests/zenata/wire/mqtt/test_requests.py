"""Asking a broker by `$CONTROL` topics."""

import json
from functools import partial

import pytest

from tests.waiting import at_once
from tests.zenata.broker.running import HOST, administrator, password, running_broker, standard_users
from zenata.broker.base import ADMINISTRATOR
from zenata.broker.dynsec import ANSWERS, TOPIC
from zenata.errors import BrokerError
from zenata.process.ports import free_ports
from zenata.wire.address import Address
from zenata.wire.mqtt import RequestClient


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    with running_broker("mosquitto", tmp_path_factory.mktemp("broker"), standard_users("mosquitto")) as running:
        yield running.mqtt_port


def test_every_command_is_answered_in_its_order(port):
    with administrator(port) as requests:
        commands = [{"command": "getClient", "username": name} for name in ("demo", "nobody", "eve")]
        answers = requests.request(commands)
    assert [answer.get("error") for answer in answers] == [None, "Client not found", None]
    assert [answer["data"]["client"]["username"] for answer in answers[::2]] == ["demo", "eve"]


def test_several_who_ask_at_once_get_their_own_answers(port):

    def ask(name: str) -> set[str]:
        with administrator(port) as requests:
            answers_ = [requests.request([{"command": "getClient", "username": name}])[0] for _ in range(20)]
            return {answer["data"]["client"]["username"] for answer in answers_}

    names = ("demo", "eve", "guest")
    assert at_once(*(partial(ask, name) for name in names)) == [{name} for name in names]


@pytest.mark.parametrize(
    "payload", [b"", b"{", b"[]", b"{}", b'{"responses": [{"correlationData": "another"}]}', b"\xff"]
)
def test_what_answers_nothing_is_not_received(port, payload):
    with administrator(port) as requests:
        requests._listen(ANSWERS, payload)
        assert requests.request([{"command": "getClient", "username": "eve"}])[0]["command"] == "getClient"


def test_who_may_not_ask_is_reported(port, monkeypatch):
    monkeypatch.setattr("zenata.wire.mqtt.requests._PATIENCE", 0.3)
    demo = Address(host=HOST, port=port, username="demo", password=password("demo"))
    with RequestClient(demo, TOPIC, ANSWERS) as requests:
        requests.connect(10)
        with pytest.raises(BrokerError, match="does not answer on"):
            requests.request([{"command": "listClients"}])


def test_a_broker_that_is_away_or_refuses_is_reported(port):
    away = Address(host=HOST, port=free_ports(HOST, {"away": 0})["away"], username=ADMINISTRATOR, password="x")
    with pytest.raises(BrokerError, match="cannot be reached"):
        RequestClient(away, TOPIC, ANSWERS).connect(0.3)
    wrong = Address(host=HOST, port=port, username=ADMINISTRATOR, password="wrong")
    with pytest.raises(BrokerError, match="refused us"):
        RequestClient(wrong, TOPIC, ANSWERS).connect(10)


def test_a_late_answer_is_not_taken_for_the_next(port):
    with administrator(port) as requests, administrator(port) as other:
        before = other.request([{"command": "getClient", "username": "eve"}])
        requests._listen(ANSWERS, json.dumps({"responses": before}).encode())
        assert (
            requests.request([{"command": "getClient", "username": "demo"}])[0]["data"]["client"]["username"] == "demo"
        )
