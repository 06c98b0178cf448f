"""Cursors of pages: encrypted positions, each bound to its query.

A position may hold what only we should know, such as how many series or audit entries all pilots have together. So a
cursor is base64url (RFC 4648 section 5) of a position that whoever has no secret of ours can neither read nor make: the digest of
query and position, and the position under a pad that follows from that digest (a synthetic initialization vector, as
RFC 5297 has it, with keyed BLAKE2b, RFC 7693, in both places). Cursors that were cut, edited or sent with other
parameters, which would skip rows in silence, are refused.
"""

import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from hashlib import blake2b

from api.http.problems import invalid

_DIGEST = 16
_MAX_NUMBERS = 8  # numbers, as many as one pad covers
_WORD = 8  # bytes of a number


class Cursors:
    """Makes cursors, and reads them.

    Parameters
    ----------
    secret : bytes
        Up to 64 bytes; cursors made with another are none.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def encode(self, position: tuple[int, ...], query: str) -> str:
        """Return the cursor for a position in the result of a query.

        Parameters
        ----------
        position : tuple of int
            Whatever the route needs to continue, up to 8 numbers of 64 bits.
        query : str
            The parameters of the query, in any form that is the same for the same query.
        """
        assert len(position) <= _MAX_NUMBERS  # noqa: S101 - the pad is no longer
        body = struct.pack(f">{len(position)}q", *position)
        digest = self._keyed(b"digest", query.encode() + b"\0" + body, _DIGEST)
        return urlsafe_b64encode(digest + self._padded(body, digest)).rstrip(b"=").decode()

    def decode(self, cursor: str, query: str, length: int) -> tuple[int, ...]:
        """Return the position, of `length` numbers, that a cursor of this query stands for.

        Raises
        ------
        Problem
            422 if it is not a cursor, or one of another query.
        """
        try:
            data = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        except (UnicodeError, Base64Error):
            data = b""
        if len(data) == _DIGEST + _WORD * length:
            position: tuple[int, ...] = struct.unpack(f">{length}q", self._padded(data[_DIGEST:], data[:_DIGEST]))
            if self.encode(position, query) == cursor:
                return position
        detail = "is no cursor of this query: repeat the query as it was, with the cursor of its last page"
        raise invalid("cursor", detail)

    def _padded(self, body: bytes, digest: bytes) -> bytes:
        """Put the pad of a digest on a text, or take it off."""
        pad = self._keyed(b"pad", digest, _MAX_NUMBERS * _WORD)
        return bytes(one ^ other for one, other in zip(body, pad, strict=False))

    def _keyed(self, use: bytes, text: bytes, size: int) -> bytes:
        return blake2b(text, digest_size=size, key=self._secret, person=use).digest()
