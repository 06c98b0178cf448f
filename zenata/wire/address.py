"""Where a broker listens, read from a URL."""

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from zenata.errors import SetupError


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """Where a broker listens and who we are to it.

    Parameters
    ----------
    host : str
    port : int
    others : tuple of (str, int)
        Hosts and ports of the other nodes of a cluster.
    username, password : str or None
    tls : bool
    """

    host: str
    port: int
    others: tuple[tuple[str, int], ...] = ()
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False

    @property
    def hosts(self) -> tuple[tuple[str, int], ...]:
        """All hosts and ports, in the order in which they are tried."""
        return ((self.host, self.port), *self.others)

    def __str__(self) -> str:
        return f"{'mqtts' if self.tls else 'mqtt'}://{','.join(f'{host}:{port}' for host, port in self.hosts)}"


def parse_url(url: str) -> Address:
    """Read ``mqtt://user:password@host:port``; ``mqtts`` means TLS, and a cluster is ``host:port,host:port``.

    Raises
    ------
    SetupError
        If it is no such URL. The message never repeats a password.
    """
    try:
        parts = urlsplit(url)
        tls = parts.scheme == "mqtts"
        nodes = [urlsplit(f"//{node}") for node in parts.netloc.rpartition("@")[2].split(",")]
        hosts = [(node.hostname or "", node.port or (8883 if tls else 1883)) for node in nodes]
    except ValueError as error:
        raise SetupError(f"the broker URL is not one: {error}") from None
    if parts.scheme not in {"mqtt", "mqtts"} or not all(host for host, _ in hosts):
        raise SetupError("the broker URL must look like mqtt://user:password@host:1883 (or mqtts:// for TLS)")
    (host, port), *others = hosts
    return Address(
        host=host,
        port=port,
        others=tuple(others),
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        tls=tls,
    )
