import socket
from pathlib import Path

import pytest

from zenata.errors import SetupError
from zenata.process import ports
from zenata.process.ports import free_ports, listen

HOST = "127.0.0.1"


def test_zero_takes_free_ports_each_another():
    found = free_ports(HOST, {f"--port-{number}": 0 for number in range(50)}).values()
    assert len(set(found)) == 50
    for port in found:
        listen(HOST, port, "--port").close()


def test_zero_takes_none_that_others_are_given():
    """Linux gives whoever asks for any port one of these, at any moment, so also before ours is in use."""
    first, _ = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    assert all(port < first for port in free_ports(HOST, {f"--port-{number}": 0 for number in range(50)}).values())


def test_when_all_are_taken_that_is_reported(monkeypatch):
    with socket.create_server((HOST, 0)) as server:
        monkeypatch.setattr(ports, "_ANY", [server.getsockname()[1]] * 100)
        with pytest.raises(SetupError, match=r"^no free port was found for --http-port in 100 draws: choose one$"):
            free_ports(HOST, {"--http-port": 0})


def test_a_free_port_is_taken_as_requested():
    port = free_ports(HOST, {"--http-port": 0})["--http-port"]
    assert free_ports(HOST, {"--http-port": port, "--ws-port": 0})["--http-port"] == port


def test_a_taken_port_is_reported_with_its_option():
    with socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(SetupError, match=rf"^port {port} is taken: choose another with --mqtt-port, or 0 for any"):
            free_ports(HOST, {"--http-port": 0, "--mqtt-port": port})


def test_the_same_port_for_two_is_reported():
    port = free_ports(HOST, {"--port": 0})["--port"]
    with pytest.raises(SetupError, match=rf"^port {port} is taken: choose another with --ws-port"):
        free_ports(HOST, {"--http-port": port, "--ws-port": port})


@pytest.mark.parametrize("host", ["192.0.2.1", "300.1.1.1", "", "a..b", "x" * 70])
def test_what_is_no_address_of_this_machine_is_reported(host):
    with pytest.raises(SetupError) as failure:
        free_ports(host, {"--http-port": 0})
    assert str(failure.value).startswith(f"{host!r} is not an address to listen at: ")
    assert "\n" not in str(failure.value)


def test_a_listener_is_one():
    with listen(HOST, 0, "--http-port") as server:
        server.listen()
        with socket.create_connection(server.getsockname(), 30) as client:
            accepted, peer = server.accept()
            accepted.close()
            assert peer == client.getsockname()


def test_answers_do_not_wait_for_an_acknowledgement():
    """asyncio switches Nagle's algorithm off on connections of a socket that says it speaks TCP, and on no other."""
    with listen(HOST, 0, "--port") as sock:
        assert sock.proto == socket.IPPROTO_TCP
