"""What the kernel tells of connections: of IPv4 and IPv6, there and ended, and on systems where it does not."""

import logging
import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.waiting import wait_until
from zenata.broker import received
from zenata.broker.received import Received


@pytest.fixture(params=["127.0.0.1", "::1", "::"])
def server(request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    """Listen on an address; on the last one also for clients of IPv4."""
    family = socket.AF_INET6 if ":" in request.param else socket.AF_INET
    try:
        found = socket.create_server((request.param, 0), family=family, dualstack_ipv6=request.param == "::")
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")
    with found:
        yield found


def test_connections_are_told_while_they_are_there_and_after_their_end(server: socket.socket) -> None:
    host, port = server.getsockname()[:2]
    with closing(Received([port])) as counts, closing(Received([1])) as elsewhere:
        with socket.create_connection(("127.0.0.1" if host == "::" else host, port)) as client:
            peer = client.getsockname()[:2]
            taken, _ = server.accept()
            with taken:
                client.sendall(b"x" * 10_000)
                wait_until(lambda: len(taken.recv(10_000, socket.MSG_PEEK)) == 10_000, "it has come")
                assert counts.open().get(peer) == 0, "nobody has read it yet"
                taken.recv(10_000)
                assert counts.open() == {peer: 10_000}
                assert counts.ended() == {}
        ended: list[int] = []
        wait_until(lambda: bool(ended.append(counts.ended().get(peer, 0)) or ended[-1]), "its end is told")
        assert 10_000 <= ended[-1] <= 10_001, "with the end of the stream"
        assert counts.ended() == {peer: ended[-1]}, "once more, for a slow monitor"
        assert counts.ended() == {}
        assert elsewhere.open() == elsewhere.ended() == {}


def test_another_system_is_told_of_once_and_nothing_is_counted(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(received, "_SOCK_DIAG", 31)  # a protocol that Linux does not have
    with caplog.at_level(logging.WARNING):
        counts = Received([1])
        assert not counts.is_known
        assert counts.open() == counts.ended() == {}
    assert [one.message for one in caplog.records if "only payloads count" in one.message] == [caplog.messages[0]]
