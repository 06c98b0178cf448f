"""How the API asks a simulator for something: one line of JSON there, one back, over loopback.

A simulator that listens leaves a file ``control.json`` in its world's folder, with the port and a token that it takes
requests with; only its owner may read it. So whoever may read the folder may ask, and nobody else.
"""

import hmac
import logging
import os
import secrets
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any, Self

import msgspec

from zenata.errors import ControlError

log = logging.getLogger(__name__)

LONGEST = 1 << 20
"""Bytes of a request."""

_HOST = "127.0.0.1"
_PATIENCE = 5.0  # for a request to come once somebody has connected [s]

Handler = Callable[[str, dict[str, Any]], Any]


class _Door(msgspec.Struct):
    port: int
    token: str


class _Request(msgspec.Struct):
    token: str
    verb: str
    arguments: dict[str, Any] = {}


class _Reply(msgspec.Struct, omit_defaults=True):
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
        self._file = folder / "control.json"
        token = secrets.token_urlsafe(32)

        class Connection(StreamRequestHandler):
            timeout = _PATIENCE

            def handle(self) -> None:
                self.wfile.write(msgspec.json.encode(_answer(self.rfile.readline(LONGEST), token, handle)) + b"\n")

        self._server = ThreadingTCPServer((_HOST, 0), Connection)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="control", daemon=True)
        _leave(self._file, _Door(port=self._server.server_address[1], token=token))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._file.unlink(missing_ok=True)
        self._server.shutdown()
        self._server.server_close()


def ask(folder: Path, verb: str, timeout: float = 30.0, **arguments: Any) -> Any:  # noqa: ANN401 - any JSON
    """Ask the simulator of a world for something.

    Parameters
    ----------
    folder : Path
        Of the world.
    verb : str
    timeout : float
        How long the answer may take [s].
    **arguments : Any
        What JSON can hold.

    Raises
    ------
    ControlError
        If nobody answers, or the simulator refuses.
    """
    return msgspec.json.decode(ask_raw(folder, verb, timeout, **arguments))


def ask_raw(folder: Path, verb: str, timeout: float = 30.0, **arguments: Any) -> bytes:  # noqa: ANN401 - any JSON
    """Ask as `ask` does, and return the answer as JSON text."""
    try:
        door = msgspec.json.decode((folder / "control.json").read_bytes(), type=_Door)
        with socket.create_connection((_HOST, door.port), timeout) as connection:
            connection.sendall(msgspec.json.encode(_Request(door.token, verb, arguments)) + b"\n")
            with connection.makefile("rb") as answer:
                reply = msgspec.json.decode(answer.readline(), type=_Reply)
    except (OSError, msgspec.DecodeError) as error:
        raise ControlError(f"the simulator of {folder.name} does not answer: {error}", "away") from error
    if reply.error:
        raise ControlError(reply.error, reply.reason)
    return bytes(reply.result)


def _answer(line: bytes, token: str, handle: Handler) -> _Reply:
    try:
        request = msgspec.json.decode(line, type=_Request)
    except msgspec.DecodeError as error:
        return _Reply(error=f"not a request: {error}", reason="invalid")
    if not hmac.compare_digest(request.token.encode(), token.encode()):
        return _Reply(error="not the token of this simulator", reason="invalid")
    try:
        return _Reply(result=msgspec.Raw(msgspec.json.encode(handle(request.verb, request.arguments))))
    except ControlError as error:
        return _Reply(error=str(error), reason=error.reason)
    except Exception:
        log.exception("%s failed", request.verb)
        return _Reply(error=f"{request.verb} failed in the simulator; its log says why", reason="away")


def _leave(file: Path, door: _Door) -> None:
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(msgspec.json.encode(door))
    draft.replace(file)
