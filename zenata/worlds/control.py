"""Local calls to simulators over loopback: a line of JSON there, a line and the result back.

A connection stays open for further calls: to open one, and a thread for it, takes longer than most calls. A simulator that listens leaves a file ``control.json`` in its world's folder, with its port and the token it accepts.
Only the file's owner may read it, so whoever may read the folder may call the simulator, and nobody else.
"""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
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

_CHUNK = 1 << 18  # of an answer that is read at once [bytes]; between two another thread may take the interpreter
_PATIENCE = 5.0  # for a request to come once somebody has connected [s]
_NEXT = 60.0  # for the next one of somebody who has shown the token [s]
_UNUSED = 20.0  # how long a caller keeps a connection for its next call [s]; shorter, so that none is closed in between
_MAX_UNUSED = 4  # connections to one simulator that are kept

_NONE: Mapping[str, Any] = {}

Handler = Callable[[str, dict[str, Any]], Any]


class _Request(msgspec.Struct):
    token: str
    verb: str
    arguments: dict[str, Any] = {}


class _Head(msgspec.Struct, omit_defaults=True):
    """The first line of an answer: how many bytes of the result follow it, or what the error is."""

    size: int = 0
    error: str = ""
    reason: str = ""


class Reply(msgspec.Struct, omit_defaults=True):
    """The answer to a call: what it returned, or the words and the reason of its `ControlError`."""

    result: msgspec.Raw = msgspec.Raw(b"null")
    error: str = ""
    reason: str = ""


class ControlServer:
    """Listens until it is closed; each connection has a thread of its own.

    Parameters
    ----------
    folder : Path
        Where ``control.json`` is left.
    handle : callable
        Takes a verb and its arguments; returns what JSON can hold (or `msgspec.Raw`), or raises `ControlError`.
    """

    def __init__(self, folder: Path, handle: Handler) -> None:
        self._file = folder / ENDPOINT

        self._open = connections = set[socket.socket]()

        class Connection(StreamRequestHandler):
            timeout = _PATIENCE
            disable_nagle_algorithm = True  # else the end of a long answer waits for an acknowledgement

            def handle(self) -> None:
                connections.add(self.connection)
                try:
                    with suppress(OSError):  # the caller left, or is not heard of any more
                        while line := self.rfile.readline(MAX_REQUEST):
                            request = _read(line, opened)
                            if isinstance(request, Reply):
                                self.wfile.write(_encoded(request))
                                return
                            self.wfile.write(_encoded(answer(request.verb, request.arguments, handle)))
                            self.connection.settimeout(_NEXT)
                finally:
                    connections.discard(self.connection)

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
        for connection in list(self._open):
            with suppress(OSError):  # it was closed just now
                connection.shutdown(socket.SHUT_RD)  # what is worked on is still answered


def ask_raw(folder: Path, verb: str, arguments: Mapping[str, Any] = _NONE, *, timeout: float = 30.0) -> bytes:
    """Call the simulator of a world; return its answer as JSON text.

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
    try:
        there = endpoint.read(folder / ENDPOINT)
        connection = _unused.take(there) or _Connection(there, timeout)
        head, result = connection.call(_Request(there.token, verb, dict(arguments)), timeout)
        _unused.put(connection)
    except (OSError, msgspec.DecodeError) as error:
        raise ControlError(f"the simulator of {folder.name} does not answer: {error}", "away") from error
    if head.error:
        raise ControlError(head.error, head.reason)
    return result


class _Connection:
    """A connection to a simulator, for one call at a time.

    Parameters
    ----------
    there : Endpoint
    timeout : float
        How long connecting may take [s].
    """

    def __init__(self, there: Endpoint, timeout: float) -> None:
        self.there = there
        self.since = 0.0  # when it was used last, on the monotonic clock [s]
        self._socket = socket.create_connection((endpoint.HOST, there.port), timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answers = self._socket.makefile("rb", buffering=_CHUNK)

    def call(self, request: _Request, timeout: float) -> tuple[_Head, bytes]:
        """Return the answer to a request.

        Raises
        ------
        OSError
            If none comes in time [s]; the connection is closed then.
        msgspec.DecodeError
            If it is none.
        """
        try:
            self._socket.settimeout(timeout)
            self._socket.sendall(msgspec.json.encode(request) + b"\n")
            head = msgspec.json.decode(self._answers.readline(), type=_Head)
            result = self._answers.read(head.size)
            if len(result) < head.size:
                raise ConnectionError("it ended in the midst of its answer")
        except BaseException:
            self.close()
            raise
        return head, result

    @property
    def is_open(self) -> bool:
        """Whether the simulator has closed it neither itself nor by its end."""
        self._socket.setblocking(False)
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def close(self) -> None:
        """Close it."""
        self._answers.close()
        self._socket.close()


class _Unused:
    """Open connections that no call uses now, by the endpoint that they lead to; any thread may use it."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Forget all, as the child of a process must that goes on with them."""
        self._lock = threading.Lock()
        self._connections: dict[Endpoint, list[_Connection]] = {}
        self._looked = 0.0

    def take(self, there: Endpoint) -> _Connection | None:
        """Take one that leads to an endpoint."""
        while True:
            with self._lock:
                found = self._connections.get(there)
                if not found:
                    return None
                connection = found.pop()
            if time.monotonic() - connection.since < _UNUSED and connection.is_open:
                return connection
            connection.close()

    def put(self, connection: _Connection) -> None:
        """Keep one for the next call, and close those that nobody has used for long."""
        now = connection.since = time.monotonic()
        closed = []
        with self._lock:
            if now - self._looked > _UNUSED:
                self._looked = now
                for there, some in list(self._connections.items()):
                    closed += [one for one in some if now - one.since > _UNUSED]
                    self._connections[there] = [one for one in some if now - one.since <= _UNUSED]
                    if not self._connections[there]:
                        del self._connections[there]
            found = self._connections.setdefault(connection.there, [])
            (found if len(found) < _MAX_UNUSED else closed).append(connection)
        for one in closed:
            one.close()


_unused = _Unused()
os.register_at_fork(after_in_child=_unused.forget)


def _encoded(reply: Reply) -> bytes:
    """Return an answer as it is sent."""
    result = b"" if reply.error else bytes(reply.result)
    return msgspec.json.encode(_Head(len(result), reply.error, reply.reason)) + b"\n" + result


def _read(line: bytes, opened: Endpoint) -> _Request | Reply:
    """Return a request, or the answer to what is none."""
    try:
        request = msgspec.json.decode(line, type=_Request)
    except msgspec.DecodeError as error:
        return Reply(error=f"not a request: {error}", reason="invalid")
    if not opened.accepts(request.token):
        return Reply(error="not the token of this simulator", reason="invalid")
    return request


def answer(verb: str, arguments: dict[str, Any], handle: Handler) -> Reply:
    """Handle a request; an error becomes the answer."""
    try:
        return Reply(result=msgspec.Raw(msgspec.json.encode(handle(verb, arguments))))
    except ControlError as error:
        return Reply(error=str(error), reason=error.reason)
    except Exception:
        log.exception("%s failed", verb)
        return Reply(error=f"{verb} failed in the simulator; its log says why", reason="away")
