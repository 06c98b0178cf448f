import socket
import time

import pytest

from tests.waiting import beside
from tests.zenata.broker.running import HOST
from zenata.broker.base import RESERVED, Rights, User, pilot_user, rights, wait_ready
from zenata.control import checks
from zenata.errors import BrokerError, SetupError


@pytest.mark.parametrize("name", ["", "a b", "a/b", "a.b", "+", "#", "*", ">", "a:b", 'a"', "a\nuser", "-a", "x" * 66])
def test_names_are_words(name):
    with pytest.raises(SetupError, match="not a word"):
        pilot_user(name, "hash")


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_no_pilot_takes_the_name_of_a_service(name):
    with pytest.raises(SetupError, match="name of a service"):
        pilot_user(name, "hash")


def test_the_longest_pilot_and_key_make_a_user():
    name = f"{'p' * 32}_{'k' * 32}"
    assert pilot_user(name, "hash", pilot="p" * 32).rights == pilot_user("p" * 32, "hash").rights


@pytest.mark.parametrize("role", ["guest", "pilot", "engineer", "admin"])
def test_a_key_that_may_not_read_or_write_has_half_the_rights(role):
    whole = rights(role, "demo", "zenata", ["w-1"], ["lamp-0002"])
    some = {"role": role, "pilot": "demo", "world": "zenata", "own": ["w-1"], "actuators": ["lamp-0002"]}
    assert rights(**some, reads=False) == Rights(publish=whole.publish)
    assert rights(**some, writes=False) == Rights(subscribe=whole.subscribe)
    assert rights(**some, reads=False, writes=False) == Rights()


def test_no_pilot_has_the_name_of_whoever_else_is_at_a_broker():
    assert RESERVED <= checks.RESERVED


@pytest.mark.parametrize(
    ("role", "topics"),
    [
        ("guest", ()),
        ("pilot", ("pilots/eve/#", "w-1/commands/#")),
        ("engineer", ("w-1/commands/#",)),
        ("admin", ("+/commands/#",)),
    ],
)
def test_who_publishes_what(role, topics):
    assert rights(role, "eve", "zenata", ["w-1"]).publish == topics


def test_hashes_are_not_shown():
    assert "secret" not in repr(User(name="demo", password_hash="secret", rights=Rights()))


def test_a_broker_that_listens_late_is_waited_for():
    with socket.create_server((HOST, 0)) as server:
        answers = iter([b"", b"\x20\x02\x00\x05"])  # one that closes at once, as while starting; then a refusal

        def serve() -> None:
            for answer in answers:
                connection, _ = server.accept()
                with connection:
                    connection.recv(64)
                    connection.sendall(answer)

        with beside(serve):
            wait_ready(HOST, server.getsockname()[1], 10)


def test_a_port_without_a_broker_is_reported():
    with socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(BrokerError, match=f"no broker answers at {HOST}:{port}"):
        wait_ready(HOST, port, 0.1)


def test_a_server_that_never_answers_is_reported():
    with socket.create_server((HOST, 0)) as server, pytest.raises(BrokerError, match="no broker answers"):
        wait_ready(HOST, server.getsockname()[1], 0.2)


def test_whatever_takes_a_connection_may_be_given_longer_to_answer():
    """As NATS, which answers nobody while it takes in users."""
    with socket.create_server((HOST, 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(64)
                time.sleep(0.3)
                connection.sendall(b"\x20\x02\x00\x05")

        with beside(serve):
            wait_ready(HOST, server.getsockname()[1], 0.1, answer=60)


def test_another_kind_of_server_is_reported():
    with socket.create_server((HOST, 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                connection.recv(64)

        with beside(serve), pytest.raises(BrokerError, match="no MQTT broker"):
            wait_ready(HOST, server.getsockname()[1], 10)
