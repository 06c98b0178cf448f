"""Messages of a world about itself, as JSON: its clock, its public events, and the truth about them.

Times are RFC 3339 in UTC, and of the world. A reader ignores members that it does not know.
"""

from collections.abc import Sequence
from typing import Any, Literal

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
        How many messages its sensors have published up to now.
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


class Affected(msgspec.Struct, frozen=True, kw_only=True):
    """One property of a sensor that an event made another than it would have been.

    Parameters
    ----------
    sensor, property : str
    start, end : str
        From when (included) until when (excluded) it differed.
    largest : float or None
        The largest mean difference of a window, with its sign [unit of the property]; None where there is none to tell.
    """

    sensor: str
    property: str
    start: str
    end: str
    largest: float | None


class Truth(msgspec.Struct, frozen=True, kw_only=True):
    """The truth about an event.

    Parameters
    ----------
    event, type : str
        Its id, and its type.
    cause : dict
        Its parameters.
    targets : sequence of str
        Sensors, streets or districts.
    start, end : str
        From when (included) until when (excluded).
    severity : float
        From 0 to 1, as the type has it.
    public : bool
        Whether it was announced.
    affected : sequence of Affected or None
        Sensors that it affected; None where nobody knows, or where they are too many for a message.
    """

    event: str
    type: str
    cause: dict[str, Any]
    targets: Sequence[str]
    start: str
    end: str
    severity: float
    public: bool
    affected: Sequence[Affected] | None
