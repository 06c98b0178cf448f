"""Messages of a world about itself, as JSON: its clock and its public events.

Times are RFC 3339 in UTC, and of the world. A reader ignores members that it does not know.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """The time of a world.

    Parameters
    ----------
    time : str
        Of the newest tick.
    speed : float or "max"
        World seconds per second of the wall; "max" is as fast as it can.
    state : str
        ``running`` or ``paused``.
    messages : int
        How many messages its sensors have published up to now; 0 where readings are not published.
    step : int, optional
        Of a world of a trial: how many steps are made (docs/trials.md).
    """

    time: str
    speed: float | Literal["max"] = 1.0
    state: str = "running"
    messages: int = 0
    step: int | msgspec.UnsetType = msgspec.UNSET


class Announcement(msgspec.Struct, frozen=True, kw_only=True):
    """A public event, as a city would announce it.

    Parameters
    ----------
    id, type : str
    start, end : str
        From when (included) until when (excluded).
    targets : sequence of str
        Sensors, streets or districts.
    """

    id: str
    type: str
    start: str
    end: str
    targets: Sequence[str]
