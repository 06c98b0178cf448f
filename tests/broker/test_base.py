import socket
import threading

import pytest

from tests.broker.running import HOST
from zenata.broker.base import SERVICES, Rights, User, pilot_user, service_user, wait_ready
from zenata.errors import BrokerError, SetupError


@pytest.mark.parametrize("name", ["", "a b", "a/b", "a.b", "+", "#", "*", ">", "a:b", 'a"', "a\nuser", "-a", "x" * 64])
def test_names_are_words(name):
    with pytest.raises(SetupError, match="not a word"):
        pilot_user(name, "hash")


@pytest.mark.parametrize("name", SERVICES)
def test_no_pilot_takes_the_name_of_a_service(name):
    with pytest.raises(SetupError, match="name of a service"):
        pilot_user(name, "hash")
    assert service_user(name, "hash").rights == SERVICES[name]


def test_hashes_are_not_shown():
    assert "secret" not in repr(User(name="demo", password_hash="secret", rights=Rights()))


def test_a_broker_that_listens_late_is_waited_for():
    with socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]
        answers = iter([b"", b"\x20\x02\x00\x05"])  # one that closes at once, as while starting; then a refusal

        def serve() -> None:
            for answer in answers:
                connection, _ = server.accept()
                with connection:
                    connection.recv(64)
                    connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        wait_ready(HOST, port, 10)
        thread.join(10)
        assert not thread.is_alive()


def test_a_port_without_a_broker_is_told():
    with socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(BrokerError, match=f"no broker answers at {HOST}:{port}"):
        wait_ready(HOST, port, 0.1)


def test_a_server_that_never_answers_is_told():
    with socket.create_server((HOST, 0)) as server, pytest.raises(BrokerError, match="no broker answers"):
        wait_ready(HOST, server.getsockname()[1], 0.2)


def test_another_kind_of_server_is_told():
    with socket.create_server((HOST, 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                connection.recv(64)

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(BrokerError, match="no MQTT broker"):
            wait_ready(HOST, server.getsockname()[1], 10)
        thread.join(10)
        assert not thread.is_alive()
