"""The HTTP server: strict parsing, time limits for slow clients, a bounded number of connections, and a clean stop.

References
----------
RFC 9112 (HTTP/1.1): sections 2.2 (bare LF), 2.3 (version), 3.2 (Host), 5.2 (line folding), 6.1 and 6.3
(Transfer-Encoding); RFC 6585 section 5 (431).
"""

import asyncio
import logging
import re
import socket
from http import HTTPStatus

import msgspec
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.live.hub import Hub
from zenata.errors import SetupError
from zenata.process.tls import Certificate, certificate_of

log = logging.getLogger(__name__)

MAX_MESSAGE = 16_384
"""Bytes that a client may send by WebSocket at once."""

MAX_HEAD = 65_536
"""Bytes of the head of a request: its line and headers."""

MAX_CONNECTIONS = 2_000
"""Connections at once, of all clients. A default: each costs some kB, and a descriptor.

Beyond, those that wait for a request are ended, of the address that has the most of them: whoever opens them all keeps out
nobody but itself.
"""

_VERSIONS = {"1.0", "1.1"}
_HOST = re.compile(rb"(?:\[[0-9A-Za-z:.%]*\]|[A-Za-z0-9._~!$&'()*+,;=%-]*)(?::[0-9]*)?")
_ENDED_AT_ONCE = 10  # a tenth of them, so that looking for them costs little each

HEAD_TIMEOUT, BODY_TIMEOUT = 10.0, 60.0
"""How long a client may take to send the head of a request, and then its body [s]. Defaults."""

ANSWER_TIMEOUT, MIN_READ = 60.0, 65_536
"""In how long [s] a client must read how much [bytes] of an answer of which more waits for it: over a slow line it takes its time.
Defaults."""

MAX_UNREAD = 256 * 2**20
"""Bytes of answers that may wait for the connections of a pilot, or of all strangers, in our memory. A default: 100 answers of the newest
readings of the whole city."""

_RENEWAL = 10  # turns of a tenth of a second between two checks whether the certificate has been renewed


