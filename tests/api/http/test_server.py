"""What the server does with requests that are malformed, slow or too many; by real connections."""

import socket
from contextlib import ExitStack
from functools import partial
from types import SimpleNamespace
from unittest.mock import Mock
from urllib.parse import urlsplit

import httpx
import pytest

from api.http.server import MAX_HEAD, MIN_READ, Protocol
from tests.api.running import Api
from tests.waiting import wait_until

HEAD = b"Host: x\r\n"


LENGTHS = [
    b"Content-Length: " + text for text in (b"+3", b"-1", b"0x3", b"3, 3", b"1 1", b"9" * 25, b"3\r\nContent-Length: 3")
]


def connected(api: Api, source: str = "127.0.0.1") -> socket.socket:
    """A connection to the server from a loopback address."""
    address = urlsplit(api.url)
    return socket.create_connection((address.hostname, address.port), timeout=60, source_address=(source, 0))


def exchange(api: Api, *parts: bytes) -> bytes:
    """What the server answers to bytes, until it closes the connection."""
    with connected(api) as connection:
        for part in parts:
            connection.sendall(part)
        answer = b""
        while data := connection.recv(65_536):
            answer += data
    return answer


@pytest.mark.parametrize(
    "request_",
    [
        b"POST /write HTTP/1.1\r\n" + HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /write HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        b"POST /write HTTP/1.1\r\n" + HEAD + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        b"GET /healthz HTTP/1.1\nHost: x\n\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\nX-A: b\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: b\r\n folded\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost : x\r\n\r\n",
        b"POST /write HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n",
        b"nonsense\r\n\r\n",
        *(
            b"POST /write HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: " + coding + b"\r\n\r\n0\r\n\r\n"
            for coding in (
                b"identity, chunked",
                b"gzip, chunked",
                b"chunked, identity",
                b"xchunked",
                b'"chunked"',
                b"\x0bchunked",
                b"chunked\r\nTransfer-Encoding: chunked",
                b"identity\r\nTransfer-Encoding: chunked",
            )
        ),
        b"POST /write HTTP/1.0\r\n" + HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        *(b"POST /write HTTP/1.1\r\n" + HEAD + length + b"\r\n\r\nabc" for length in LENGTHS),
        *(
            b"POST /write HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunk + b"\r\n0\r\n\r\n"
            for chunk in (
                b"0x3\r\nabc",
                b" 3\r\nabc",
                b"-3\r\nabc",
                b"0_3\r\nabc",
                b"3\r\nabcX",
                b"f" * 17 + b"3\r\nabc",
            )
        ),
        b"GET /healthz HTTP/1.1\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: a b/@\r\n\r\n",
        b"GET /healthz HTTP/2.0\r\n" + HEAD + b"\r\n",
        b"GET /healthz HTTP/1.2\r\n" + HEAD + b"\r\n",
        b"GET /v1/ws HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(api: Api, request_: bytes) -> None:
    answer = exchange(api, request_)
    assert answer.startswith(b"HTTP/1.1 400 "), answer[:200]
    assert b"application/problem+json" in answer


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1\r\nHost: x:8080\r\nTransfer-Encoding:\tChunked\r\n",
        b"HTTP/1.1\r\nHost: [::1]:8080\r\nTransfer-Encoding: chunked\r\n",
        b"HTTP/1.1\r\nHost:\r\nContent-Length: 0\r\n",
        b"HTTP/1.0\r\nContent-Length: 0\r\n",
    ],
)
def test_what_can_be_read_in_one_way_is_answered(api: Api, head: bytes) -> None:
    body = b"0\r\n\r\n" if b"hunked" in head else b""
    answer = exchange(api, b"POST /v1/devices " + head + b"Connection: close\r\n\r\n" + body)
    assert answer.startswith(b"HTTP/1.1 401 "), answer[:200]


def test_a_client_that_leaves_in_the_middle_of_its_body_is_no_failure_of_ours(api: Api, caplog) -> None:
    key = f"Authorization: Bearer {api.secrets['pilot']}\r\n".encode()
    head = b"POST /v1/devices HTTP/1.1\r\n" + HEAD + key + b"Content-Type: application/json"
    with caplog.at_level("INFO"):
        exchange(api, head + b'\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{"i\r\nno length\r\n')
        wait_until(lambda: "left before its request" in caplog.text, "it is logged", pause=0.01)
    assert not any(record.exc_info for record in caplog.records)


def test_a_well_formed_request_is_answered(api: Api) -> None:
    answer = exchange(api, b"GET /healthz HTTP/1.1\r\n" + HEAD + b"Connection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")


def test_a_head_without_end_is_cut_off(api: Api) -> None:
    head = b"GET /healthz HTTP/1.1\r\n" + (b"X-A: " + b"a" * 4000 + b"\r\n") * 18
    # Not a byte more than may come: what is not read when the server closes would reset the connection under its answer.
    answer = exchange(api, head[:MAX_HEAD], head[MAX_HEAD : MAX_HEAD + 1])
    assert answer.startswith(b"HTTP/1.1 431 "), answer[:100]


