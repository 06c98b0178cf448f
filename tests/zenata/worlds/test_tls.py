"""Joining a cluster by TLS: who answers must be whom we trust, and nothing is said before it is."""

import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.certificates import Authority, Made
from tests.waiting import wait_until
from tests.zenata.broker.running import standard_users
from zenata.broker.base import HOSTS, User
from zenata.broker.nats import Nats, Node
from zenata.errors import SetupError
from zenata.process.ports import free_ports
from zenata.process.tls import certificate_of
from zenata.worlds.connection import Away, Connection

HOST = "127.0.0.1"
SECRET = "the-secret-of-hosts"


@contextmanager
def node(folder: Path, made: Made) -> Iterator[int]:
    """Run one server of a cluster; give its port for hosts."""
    ports = free_ports(HOST, dict.fromkeys(("mqtt", "ws", "node", "client"), 0))
    own = f"{HOST}:{ports['node']}"
    where = Node(name="n", host=HOST, port=ports["node"], peers=[own], secret="s", client_port=ports["client"])
    hosts = User(name=HOSTS, password_hash=Nats().hash_password(SECRET), rights=standard_users("nats")[0].rights)
    args = Nats(where).prepare(
        folder=folder,
        host=HOST,
        mqtt_port=ports["mqtt"],
        ws_port=ports["ws"],
        users=[hosts],
        certificate=certificate_of(made.cert, made.key),
    )
    with subprocess.Popen(args, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: listens(ports["client"]), "the server answers")
            yield ports["client"]
        finally:
            process.kill()


def listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex((HOST, port)) == 0


@pytest.fixture(scope="module")
def made(authority: Authority) -> Made:
    return authority.issue("node", host=HOST)


@pytest.fixture(scope="module")
def port(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with node(tmp_path_factory.mktemp("node"), made) as port:
        yield port


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zenata.worlds.connection.PATIENCE", 2.0)


@pytest.mark.parametrize("trusted", ["ca", "certificate"])
def test_a_server_that_is_trusted_is_joined(port, authority, made, trusted):
    file = {"ca": authority.file, "certificate": made.cert}[trusted]
    with Connection(f"tls://{HOSTS}:{SECRET}@{HOST}:{port}?{trusted}={file}") as connection:
        connection.serve("zenata_control.x", lambda content: content + b"!")
        assert connection.request("zenata_control.x", b"hello", 30) == b"hello!"
        assert connection.location == f"{HOST}:{port}"


def test_a_server_that_is_not_trusted_is_named(port, impatient):
    with pytest.raises(Away, match="certificate verify failed") as failure:
        Connection(f"tls://{HOSTS}:{SECRET}@{HOST}:{port}")
    assert SECRET not in str(failure.value)


def test_a_server_without_tls_gets_no_password(tmp_path, authority, impatient):
    """NATS says first, unencrypted, whether it wants TLS: whoever is between may say that it does not."""
    heard: list[bytes] = []

    def answer(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.sendall(
                    b'INFO {"server_id":"x","version":"2.15.0","max_payload":1048576,"headers":true}\r\n'
                )
                connection.settimeout(1)
                try:
                    while part := connection.recv(4096):
                        heard.append(part)
                except OSError:
                    continue

    with socket.create_server((HOST, 0)) as listener:
        thread = threading.Thread(target=answer, args=(listener,), daemon=True)
        thread.start()
        with pytest.raises(Away):
            Connection(f"tls://{HOSTS}:{SECRET}@{HOST}:{listener.getsockname()[1]}?ca={authority.file}")
    assert heard, "it was asked for TLS"
    assert SECRET.encode() not in b"".join(heard)


@pytest.mark.parametrize(
    ("urls", "problem"),
    [
        ("tls://a:4222,nats://b:4222", "or tls:// for all"),
        ("mqtt://a", "or tls:// for all"),
        ("nats://a?ca=x.pem", r"\?ca=FILE or \?certificate=FILE"),
        ("tls://a?cert=x.pem", r"\?ca=FILE or \?certificate=FILE"),
        ("tls://a?ca=", r"\?ca=FILE or \?certificate=FILE"),
        ("tls://a?ca=/nowhere.pem", "/nowhere.pem"),
    ],
)
def test_what_does_not_fit_is_refused(urls, problem):
    with pytest.raises(SetupError, match=problem):
        Connection(urls)
