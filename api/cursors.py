"""Opaque cursors: where the next page begins, bound to the query they were handed out for.

A cursor is base64url (RFC 4648 section 5) of a small JSON array behind a short digest of that array and of the query's
parameters. The digest is no secret: a cursor opens nothing that the query would not. It catches cursors that were cut,
edited, or sent with other parameters, which would otherwise skip rows in silence.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from hashlib import blake2b
from typing import Annotated

import msgspec

_DIGEST = 8
_Integer = Annotated[int, msgspec.Meta(ge=-(2**62), le=2**62)]


def encode_cursor(position: tuple[int, ...], query: str) -> str:
    """Return the cursor for a position in the result of a query.

    Parameters
    ----------
    position : tuple of int
        Whatever the route needs to continue.
    query : str
        The parameters of the query, in any form that is the same for the same query.
    """
    body = msgspec.json.encode(position)
    return urlsafe_b64encode(_digest(body, query) + body).rstrip(b"=").decode()


def decode_cursor(cursor: str, query: str, length: int) -> tuple[int, ...]:
    """Return the position, of `length` integers, that a cursor of this query stands for.

    Raises
    ------
    ValueError
        If it is not a cursor, or one of another query.
    """
    try:
        data = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        position = msgspec.json.decode(data[_DIGEST:], type=tuple[_Integer, ...])
    except (UnicodeError, Base64Error, msgspec.DecodeError):
        position = ()
    if len(position) != length or encode_cursor(position, query) != cursor:
        raise ValueError("is no cursor of this query: repeat the query as it was, with the cursor of its last page")
    return position


def _digest(body: bytes, query: str) -> bytes:
    return blake2b(query.encode() + b"\0" + body, digest_size=_DIGEST).digest()
