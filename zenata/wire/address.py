"""Address of a broker, read from a URL."""

import ssl
from dataclasses import dataclass, field
from urllib.parse import unquote, urlencode, urlsplit

from zenata.errors import SetupError
from zenata.process.tls import Trust


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
    trust : Trust
        Whom we take for the broker, with TLS.
    """

    host: str
    port: int
    others: tuple[tuple[str, int], ...] = ()
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False
    trust: Trust = field(default_factory=Trust)

    @property
    def hosts(self) -> tuple[tuple[str, int], ...]:
        """All hosts and ports, in the order in which they are tried."""
        return ((self.host, self.port), *self.others)

    def context(self) -> ssl.SSLContext | None:
        """Return what to connect with; None is without TLS.

        Raises
        ------
        SetupError
            If a file of `trust` cannot be used.
        """
        return self.trust.context() if self.tls else None

    def __str__(self) -> str:
        trusted = {"ca": self.trust.ca, "certificate": self.trust.certificate}
        query = urlencode({name: file for name, file in trusted.items() if file}, safe="/")
        hosts = ",".join(f"{host}:{port}" for host, port in self.hosts)
        return f"{'mqtts' if self.tls else 'mqtt'}://{hosts}{query and '?'}{query}"


def parse_url(url: str) -> Address:
    """Read ``mqtt://user:password@host:port``; ``mqtts`` means TLS, and a cluster is ``host:port,host:port``.

    With TLS the authorities of the system vouch for a broker. ``?ca=FILE`` names others, and ``?certificate=FILE`` the one
    certificate that it must show.

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
    trust = Trust.of_query(parts.query)
    if trust is None or (parts.query and not tls):
        raise SetupError(
            "the broker URL may end in ?ca=FILE or ?certificate=FILE, if it is mqtts://, and in nothing else"
        )
    return Address(
        host=host,
        port=port,
        others=tuple(others),
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        tls=tls,
        trust=trust,
    )
