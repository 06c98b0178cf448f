"""Local endpoints: a port on loopback, and a file with that port and a token, for other processes of the same user.

Only its owner may read the file. So whoever may read the data directory may connect, and nobody else.
"""

import hmac
import secrets
from pathlib import Path

import msgspec

from zenata.process.files import write_private

HOST = "127.0.0.1"


class Endpoint(msgspec.Struct, frozen=True):
    """Where to connect, and the token to show."""

    port: int
    token: str

    def accepts(self, token: str) -> bool:
        """Return whether a token is that of this endpoint; compared in constant time."""
        return hmac.compare_digest(token.encode(), self.token.encode())


def write(file: Path, port: int) -> Endpoint:
    """Write the file of a new endpoint at a port, and return the endpoint.

    Raises
    ------
    SetupError
        If the file cannot be written.
    """
    endpoint = Endpoint(port=port, token=secrets.token_urlsafe(32))
    write_private(file, msgspec.json.encode(endpoint))
    return endpoint


def read(file: Path) -> Endpoint:
    """Read the file of an endpoint.

    Raises
    ------
    OSError
        If there is none.
    msgspec.DecodeError
        If it is not one.
    """
    return msgspec.json.decode(file.read_bytes(), type=Endpoint)
