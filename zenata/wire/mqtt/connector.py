"""Connector of MQTT clients: tries the hosts of a broker in turn, with growing pauses."""

import logging
import random
import select
import socket
import ssl
import time
from collections.abc import Callable
from itertools import cycle
from typing import Generic, TypeVar

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from zenata.errors import BrokerAwayError, BrokerError, SetupError
from zenata.wire.address import Address

log = logging.getLogger(__name__)

_KEEP_ALIVE = 30  # how long a connection may be silent before it counts as lost [s]
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0  # bounds of the pauses between attempts [s]
_FOR_EVER = 0xFFFFFFFF  # session expiry interval of a session that does not expire (MQTT 5, section 3.1.2.11.2)
_PASSING = {"Server unavailable", "Server busy"}  # refusals that are worth another attempt
_RELOAD = 2.0  # how long NATS may refuse whoever has every right ("Not authorized") while it reloads its users [s]


AnyClient = TypeVar("AnyClient", bound=paho.Client)


class Connector(Generic[AnyClient]):
    """A client and where it connects to: the hosts of an address in turn, with pauses between.

    A pause is drawn evenly from zero to a bound that doubles at each attempt, up to 5 s: "full jitter" (Brooker,
    "Exponential Backoff and Jitter", AWS Architecture Blog, 2015). So the clients of a broker that is back do not
    come all at once.

    Parameters
    ----------
    kind : type
        Of the client: `paho.mqtt.client.Client`, or one that is derived from it.
    address : Address
    client_id : str
    persistent : bool
        Whether the broker is to keep the session while we are away.
    mqtt5 : bool
        Whether to speak MQTT 5 rather than 3.1.1.
    """

    def __init__(
        self, kind: type[AnyClient], address: Address, *, client_id: str, persistent: bool = False, mqtt5: bool = False
    ) -> None:
        self.client = kind(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=None if mqtt5 else not persistent,
            manual_ack=persistent,
            protocol=MQTTProtocolVersion.MQTTv5 if mqtt5 else MQTTProtocolVersion.MQTTv311,
        )
        if address.username is not None:
            self.client.username_pw_set(address.username, address.password)
        self._context = address.context()
        if self._context:
            self._context.sslsocket_class = _Tidy
            self.client.tls_set_context(self._context)
        self.client.on_socket_open = _send_at_once
        # With this callback set, paho queues packets for the thread that reads instead of writing each by itself.
        self.client.on_socket_register_write = lambda *_: None
        self.refused = False
        self._refused_since: float | None = None  # on the monotonic clock
        self._trouble = "does not answer"
        self._address = address
        self._hosts = cycle(address.hosts)
        self._bound, self._next = _FIRST_PAUSE, 0.0
        self._mqtt5, self._persistent = mqtt5, persistent
        self._forgetful = False

    @property
    def pause(self) -> float:
        """How long to wait before the next attempt [s]."""
        return max(self._next - time.monotonic(), 0)

    def forget_session(self) -> None:
        """Disconnect, and have the broker forget the session: the next connection is clean, and ends by itself."""
        self._forgetful = True
        self.client.disconnect()

    def connect(self, prepare: Callable[[], object] = lambda: None) -> None:
        """Try the next host, unless `prepare` raises `BrokerError`; its outcome arrives at `answered`, or by a client without a socket."""
        host, port = next(self._hosts)
        self._next = time.monotonic() + random.uniform(0, self._bound)  # noqa: S311 - no secret
        self._bound = min(self._bound * 2, _LONGEST_PAUSE)
        try:
            prepare()
            if self._context:
                self._address.trust.renew(self._context)
            persistent = self._persistent and not self._forgetful
            if self._mqtt5:
                session = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
                session.SessionExpiryInterval = _FOR_EVER if persistent else 0
                self.client.connect(host, port, _KEEP_ALIVE, clean_start=not persistent, properties=session)
            else:
                self.client._clean_session = not persistent  # noqa: SLF001 - fixed by paho
                self.client.connect(host, port, _KEEP_ALIVE)
        except ssl.SSLCertVerificationError as error:
            self._trouble = f"shows a certificate that is not trusted: {error.verify_message}"
            log.warning("the broker at %s:%s %s", host, port, self._trouble)
        except (OSError, SetupError, BrokerError) as error:
            self._trouble = f"cannot be reached: {error}"
            log.debug("the broker at %s:%s is away: %s", host, port, error)
        else:
            self._trouble = "does not answer"

    def wait(self, timeout: float, other: socket.socket | None = None) -> tuple[bool, bool, bool]:
        """Wait for the network; return whether there is something to read, room for what waits, something at `other`.

        By poll(2): paho's own loop calls select(2), which takes no descriptor above 1,023, and a server may have more open.
        Without a connection it does not wait.

        Parameters
        ----------
        timeout : float
            The longest wait [s].
        other : socket.socket, optional
            A socket to look at beside the connection.
        """
        if (sock := self.client.socket()) is None:
            return False, False, False
        poll = select.poll()
        poll.register(sock, select.POLLIN | (select.POLLOUT if self.client.want_write() else 0))
        if other:
            poll.register(other, select.POLLIN)
        pending = isinstance(sock, ssl.SSLSocket) and sock.pending() > 0  # read from the wire, but not yet by us
        events = dict(poll.poll(0 if pending else timeout * 1000))
        found = bool(other and events.pop(other.fileno(), 0))
        ready = next(iter(events.values()), 0)
        return pending or bool(ready & ~select.POLLOUT), bool(ready & select.POLLOUT), found

    def answered(self, reason: ReasonCode) -> bool:
        """Take the broker's answer to a connection; return whether it lets us in, and the connection is to stay."""
        if reason.is_failure:
            self._refused_since = self._refused_since or time.monotonic()
            reloading = str(reason) == "Not authorized" and time.monotonic() - self._refused_since < _RELOAD
            self.refuse(str(reason), for_good=not reloading and str(reason) not in _PASSING)
            return False
        self.refused, self._refused_since = False, None
        self._bound, self._next = _FIRST_PAUSE, time.monotonic()
        if self._forgetful:
            self._forgetful = False
            self.client.disconnect()
            return False
        return True

    def refuse(self, reason: str, *, for_good: bool = True) -> None:
        """Take note that the broker does not want us, which is worth no other attempt if it is for good."""
        self.refused, self._trouble = for_good, f"refused us: {reason}"
        log.warning("the broker at %s %s", self._address, self._trouble)

    def lost(self, reason: ReasonCode) -> None:
        """Take note that a connection has ended."""
        if reason.is_failure:
            log.warning("lost the broker at %s (%s); connecting again", self._address, reason)

    def no_entry(self) -> BrokerError:
        """Return the error that says why we could not connect."""
        kind = BrokerError if self.refused else BrokerAwayError
        return kind(f"the broker at {self._address} {self._trouble}")


class _Tidy(ssl.SSLSocket):
    """A connection that is closed when a handshake fails, which paho leaves to the garbage collector."""

    def do_handshake(self, block: bool = False) -> None:
        """Shake hands; see `ssl.SSLSocket.do_handshake`."""
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


def _send_at_once(_client: object, _data: object, sock: object) -> None:
    """Switch Nagle's algorithm off: small packets would wait for the answer to the one before, some 40 ms."""
    if isinstance(sock, socket.socket):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
