"""Patience with a server, told by one that says what it is told to; no InfluxDB can be made to be busy."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from tests.http_server import Handler, Server, serving
from zenata.errors import QueryTooHeavy, StoreError
from zenata.store.influx import http as influx_http
from zenata.store.influx.http import Http


class Scripted(Server):
    """Gives answers (status, headers, body) in their order, the last for ever, and notes what it was asked."""

    def __init__(self, answers) -> None:
        super().__init__(_Handler)
        self.answers, self.requests = list(answers), []


class _Handler(Handler):
    def _answer(self) -> None:
        server: Scripted = self.server  # type: ignore[assignment]
        server.requests.append((self.command, self.path, dict(self.headers), self.body()))
        status, headers, content = server.answers.pop(0) if len(server.answers) > 1 else server.answers[0]
        self.answer(status, content, headers)

    do_GET = do_POST = _answer  # noqa: N815 - named by the library


def scripted(*answers) -> AbstractContextManager[Scripted]:
    return serving(Scripted(answers))


@contextmanager
def asking(server: Scripted) -> Iterator[Http]:
    http = Http(server.base, {"Authorization": "Token hush"})
    yield http
    http.close()


BUSY, FAILED, WELL = (429, {"Retry-After": "0"}, b""), (503, {}, b'{"error":"timeout"}'), (204, {}, b"")


def test_a_busy_or_failing_server_is_asked_again():
    with scripted(BUSY, FAILED, FAILED, WELL) as server, asking(server) as http:
        assert http.ask("POST", "/write?db=x", body=b"a b=1").status == 204
        assert [requests[3] for requests in server.requests] == [b"a b=1"] * 4


def test_a_server_is_left_alone_as_long_as_it_asks_for(monkeypatch):
    slept: list[float] = []
    monkeypatch.setattr(influx_http.time, "sleep", slept.append)
    with scripted((429, {"Retry-After": "3"}, b""), FAILED, WELL) as server, asking(server) as http:
        http.ask("GET", "/ping")
    assert slept[0] == 3.0
    assert 0 < slept[1] <= 0.1


def test_a_server_that_goes_on_failing_is_given_up_and_no_secret_is_reported(monkeypatch):
    monkeypatch.setattr(influx_http, "PATIENCE", 0.2)
    with scripted(FAILED) as server, asking(server) as http:
        with pytest.raises(StoreError, match="failed with status 503: timeout") as caught:
            http.ask("GET", "/ping")
        assert "hush" not in str(caught.value)
        assert len(server.requests) > 1


def test_what_it_refuses_is_not_asked_again():
    with scripted((400, {"X-Influxdb-Error": "partial write"}, b"")) as server, asking(server) as http:
        answer = http.ask("POST", "/write", body=b"")
        assert (answer.status, influx_http.reason_of(answer), len(server.requests)) == (400, "partial write", 1)


def test_nobody_there_is_reported_in_one_line(monkeypatch):
    monkeypatch.setattr(influx_http, "PATIENCE", 0.1)
    with scripted(WELL) as server:
        base = server.base
    http = Http(base, {})
    with pytest.raises(StoreError, match=f"InfluxDB at {base} cannot be reached: NewConnectionError"):
        http.ask("GET", "/ping")
    http.close()


def test_a_query_without_an_answer_is_too_heavy_and_a_write_is_tried_again(monkeypatch):
    monkeypatch.setattr(influx_http, "PATIENCE", 0.2)
    monkeypatch.setattr(influx_http, "_ANSWER", influx_http.urllib3.Timeout(connect=1.0, read=0.05))
    silence = threading.Event()
    monkeypatch.setattr(_Handler, "do_POST", lambda _: silence.wait(5))
    with scripted(WELL) as server, asking(server) as http:
        with pytest.raises(QueryTooHeavy):
            http.ask("POST", "/query", form={"q": "SELECT"})
        with pytest.raises(StoreError, match="cannot be reached: ReadTimeoutError"):
            http.ask("POST", "/write", body=b"")
        silence.set()
