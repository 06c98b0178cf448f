"""The users of a running Mosquitto: what is asked of it, and what it makes of that."""

import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.zenata.broker.client import Client
from tests.zenata.broker.running import (
    BROKERS,
    administrator,
    new_password,
    password,
    password_of,
    running_broker,
    standard_users,
)
from zenata.broker.base import ADMINISTRATOR, User, pilot_user
from zenata.broker.dynsec import DynamicSecurity, State, changes, configuration
from zenata.errors import BrokerError

EMPTY = State(clients={}, roles={})
HASHES = {name: BROKERS["mosquitto"].hash_password(password(name)) for name in ("ann", "bob", "cyd")}


def pilot(name: str, *own: str) -> User:
    return pilot_user(name, HASHES[name], own=own)


def lists(commands: list[dict], clients: dict[str, dict], roles: dict[str, dict]) -> None:
    """Carry out commands as the plugin does, on what it would list."""
    for order in commands:
        match order["command"]:
            case "createRole" | "modifyRole":
                roles[order["rolename"]] = {"rolename": order["rolename"], "acls": order["acls"]}
            case "createClient":
                assert all(role["rolename"] in roles for role in order["roles"])
                assert order["username"] not in clients
                clients[order["username"]] = dict(order)
            case "modifyClient":
                clients[order["username"]].update(order)
            case "enableClient" | "disableClient" as verb:
                clients[order["username"]]["disabled"] = verb == "disableClient"


PEOPLE = st.dictionaries(st.sampled_from(sorted(HASHES)), st.sets(st.sampled_from(["w-1", "w-2"])))


@given(st.lists(PEOPLE, min_size=1, max_size=5))
def test_after_the_changes_there_are_none(turns):
    clients: dict[str, dict] = {}
    roles: dict[str, dict] = {}

    def ask(commands):
        if commands[0]["command"] == "listClients":
            return [
                {"command": "listClients", "data": {"clients": list(clients.values())}},
                {"command": "listRoles", "data": {"roles": list(roles.values())}},
            ]
        lists(commands, clients, roles)
        return [{"command": command["command"]} for command in commands]

    broker = DynamicSecurity(ask, password_of)
    for turn in turns:
        users = [pilot(name, *sorted(own)) for name, own in turn.items()]
        assert broker.renew(users) == []
        assert {name for name, client in clients.items() if not client.get("disabled")} == set(turn)
        assert changes(broker._state(), users, password_of) == ([], [])


def test_nobody_is_let_in_whose_password_is_unknown():
    commands, unknown = changes(EMPTY, [pilot("ann")], lambda _: None)
    assert [command["command"] for command in commands] == ["createRole"]
    assert unknown == ["ann"]


def test_services_are_not_ours_to_change():
    assert changes(EMPTY, [user for user in standard_users("mosquitto") if user.name == "ingest"], password_of) == (
        [],
        [],
    )


def test_no_password_is_written_down():
    text = configuration([pilot("ann")])
    assert password("ann") not in text
    assert json.loads(text)["defaultACLAccess"]["subscribe"] is False


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with running_broker("mosquitto", tmp_path_factory.mktemp("mosquitto"), standard_users("mosquitto")) as running:
        yield running


def test_what_is_there_needs_no_change(running):
    with administrator(running.mqtt_port) as requests:
        broker = DynamicSecurity(requests.request, lambda _: None)
        assert changes(broker._state(), standard_users_as_there(broker), lambda _: None) == ([], [])


def standard_users_as_there(broker: DynamicSecurity) -> list[User]:
    """Return the standard users with the salts that the broker has, as it does not tell hashes."""
    clients = broker._state().clients
    return [
        User(name=user.name, password_hash=f"$7$101${clients[user.name].salt}$AAAA", rights=user.rights)
        for user in standard_users("mosquitto")
    ]


def test_users_and_roles_of_others_are_left_alone(running, caplog):
    users = [*standard_users("mosquitto"), pilot("bob")]
    foreign = {"command": "createClient", "username": "bob", "password": "of somebody else"}
    with administrator(running.mqtt_port) as requests:
        requests.request([foreign])
        assert DynamicSecurity(requests.request, password_of).renew(users) == []
        with Client(running, "bob", secret="of somebody else") as bob:
            assert DynamicSecurity(requests.request, password_of).renew(users[:-1]) == []
            assert bob.connected
        assert "not ours" in caplog.text
        requests.request([{"command": "deleteClient", "username": "bob"}])


def test_an_old_password_does_not_hold_when_nobody_knows_the_new_one(running):
    users = standard_users("mosquitto")
    rotated = pilot_user("eve", BROKERS["mosquitto"].hash_password("lost"))
    others = [user for user in users if user.name != "eve"]
    with administrator(running.mqtt_port) as requests, Client(running, "eve") as eve:
        broker = DynamicSecurity(requests.request, password_of)
        assert broker.renew([*others, rotated]) == ["eve"]
        eve.wait_closed()
        with Client(running, "eve") as again:
            assert not again.connected
        renewed = pilot_user("eve", BROKERS["mosquitto"].hash_password(new_password("eve")))
        assert broker.renew([*others, renewed]) == []
    with Client(running, "eve", secret=new_password("eve")) as again:
        assert again.connected


def test_a_refusal_is_logged_without_secrets(running, caplog):
    caplog.set_level(logging.DEBUG)

    def ask(commands):
        answers = requests.request(commands)
        return answers if "data" in answers[0] else [{"command": "createClient", "error": "Client already exists"}]

    with administrator(running.mqtt_port) as requests:
        DynamicSecurity(ask, password_of).renew([*standard_users("mosquitto"), pilot("cyd")])
    assert "refused createClient: Client already exists" in caplog.text
    assert password("cyd") not in caplog.text
    assert password(ADMINISTRATOR) not in caplog.text


def test_what_lists_no_users_is_reported():
    with pytest.raises(BrokerError, match="does not list its users"):
        DynamicSecurity(lambda _: [{"command": "listClients", "error": "what?"}], password_of).renew([])
