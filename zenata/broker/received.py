"""What each TCP connection to a port of this machine has received, as Linux counts it: topics, client ids and wills too.

NATS counts the payloads of messages alone. The kernel tells everybody of the connections of its own network namespace: of those
that are there, and of each that ends, so that short ones are not missed.

References
----------
sock_diag(7); ``linux/sock_diag.h``, ``linux/inet_diag.h`` and ``linux/tcp.h``.
"""

import errno
import logging
import socket
import struct
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address

log = logging.getLogger(__name__)

_SOCK_DIAG = 4  # NETLINK_SOCK_DIAG
_BY_FAMILY, _ERROR, _DONE = 20, 2, 3  # types of messages
_DUMP = 0x301  # NLM_F_REQUEST, NLM_F_DUMP
_ENDED = 0b101  # the groups of TCP connections that end, of IPv4 and IPv6
_INFO = 2  # the attribute with struct tcp_info
_LISTENS = 10  # the state of a socket without a peer
_HEADER = struct.Struct("=IHHII")
_REQUEST = struct.Struct("=BBBxIHH44x")  # struct inet_diag_req_v2, where zeros are any address
_MESSAGE = struct.Struct("!BB2xHH16s16s12x4x")  # struct inet_diag_msg up to what nobody has read yet, which follows
_UNREAD = struct.Struct("=I")
_SIZE = 72
_RECEIVED = struct.Struct("=128xQ")  # tcpi_bytes_received
_READ = 2**18

Peer = tuple[str, int]
"""Address and port of a client."""


class Received:
    """Bytes that were read at some ports, by the address and port of their clients.

    Parameters
    ----------
    ports : collection of int
    """

    def __init__(self, ports: Collection[int]) -> None:
        self._ports = frozenset(ports)
        self._ended, self._older = Counter[Peer](), Counter[Peer]()
        self._ends: socket.socket | None = None
        try:
            self._ends = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, _SOCK_DIAG)
            self._ends.bind((0, _ENDED))
            self.open()
        except (AttributeError, OSError) as error:  # another system has no AF_NETLINK
            self._give_up(error)

    @property
    def is_known(self) -> bool:
        """Whether this system tells."""
        return self._ends is not None

    def close(self) -> None:
        """Stop counting."""
        if self._ends is not None:
            self._ends.close()
            self._ends = None

    def open(self) -> Mapping[Peer, int]:
        """Return what the connections that are there have received."""
        found: dict[Peer, int] = {}
        if self._ends is None:
            return found
        try:
            for family in (socket.AF_INET, socket.AF_INET6):
                for port in self._ports:
                    found.update((peer, size) for _, peer, size in _dump(family, port))
        except OSError as error:
            self._give_up(error)
        return found

    def ended(self) -> Mapping[Peer, int]:
        """Return what those had received that have ended since the call before the last one.

        A peer's connections are added up. Those since the last call are told once more, as who they were may be known only now.
        """
        self.take()
        found = self._ended + self._older
        self._older, self._ended = self._ended, Counter()
        return found

    def take(self) -> None:
        """Note which connections have ended; call it often, as the kernel keeps some hundred."""
        while self._ends is not None:
            try:
                data = self._ends.recv(_READ)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno != errno.ENOBUFS:  # else more ended than it keeps
                    self._give_up(error)
                continue
            for port, peer, size in _connections(data):
                if port in self._ports:
                    self._ended[peer] += size

    def _give_up(self, error: Exception) -> None:
        log.warning("this system does not tell what connections have received, so only payloads count: %s", error)
        self.close()


def _dump(family: int, port: int) -> Iterator[tuple[int, Peer, int]]:
    """Yield the connections of a port."""
    states = 0xFFF & ~(1 << _LISTENS)
    body = _REQUEST.pack(family, socket.IPPROTO_TCP, 1 << _INFO - 1, states, socket.htons(port), 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _SOCK_DIAG) as asked:
        asked.settimeout(2.0)
        asked.send(_HEADER.pack(_HEADER.size + len(body), _BY_FAMILY, _DUMP, 1, 0) + body)
        while True:
            data = asked.recv(_READ)
            yield from _connections(data)
            kinds = {kind for kind, _ in _messages(data)}
            if _ERROR in kinds:
                raise OSError("the kernel does not list connections")
            if _DONE in kinds:
                return


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the type and body of each message."""
    while len(data) >= _HEADER.size:
        length, kind, *_ = _HEADER.unpack_from(data)
        yield kind, data[_HEADER.size : length]
        data = data[max(length + 3 & ~3, _HEADER.size) :]


def _connections(data: bytes) -> Iterator[tuple[int, Peer, int]]:
    """Yield our port, the client, and what it has sent, of each connection that has a peer."""
    for kind, body in _messages(data):
        if kind != _BY_FAMILY or len(body) < _SIZE:
            continue
        family, _, port, peer, _, address = _MESSAGE.unpack_from(body)
        rest = body[_SIZE:]
        while len(rest) >= 4:
            length, attribute = struct.unpack_from("=HH", rest)
            if attribute == _INFO and peer and length >= 4 + _RECEIVED.size:
                unread = _UNREAD.unpack_from(body, _MESSAGE.size)[0]
                yield port, (_text(family, address), peer), max(_RECEIVED.unpack_from(rest, 4)[0] - unread, 0)
            rest = rest[max(length + 3 & ~3, 4) :]


def _text(family: int, address: bytes) -> str:
    """Return an address as NATS writes it."""
    if family == socket.AF_INET:
        return str(IPv4Address(address[:4]))
    found = IPv6Address(address)
    return str(found.ipv4_mapped or found)
