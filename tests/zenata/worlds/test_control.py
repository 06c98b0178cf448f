"""Connections to simulators are kept for further calls, and never answer with what another one said."""

import multiprocessing
import socket
import threading
from contextlib import suppress
from functools import partial
from typing import Any

import msgspec
import pytest

from tests.waiting import at_once
from zenata.errors import ControlError
from zenata.process import endpoint
from zenata.worlds import control
from zenata.worlds.control import ENDPOINT, ControlServer, ask_raw


def ask(*call: Any, **options: Any) -> Any:
    return msgspec.json.decode(ask_raw(*call, **options))


class Echo:
    """Answers with what was asked, and counts the threads that did."""

    def __init__(self):
        self.threads = set()

    def __call__(self, verb, arguments):
        self.threads.add(threading.current_thread())
        if verb == "refuse":
            raise ControlError("not now", "conflict")
        return {"verb": verb, **arguments}


def test_calls_share_a_connection_also_after_a_refusal(tmp_path):
    echo = Echo()
    with ControlServer(tmp_path, echo):
        for number in range(5):
            assert ask(tmp_path, "say", {"text": "a\nb", "number": number})["number"] == number
            with pytest.raises(ControlError, match="not now"):
                ask(tmp_path, "refuse")
    assert len(echo.threads) == 1


def test_a_simulator_that_is_started_again_is_found(tmp_path):
    for verb in ("one", "two"):
        with ControlServer(tmp_path, Echo()):
            assert ask(tmp_path, verb) == {"verb": verb}
        with pytest.raises(ControlError, match="does not answer"):
            ask(tmp_path, verb)


def test_a_connection_that_was_closed_is_opened_again(tmp_path):
    with ControlServer(tmp_path, Echo()) as server:
        ask(tmp_path, "one")
        for connection in list(server._open):
            connection.shutdown(socket.SHUT_RDWR)
        assert ask(tmp_path, "two") == {"verb": "two"}


def test_who_waits_too_long_gets_no_answer_of_before(tmp_path):
    gate = threading.Event()
    with ControlServer(tmp_path, lambda verb, _: gate.wait(30) and verb):
        with pytest.raises(ControlError, match="timed out"):
            ask(tmp_path, "slow", timeout=0.1)
        gate.set()
        assert ask(tmp_path, "quick") == "quick"


def test_calls_at_once_have_connections_of_their_own(tmp_path):
    everybody = threading.Barrier(8)

    def handle(verb, _):
        everybody.wait(30)
        return verb

    with ControlServer(tmp_path, handle):
        verbs = [str(number) for number in range(8)]
        assert at_once(*(partial(ask, tmp_path, verb) for verb in verbs)) == verbs
        unused = control._unused._connections[endpoint.read(tmp_path / ENDPOINT)]
        assert len(unused) == control._MAX_UNUSED


def test_a_child_has_connections_of_its_own(tmp_path):
    echo = Echo()
    with ControlServer(tmp_path, echo):
        ask(tmp_path, "parent")
        child = multiprocessing.get_context("fork").Process(target=ask, args=(tmp_path, "child"))
        child.start()
        child.join(30)
        ask(tmp_path, "parent")
    assert (child.exitcode, len(echo.threads)) == (0, 2)


@pytest.mark.parametrize("request_", [b'{"token":"guessed","verb":"say"}', b"GET / HTTP/1.1"])
def test_who_has_not_the_token_is_answered_once_and_cut_off(tmp_path, request_):
    echo = Echo()
    with ControlServer(tmp_path, echo):
        there = endpoint.read(tmp_path / ENDPOINT)
        with socket.create_connection((endpoint.HOST, there.port), 30) as client:
            client.sendall(2 * (request_ + b"\n"))
            with suppress(ConnectionResetError):  # the second request was not read
                assert client.makefile("rb").read().count(b'"reason":"invalid"') == 1
    assert not echo.threads
