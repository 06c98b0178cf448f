"""Commands to devices and their answers, as JSON.

::

    {world}/commands/{kind}/{sensor}      {"id": "...", "set": {"dim": 0.4}}
    {world}/responses/{kind}/{sensor}     {"id": "...", "status": "applied", "at": "...", "reason": null}

``null`` in place of a number gives a setting back to the device's own control.
"""

from typing import Annotated, Literal

import msgspec

from zenata.errors import CommandError


class Command(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A command to a device.

    Parameters
    ----------
    set : dict of str to float or None
        Value by setting.
    id : str or None
        Whoever sends it finds the answer by it.
    """

    set: Annotated[dict[str, float | None], msgspec.Meta(max_length=16)]
    id: Annotated[str, msgspec.Meta(max_length=128)] | None = None


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a command.

    Parameters
    ----------
    id : str or None
        That of the command.
    status : str
    at : str
        Time of the tick from which it holds, RFC 3339.
    reason : str or None
        Why it was rejected.
    """

    id: str | None
    status: Literal["applied", "rejected"]
    at: str
    reason: str | None


def decode(payload: bytes) -> Command:
    """Read a command.

    Raises
    ------
    CommandError
        If it is none.
    """
    try:
        return msgspec.json.decode(payload, type=Command)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CommandError(f'not a command such as {{"id": "a1", "set": {{"dim": 0.4}}}}: {error}') from error


def encode(response: Response) -> bytes:
    """Write an answer."""
    return msgspec.json.encode(response)
