"""Where a broker listens, read from a URL."""

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from zenata.errors import SetupError


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """Where a broker listens and who we are to it."""

    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False

    def __str__(self) -> str:
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.host}:{self.port}"


def parse_url(url: str) -> Address:
    """Read ``mqtt://user:password@host:port``; ``mqtts`` means TLS.

    Raises
    ------
    SetupError
        If it is no such URL. The message never repeats a password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise SetupError(f"the broker URL is not one: {error}") from None
    if parts.scheme not in {"mqtt", "mqtts"} or not parts.hostname:
        raise SetupError("the broker URL must look like mqtt://user:password@host:1883 (or mqtts:// for TLS)")
    tls = parts.scheme == "mqtts"
    return Address(
        host=parts.hostname,
        port=port or (8883 if tls else 1883),
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        tls=tls,
    )
