"""Where deliveries may go: to public addresses, whatever a name leads to (CWE-918, server-side request forgery).

A name is resolved once, every address it leads to is looked at, and the connection is made to that very address: a name
that leads elsewhere the next moment (DNS rebinding) gains nothing.

References
----------
IANA special-purpose address registries, as the standard library's `ipaddress` has them; IANA, "Internet Protocol Version 6
Address Space"; Microsoft, "What is IP address 168.63.129.16?".
RFC 4291 section 2.5.5.2 (IPv4-mapped), RFC 6052 and RFC 8215 (IPv4 behind NAT64), RFC 7526 (6to4, deprecated).
"""

import asyncio
import socket
from collections.abc import Iterable
from concurrent.futures import Executor
from functools import partial
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpcore

Address = IPv4Address | IPv6Address

LONGEST_URL = 2000
"""Characters of an address that a delivery may go to."""

NO_PUBLIC_ADDRESS = "the host has no public address that can be reached"
"""The one answer to every name that leads nowhere, or inside: whoever asks learns nothing of names inside."""

LOOKUPS_OF_ONE = 8
"""Names that are looked up for one pilot at once. A default."""

_NAT64 = IPv6Network("64:ff9b::/96")
_UNICAST = IPv6Network("2000::/3")
"""All of IPv6 that IANA gives out as global unicast; whatever is elsewhere is special, or leads where nobody knows."""

_OTHERS = tuple(map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32", "2002::/16", "3fff::/20")))
"""Not global, though `ipaddress` of Python 3.11 has some as such: protocol assignments, 6to4, the host of a machine in Azure, and
documentation (RFC 9637)."""


class UrlError(ValueError):
    """A URL is none that a delivery may go to; the message says why."""


def is_public(address: Address) -> bool:
    """Return whether a packet to an address stays in the public internet."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address in _NAT64:
            return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
        if address not in _UNICAST:
            return False
    return address.is_global and not address.is_multicast and not any(address in network for network in _OTHERS)


def check_url(text: str, *, private: bool) -> SplitResult:
    """Return the parts of a URL that deliveries may go to; a name is looked up only when one goes out.

    Parameters
    ----------
    text : str
    private : bool
        Whether addresses that are not public are allowed.

    Raises
    ------
    UrlError
        If they may not go there.
    """
    if len(text) > LONGEST_URL or not text.isascii() or not text.isprintable() or " " in text:
        raise UrlError(f"is no URL of up to {LONGEST_URL} printable ASCII characters (names in punycode)")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise UrlError(f"is no URL: {error}") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UrlError("begins with neither https:// nor http:// and a host")
    if parts.username is not None or parts.password is not None or parts.fragment or port == 0:
        raise UrlError("has a user, a password, a fragment or port 0: leave it out")
    literal = _literal(parts.hostname)
    if not private and literal is not None and not is_public(literal):
        raise UrlError(
            "leads to a private, loopback, link-local, multicast or reserved address; "
            "whoever runs the sandbox may allow that (--webhook-private)"
        )
    return parts


class Lookups:
    """Looks names up in threads, of which one pilot has a share: nothing ends a look-up but the system, which may take a minute.

    Used from one event loop alone.

    Parameters
    ----------
    threads : Executor
    """

    def __init__(self, threads: Executor) -> None:
        self._threads = threads
        self._free: dict[str, asyncio.Semaphore] = {}

    async def find(self, pilot: str, host: str, port: int) -> list[Address]:
        """Return the addresses of a host; of one that is none, none."""
        if (literal := _literal(host)) is not None:
            return [literal]
        free = self._free.setdefault(pilot, asyncio.Semaphore(LOOKUPS_OF_ONE))
        await free.acquire()
        look = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        under_way = asyncio.get_running_loop().run_in_executor(self._threads, look)

        def end(done: asyncio.Future[Any]) -> None:
            free.release()
            if not done.cancelled():
                done.exception()  # whoever waited may have given up

        under_way.add_done_callback(end)
        try:
            found = await asyncio.shield(under_way)  # whoever gives up leaves its thread at work
        except (OSError, UnicodeError):
            return []
        return [ip_address(where[0]) for *_, where in found]


class Backend(httpcore.AsyncNetworkBackend):
    """Connects to public addresses only.

    Parameters
    ----------
    lookups : Lookups
    pilot : str
        For whom.
    private : bool
        Whether to others too.
    """

    def __init__(self, lookups: Lookups, pilot: str, *, private: bool) -> None:
        self._lookups, self._pilot, self._private = lookups, pilot, private
        self._backend = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address of a host that answers.

        Raises
        ------
        httpcore.ConnectError
            If there is none, or one of its addresses is not public.
        """
        async with asyncio.timeout(timeout):
            failure: Exception = httpcore.ConnectError(NO_PUBLIC_ADDRESS)
            for address in await self._resolve(host, port):
                try:
                    return await self._backend.connect_tcp(str(address), port, timeout, local_address, socket_options)
                except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                    failure = error
        raise failure

    async def _resolve(self, host: str, port: int) -> list[Address]:
        """Return the addresses of a host, none if one of them is not public: honest hosts are not in two places."""
        addresses = await self._lookups.find(self._pilot, host, port)
        return addresses if self._private or all(map(is_public, addresses)) else []


def _literal(host: str) -> Address | None:
    """Return the address that a host is written as, also in the ways of old (``127.1``, ``0x7f000001``, ``2130706433``)."""
    try:
        return ip_address(host)
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host))
    except OSError:
        return None