class Protocol(HttpToolsProtocol):
    """A connection that is refused beyond `MAX_CONNECTIONS`, and ended where its request is malformed or too slow.

    The parser (llhttp) refuses what two servers in a row might read differently: Content-Length beside chunked, bare LF,
    folded headers. What it lets through is refused here: codings before chunked, one with HTTP/1.0, no or several hosts,
    other versions.
    """

    paused = 0.0
    """Since when its client has not read an answer, on the clock of the loop [s]; zero if it has."""
    _timer: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None
    _since = 0.0
    _in_head = False
    _head = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Begin to wait for a request, if there is room for one more connection."""
        super().connection_made(transport)
        self._since = self.loop.time()
        if len(self.connections) > MAX_CONNECTIONS and not self._make_room():
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, f"There are {MAX_CONNECTIONS:,} connections: try again later.")
        else:
            self._wait(HEAD_TIMEOUT)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_waiting()
        self._is_read()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came."""
        if self.transport.is_closing():
            return
        super().data_received(data)
        if self._in_head:
            self._head += len(data)
            if self._head > MAX_HEAD:
                self._refuse(
                    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
                    f"A request has up to {MAX_HEAD:,} bytes before its body.",
                )

    def on_message_begin(self) -> None:
        """Begin the time for the head."""
        super().on_message_begin()
        self._in_head, self._head = True, 0
        if self._timer is None:
            self._wait(HEAD_TIMEOUT)

    def on_headers_complete(self) -> None:
        """Begin the time for the body, if the head can be read in one way."""
        self._in_head = False
        if self._is_ambiguous():
            raise ValueError("ambiguous")  # the parser stops, and `send_400_response` is called
        self._wait(BODY_TIMEOUT)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """End the time for the request."""
        self._stop_waiting()
        super().on_message_complete()

    def pause_writing(self) -> None:
        """Begin the time for reading what waits."""
        super().pause_writing()
        self.paused = self.loop.time()
        self._await_reading()
        self._end_unread()

    def resume_writing(self) -> None:
        """End it."""
        super().resume_writing()
        self.paused = 0.0
        self._is_read()

    def _end_unread(self) -> None:
        """End connections of the same pilot that have waited longest, so that no more than `MAX_UNREAD` waits."""
        pilot = self.pilot
        protocols = [one for one in self.connections if isinstance(one, Protocol)]
        waiting = [one for one in protocols if one.paused and one.pilot == pilot]
        left = sum(one.transport.get_write_buffer_size() for one in waiting)
        for one in sorted(waiting, key=lambda one: one.paused):
            if left <= MAX_UNREAD:
                return
            left -= one.transport.get_write_buffer_size()
            one.paused = 0.0
            one.transport.abort()

    @property
    def pilot(self) -> str:
        """Whose request came last; empty of a stranger, and where it came before the answer to another was ready."""
        scope = getattr(self.cycle, "scope", {"state": {}})  # there may be no cycle yet
        principal = scope["state"].get("principal")
        return principal.pilot if principal else ""

    def _await_reading(self) -> None:
        waiting = self.transport.get_write_buffer_size()
        self._unread = self.loop.call_later(ANSWER_TIMEOUT, self._look_at_reading, waiting)

    def _look_at_reading(self, before: int) -> None:
        if before - self.transport.get_write_buffer_size() < MIN_READ:
            self.transport.abort()
        else:
            self._await_reading()

    def _is_read(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection on."""
        self._stop_waiting()
        super().handle_websocket_upgrade()

    def send_400_response(self, msg: str) -> None:
        """Refuse a request that is no HTTP/1.1, or could be read in two ways."""
        del msg
        self._refuse(
            HTTPStatus.BAD_REQUEST,
            "This is not one well-formed HTTP/1.1 request: lines end in CRLF, headers are not folded, there is one Host, no "
            "Transfer-Encoding but chunked, and no Content-Length beside that.",
        )

    def _is_ambiguous(self) -> bool:
        """Return whether a head breaks the rules that keep servers in a row agreed on where requests end, and whose they are."""
        version = self.parser.get_http_version()
        codings = [value.strip().lower() for name, value in self.headers if name == b"transfer-encoding"]
        hosts = [value for name, value in self.headers if name == b"host"]
        if version not in _VERSIONS or len(hosts) > 1 or not all(map(_HOST.fullmatch, hosts)):
            return True
        return (
            codings != [b"chunked"] * len(codings[:1])
            or (version == "1.0" and bool(codings))
            or (version == "1.1" and not hosts)
        )

    def _make_room(self) -> bool:
        """End some connections that wait for a request, the oldest of the address with the most; return whether there were any."""
        waiting: dict[str, list[Protocol]] = {}
        for one in self.connections:
            if isinstance(one, Protocol) and one is not self and one.is_waiting:
                waiting.setdefault(one.client[0] if one.client else "", []).append(one)
        largest = max(waiting.values(), key=len, default=[])
        for one in sorted(largest, key=lambda one: one._since)[: max(MAX_CONNECTIONS // _ENDED_AT_ONCE, 1)]:  # noqa: SLF001 - of our own kind
            one._stop_waiting()  # noqa: SLF001 - as above
            one.transport.close()
        return bool(largest)

    @property
    def is_waiting(self) -> bool:
        """Whether no request of this connection is worked on."""
        return self._timer is not None or bool(
            getattr(self.cycle, "response_complete", True)
        )  # there may be no cycle yet

    def _wait(self, seconds: float) -> None:
        self._stop_waiting()
        self._timer = self.loop.call_later(seconds, self._give_up)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        detail = f"The head of a request may take {HEAD_TIMEOUT:g} s, its body {BODY_TIMEOUT:g} s."
        self._refuse(HTTPStatus.REQUEST_TIMEOUT, detail)

    def _refuse(self, status: HTTPStatus, detail: str) -> None:
        """Answer with a problem, unless an answer has begun, and close."""
        self._stop_waiting()
        if not getattr(self.cycle, "response_started", False):  # there may be no cycle yet
            problem = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
            body = msgspec.json.encode(problem)
            head = (
                f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: application/problem+json\r\n"
                f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
            )
            self.transport.write(head.encode() + body)
        self.transport.close()


class Server(uvicorn.Server):
    """A server that ends the open streams before it waits for the open requests, which would else never end.

    Parameters
    ----------
    config : uvicorn.Config
    hub : Hub
        What the streams listen to.
    certificate : Certificate or None
        What it shows; new connections get the one that is there after a renewal.
    """

    def __init__(self, config: uvicorn.Config, hub: Hub, certificate: Certificate | None = None) -> None:
        config.http = Protocol
        config.ws_max_size = MAX_MESSAGE
        config.ws_per_message_deflate = False  # it would hold up the event loop, and with it everybody else
        if certificate:
            config.ssl_certfile, config.ssl_keyfile = certificate.cert, certificate.key
        super().__init__(config)
        self._hub = hub
        self._certificate = certificate
        self._stamp = certificate.stamp if certificate else ()

    async def on_tick(self, counter: int) -> bool:
        """Do what is due; see `uvicorn.Server.on_tick`."""
        if counter % _RENEWAL == 0:
            self._renew()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop; see `uvicorn.Server.shutdown`."""
        self._hub.close()
        await super().shutdown(sockets)

    def _renew(self) -> None:
        """Show the certificate that is there now, if it is another and fits its key; else go on with the one of before."""
        certificate, context = self._certificate, self.config.ssl
        if certificate is None or context is None or certificate.stamp == self._stamp:
            return
        self._stamp = certificate.stamp
        try:
            certificate_of(certificate.cert, certificate.key)
            context.load_cert_chain(certificate.cert, certificate.key)
        except (SetupError, OSError) as error:
            log.warning("the API goes on with the certificate it has: %s", error)
