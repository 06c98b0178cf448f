"""Free ports, reserved before anything starts, so that a taken one is one clear error."""

import errno
import random
import socket
from collections.abc import Mapping
from contextlib import ExitStack, suppress

from zenata.errors import SetupError


class PortTakenError(SetupError):
    """Somebody else listens there."""


_ANY = range(20_000, 32_768)
"""What 0 is drawn from: below the ports that Linux gives to whoever asks it for any, or one of these could have ours
before the program that it is for has started."""

_DRAWS = 100


def free_ports(host: str, wanted: Mapping[str, int]) -> dict[str, int]:
    """Return ports that are free at `host`.

    Parameters
    ----------
    host : str
    wanted : mapping of str to int
        Port by its option; 0 takes a free one.

    Raises
    ------
    SetupError
        If one is taken, may not be used, or `host` is not an address of this machine.
    """
    ports = {}
    with ExitStack() as stack:  # all are held until each has its own
        for option, port in wanted.items():
            sock = stack.enter_context(listen(host, port, option) if port else _any(host, option))
            sock.listen()  # with SO_REUSEADDR alone the same port could be had twice
            ports[option] = sock.getsockname()[1]
    return ports


def _any(host: str, option: str) -> socket.socket:
    """Return a socket bound to a port drawn by lot."""
    for port in random.sample(_ANY, _DRAWS):
        with suppress(PortTakenError):
            return listen(host, port, option)
    raise SetupError(f"no free port was found for {option} in {_DRAWS} draws: choose one")


def listen(host: str, port: int, option: str) -> socket.socket:
    """Return a socket bound to a port; see `free_ports`."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # named, or asyncio leaves Nagle on
    except (OSError, UnicodeError) as error:  # the latter for what is no host name at all
        raise SetupError(f"{host!r} is not an address to listen at: {error}") from error
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind(address)
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTakenError(
                f"port {port} is taken: choose another with {option}, or 0 for any free one"
            ) from error
        if error.errno in {errno.EACCES, errno.EPERM}:
            raise SetupError(
                f"port {port} may not be used without more rights: choose another with {option}, or 0 for any free one"
            ) from error
        raise SetupError(f"{host!r} is not an address to listen at: {error.strerror}") from error
    return sock