@pytest.mark.parametrize(
    "parts",
    [
        (),
        (b"GET /heal",),
        (b"GET /healthz HTTP/1.1\r\n", HEAD),
        (b"POST /v1/devices HTTP/1.1\r\n" + HEAD + b"Content-Length: 100\r\n\r\nhalf",),
    ],
)
def test_slow_connections_end(api: Api, monkeypatch: pytest.MonkeyPatch, parts: tuple[bytes, ...]) -> None:
    monkeypatch.setattr("api.http.server.HEAD_TIMEOUT", 0.2)
    monkeypatch.setattr("api.http.server.BODY_TIMEOUT", 0.2)
    with ExitStack() as stack:
        slow = [stack.enter_context(connected(api)) for _ in range(50)]
        for connection in slow:
            for part in parts:
                connection.sendall(part)
        answers = [connection.recv(65_536) for connection in slow]
        assert all(answer.startswith(b"HTTP/1.1 408 ") for answer in answers)
        assert all(connection.recv(1) == b"" for connection in slow)
    assert httpx.get(f"{api.url}/healthz", trust_env=False).status_code == 200


def test_who_does_not_read_an_answer_is_disconnected(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.http.server.ANSWER_TIMEOUT", 0.2)
    requests = b"GET /openapi.json HTTP/1.1\r\n" + HEAD + b"\r\n"
    with connected(api) as deaf:
        deaf.sendall(requests * 40)  # answers of 13 MB, more than the sockets take
        wait_until(lambda: is_closed(deaf), "it is disconnected")
    assert httpx.get(f"{api.url}/healthz", trust_env=False).status_code == 200


def test_who_reads_an_answer_slowly_goes_on_until_it_stops() -> None:
    waiting, due, aborted = [10 * MIN_READ], [], []
    protocol = Protocol.__new__(Protocol)
    protocol.transport = SimpleNamespace(get_write_buffer_size=lambda: waiting[0], abort=lambda: aborted.append(True))
    protocol.loop = SimpleNamespace(
        time=lambda: 1.0, call_later=lambda _, act, *args: due.append(partial(act, *args)) or Mock()
    )
    protocol.flow, protocol.connections, protocol.cycle = Mock(), set(), None
    protocol.pause_writing()
    for _ in range(5):
        waiting[0] -= MIN_READ
        due.pop()()
    assert not aborted
    waiting[0] -= MIN_READ - 1
    due.pop()()
    assert (aborted, due) == ([True], [])


def test_answers_of_a_pilot_that_nobody_reads_have_a_bound_and_its_oldest_make_room(monkeypatch) -> None:
    monkeypatch.setattr("api.http.server.MAX_UNREAD", 100)
    ended, connections = [], set[Protocol]()

    def paused(number: int, pilot: str, waiting: int) -> Protocol:
        one = Protocol.__new__(Protocol)
        one.connections, one.flow = connections, Mock()
        one.transport = SimpleNamespace(get_write_buffer_size=lambda: waiting, abort=lambda: ended.append(number))
        one.loop = SimpleNamespace(time=lambda: float(number), call_later=lambda *_: Mock())
        principal = SimpleNamespace(pilot=pilot) if pilot else None
        one.cycle = SimpleNamespace(scope={"state": {"principal": principal}})
        connections.add(one)
        one.pause_writing()
        return one

    paused(1, "aqua", 60)
    paused(2, "", 60)
    paused(3, "volt", 60)
    read = paused(4, "volt", 30)
    assert ended == []
    read.resume_writing()
    paused(5, "volt", 40)
    assert ended == []
    paused(6, "volt", 10)
    assert ended == [3], "the oldest of the same pilot"
    paused(7, "", 110)
    assert ended == [3, 2, 7], "strangers together, and an answer that is too long alone"


def is_closed(one: socket.socket) -> bool:
    """Return whether the other side has closed a connection, of which nothing is read."""
    one.setblocking(False)
    try:
        one.send(b"G")
    except BlockingIOError:
        return False
    except OSError:
        return True
    return False


def test_a_kept_connection_and_a_stream_outlast_the_time_for_a_head(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.http.server.HEAD_TIMEOUT", 0.1)
    with api.client() as client:
        assert client.get("/healthz").status_code == 200
        monkeypatch.setattr("api.live.events._HEARTBEAT", 0.3)
        with client.stream("GET", "/v1/stream") as stream:
            lines = stream.iter_lines()
            assert [next(lines) for _ in range(8)]  # the second event comes after the time for a head


def test_connections_are_bounded(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.http.server.MAX_CONNECTIONS", 5)
    key = f"Authorization: Bearer {api.secrets['pilot']}\r\n".encode()
    statuses = []
    with ExitStack() as stack:
        for _ in range(12):
            one = stack.enter_context(connected(api))
            one.sendall(b"GET /v1/stream HTTP/1.1\r\n" + HEAD + key + b"\r\n")
            statuses.append(one.recv(65_536)[9:12])
    assert 1 <= statuses.count(b"200") <= 5
    assert set(statuses) == {b"200", b"503"}
    healthz = f"{api.url}/healthz"
    wait_until(lambda: httpx.get(healthz, trust_env=False).status_code == 200, "the connections are gone")


def test_whoever_opens_all_connections_keeps_nobody_else_out(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections that wait make room for new ones, of the address that has the most; what is worked on stays."""
    monkeypatch.setattr("api.http.server.MAX_CONNECTIONS", 20)
    with ExitStack() as stack:
        listener = stack.enter_context(api.client(address="127.0.0.3"))
        stream = stack.enter_context(listener.stream("GET", "/v1/stream"))
        lines = stream.iter_lines()
        next(lines)
        for number in range(60):
            one = stack.enter_context(connected(api, "127.0.0.2"))
            if number % 2:
                one.sendall(b"GET /v1/city HTTP/1.1\r\nHost: x\r\n")  # and never the rest
        for _ in range(10):
            with api.client() as client:
                assert client.get("/healthz").status_code == 200
        monkeypatch.setattr("api.live.events._HEARTBEAT", 0.1)
        assert [next(lines) for _ in range(4)]
