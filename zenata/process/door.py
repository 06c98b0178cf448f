"""Doors between processes of one user on one machine: a port on loopback, and a file that tells it with a token.

Only its owner may read the file. So whoever may read the data directory may come in, and nobody else.
"""

import hmac
import os
import secrets
from pathlib import Path

import msgspec

HOST = "127.0.0.1"


class Door(msgspec.Struct, frozen=True):
    """Where to knock, and what to say."""

    port: int
    token: str

    def opens_to(self, token: str) -> bool:
        """Return whether a token is that of this door."""
        return hmac.compare_digest(token.encode(), self.token.encode())


def leave(file: Path, port: int) -> Door:
    """Write the file of a new door at a port, and return the door."""
    door = Door(port=port, token=secrets.token_urlsafe(32))
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(msgspec.json.encode(door))
    draft.replace(file)
    return door


def find(file: Path) -> Door:
    """Read the file of a door.

    Raises
    ------
    OSError
        If there is none.
    msgspec.DecodeError
        If it is not one.
    """
    return msgspec.json.decode(file.read_bytes(), type=Door)
