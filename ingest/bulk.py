"""Bulk server: takes backfilled readings straight into the store, and lets live readings go first."""

import logging
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Self

import msgspec

from zenata.city.readings import Catalog
from zenata.errors import StoreError
from zenata.process import endpoint
from zenata.store.base import Store
from zenata.wire import bulk

log = logging.getLogger(__name__)

REST = 1.0
"""Time that the store is left to live readings after each batch, over the time that the batch took."""

_MAX_HELLO = 1000  # bytes read before the token is checked
_POLL = 0.05  # pause between two looks at whether it is closed [s]
_PATIENCE = 5.0  # for a token to come once somebody has connected [s]


class BulkServer:
    """Listens until it is closed; who connects with the token of its file may append to the store.

    All connections together take turns, so that however many there are, live readings find the store free half of
    the time.

    Parameters
    ----------
    file : Path
        Left for who may connect.
    store : Store
    """

    def __init__(self, file: Path, store: Store) -> None:
        self._file = file
        self._store = store
        self._turn, self._copying = threading.Lock(), threading.Lock()
        self._closed = False
        serve = self._serve

        class Connection(BaseRequestHandler):
            def handle(self) -> None:
                with suppress(OSError):
                    serve(self.request)

        self._server = ThreadingTCPServer((endpoint.HOST, 0), Connection)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(_POLL,), name="bulk", daemon=True)
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._endpoint = endpoint.write(file, self._server.server_address[1])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._file.unlink(missing_ok=True)
        self._server.shutdown()
        self._server.server_close()
        with self._turn, self._copying:  # whoever has them is done then
            self._closed = True

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(_PATIENCE)
        if not self._is_known(connection):
            bulk.send(connection, bulk.Answer(error="not the token of this store"))
            return
        bulk.send(connection, bulk.Answer())
        connection.settimeout(None)
        catalog = Catalog()
        while (body := bulk.receive(connection)) is not None:
            answer = self._obey(connection, body, catalog)
            if answer is None:
                return
            bulk.send(connection, answer)

    def _obey(self, connection: socket.socket, body: bytearray, catalog: Catalog) -> bulk.Answer | None:
        """Carry out a message; None when the server is closed."""
        try:
            message = msgspec.msgpack.decode(body, type=bulk.Batch | bulk.Copy)
        except msgspec.DecodeError as error:
            return _refused(error)
        return self._copy(connection, message) if isinstance(message, bulk.Copy) else self._append(message, catalog)

    def _is_known(self, connection: socket.socket) -> bool:
        try:
            body = bulk.receive(connection, _MAX_HELLO)
            return body is not None and self._endpoint.accepts(msgspec.msgpack.decode(body, type=bulk.Hello).token)
        except msgspec.DecodeError:
            return False

    def _copy(self, connection: socket.socket, message: bulk.Copy) -> bulk.Answer | None:
        """Let the store be copied, beside whatever else is done with it."""
        with self._copying:
            if self._closed:
                return None
            try:
                self._store.copy(Path(message.path), lambda: bulk.send(connection, bulk.Answer()))
            except StoreError as error:
                return _refused(error)
            return bulk.Answer()

    def _append(self, message: bulk.Batch, catalog: Catalog) -> bulk.Answer | None:
        """Store a batch, and leave the store alone for a while."""
        with self._turn:
            if self._closed:
                return None
            began = time.monotonic()
            try:
                answer = bulk.Answer(new=self._store.append(bulk.unpack(message, catalog)))
            except StoreError as error:
                answer = _refused(error)
            time.sleep((time.monotonic() - began) * REST)
            return answer


def _refused(error: Exception) -> bulk.Answer:
    log.warning("bulk readings refused: %s", error)
    return bulk.Answer(error=str(error))
