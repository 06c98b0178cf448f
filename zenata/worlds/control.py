"""Local calls to simulators: one line of JSON each way, over loopback.

A simulator that listens leaves a file ``control.json`` in its world's folder, with its port and the token it accepts.
Only the file's owner may read it, so whoever may read the folder may call the simulator, and nobody else.
"""

import logging
import socket
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any, Self

import msgspec

from zenata.errors import ControlError
from zenata.process import endpoint
from zenata.process.endpoint import Endpoint

log = logging.getLogger(__name__)

ENDPOINT = "control.json"
"""File of a world's folder that says where its simulator listens."""

MAX_REQUEST = 4 << 20
"""Bytes of a request."""

_CHUNK = 1 << 20  # of an answer that is read at once [bytes]; between two another thread may take the interpreter
_PATIENCE = 5.0  # for a request to come once somebody has connected [s]

_NONE: Mapping[str, Any] = {}

Handler = Callable[[str, dict[str, Any]], Any]


class _Request(msgspec.Struct):
    token: str
    verb: str
    arguments: dict[str, Any] = {}


class Reply(msgspec.Struct, omit_defaults=True):
    """The answer to a call: what it returned, or the words and the reason of its `ControlError`."""

    result: msgspec.Raw = msgspec.Raw(b"null")
    error: str = ""
    reason: str = ""


class ControlServer:
    """Listens until it is closed; each request is handled in a thread of its own.

    Parameters
    ----------
    folder : Path
        Where ``control.json`` is left.
    handle : callable
        Takes a verb and its arguments; returns what JSON can hold (or `msgspec.Raw`), or raises `ControlError`.
    """

    def __init__(self, folder: Path, handle: Handler) -> None:
        self._file = folder / ENDPOINT

        class Connection(StreamRequestHandler):
            timeout = _PATIENCE

            def handle(self) -> None:
                self.wfile.write(
                    msgspec.json.encode(_checked(self.rfile.readline(MAX_REQUEST), opened, handle)) + b"\n"
                )

        self._server = ThreadingTCPServer((endpoint.HOST, 0), Connection)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="control", daemon=True)
        opened = endpoint.write(self._file, self._server.server_address[1])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._file.unlink(missing_ok=True)
        self._server.shutdown()
        self._server.server_close()


def ask(folder: Path, verb: str, arguments: Mapping[str, Any] = _NONE, *, timeout: float = 30.0) -> Any:  # noqa: ANN401 - any JSON
    """Call the simulator of a world.

    Parameters
    ----------
    folder : Path
        Of the world.
    verb : str
    arguments : mapping
        What JSON can hold.
    timeout : float
        How long the answer may take [s].

    Raises
    ------
    ControlError
        If nobody answers, or the simulator refuses.
    """
    return msgspec.json.decode(ask_raw(folder, verb, arguments, timeout=timeout))


def ask_raw(folder: Path, verb: str, arguments: Mapping[str, Any] = _NONE, *, timeout: float = 30.0) -> bytes:
    """Call as `ask` does, and return the answer as JSON text."""
    try:
        there = endpoint.read(folder / ENDPOINT)
        with socket.create_connection((endpoint.HOST, there.port), timeout) as connection:
            connection.sendall(msgspec.json.encode(_Request(there.token, verb, dict(arguments))) + b"\n")
            with connection.makefile("rb", buffering=_CHUNK) as answer:
                reply = msgspec.json.decode(answer.readline(), type=Reply)
    except (OSError, msgspec.DecodeError) as error:
        raise ControlError(f"the simulator of {folder.name} does not answer: {error}", "away") from error
    if reply.error:
        raise ControlError(reply.error, reply.reason)
    return bytes(reply.result)


def _checked(line: bytes, opened: Endpoint, handle: Handler) -> Reply:
    try:
        request = msgspec.json.decode(line, type=_Request)
    except msgspec.DecodeError as error:
        return Reply(error=f"not a request: {error}", reason="invalid")
    if not opened.accepts(request.token):
        return Reply(error="not the token of this simulator", reason="invalid")
    return answer(request.verb, request.arguments, handle)


def answer(verb: str, arguments: dict[str, Any], handle: Handler) -> Reply:
    """Do what is asked; what goes wrong is the answer then."""
    try:
        return Reply(result=msgspec.Raw(msgspec.json.encode(handle(verb, arguments))))
    except ControlError as error:
        return Reply(error=str(error), reason=error.reason)
    except Exception:
        log.exception("%s failed", verb)
        return Reply(error=f"{verb} failed in the simulator; its log says why", reason="away")
