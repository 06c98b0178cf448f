r"""Names of properties, made of what a sender wrote so that two names are never one.

A name is Unicode in normal form C, of any script, up to 128 characters. Members of members are joined by ``/``, those
of lists by their index: ``{"gps": {"alt": 31}, "accel": [1, 2]}`` is ``gps/alt``, ``accel/0``, ``accel/1``. A line
``climate,room=north temp=20`` is ``climate/temp;room=north``: measurement and field, then the tags in the order of
their names. What would read as something else stands percent-encoded (RFC 3986 section 2.1): ``/ ; , \``, control
characters, spaces at the ends, ``=`` in the name of a tag, ``= + - @`` at the beginning (a spreadsheet would take it for
a formula), and ``%`` before two hexadecimal digits. So every name is written in one way, and tells what was sent.
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

from zenata.errors import UplinkError

MAX_NAME = 128
"""Characters of a name as it was sent."""

MAX_PROPERTY = 512
"""Characters of a property with all its parts."""

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_JOINERS = "\u200c\u200d"  # they are part of words in Arabic scripts and in Indic ones, though not printable


@lru_cache(maxsize=20_000)
def encode(name: str, special: str = "/;,\\") -> str:
    """Return one name as it stands in a property.

    Parameters
    ----------
    name : str
    special : str
        Characters that mean something between names.

    Raises
    ------
    UplinkError
        If it is empty, too long, or no text that can be written.
    """
    if _PLAIN.fullmatch(name) and len(name) <= MAX_NAME:
        return name
    name = unicodedata.normalize("NFC", name)
    if not name:
        raise UplinkError("a member has an empty name")
    if len(name) > MAX_NAME:
        raise UplinkError(f"the name {name[:40]!r}... has {len(name)} characters; use up to {MAX_NAME}")
    try:
        return "".join(_escaped(sign) if _is_special(name, at, special) else sign for at, sign in enumerate(name))
    except UnicodeEncodeError:
        raise UplinkError(f"the name {name[:40]!r} holds half a character (a lone surrogate)") from None


def _escaped(sign: str) -> str:
    # RFC 3986, section 2.1, also of what needs no escape elsewhere, such as a dash that begins a formula.
    return "".join(f"%{byte:02X}" for byte in sign.encode())


def join(path: str, name: str) -> str:
    """Return the property of a member of what `path` names; both are encoded."""
    return f"{path}/{name}" if path else name


def tagged(measurement: str, tags: Mapping[str, str], field: str) -> str:
    """Return the property of a field of a line. The measurement ``device`` stands for the device itself."""
    name = encode(field)
    if measurement != "device" or tags:
        name = join(encode(measurement), name)
    return "".join([name, *(f";{encode(tag, '/;,=' + chr(92))}={encode(tags[tag])}" for tag in sorted(tags))])


def _is_special(name: str, at: int, special: str) -> bool:
    """Return whether a character of a name is to be percent-encoded."""
    sign = name[at]
    if sign == " ":
        return at in {0, len(name) - 1}
    if sign == "%":
        return _PERCENT.match(name, at) is not None
    if at == 0 and sign in "=+-@":
        return True
    return sign in special or not (sign.isprintable() or sign in _JOINERS)
