"""A TCP proxy to the API whose connections can be cut."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit


class Proxy:
    """Passes on the bytes of clients and of an API.

    Attributes
    ----------
    left : int or None
        After so many bytes of the API's more, every connection is cut, once; None lets all pass.
    cuts : int
        How often that happened.
    passed : int
        Bytes of the API's that were passed on.
    holds : bool
        Whether what comes goes nowhere, as at a server that stands.
    held : int
        Bytes that came since then.
    """

    def __init__(self, url: str) -> None:
        self.lead_to(url)
        self.left: int | None = None
        self.cuts = self.passed = self.held = 0
        self.holds = False
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def lead_to(self, url: str) -> None:
        """Let further connections lead elsewhere."""
        self._target = ("127.0.0.1", urlsplit(url).port)

    def cut(self) -> None:
        """Break all connections."""
        self.cuts += 1
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self.cut()
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()
        for end in (self._listening, *self._open):
            end.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                self._open.append(near)
                try:
                    far = socket.create_connection(self._target)
                except OSError:
                    near.shutdown(socket.SHUT_RDWR)
                    continue
                self._open.append(far)
                for ends in ((near, far, False), (far, near, True)):
                    self._threads.append(threading.Thread(target=self._pass, args=ends))
                    self._threads[-1].start()

    def _pass(self, source: socket.socket, sink: socket.socket, counted: bool) -> None:
        with suppress(OSError):
            while data := source.recv(4096):
                if self.holds:
                    self.held += len(data)
                    continue
                if counted and self.left is not None:
                    data, self.left = data[: self.left], self.left - len(data)
                sink.sendall(data)
                if counted:
                    self.passed += len(data)
                    if self.left is not None and self.left <= 0:
                        self.left = None
                        self.cut()
            sink.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxy_to(url: str) -> Iterator[Proxy]:
    """A proxy to an API until the end of the block."""
    proxy = Proxy(url)
    try:
        yield proxy
    finally:
        proxy.close()
