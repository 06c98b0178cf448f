"""Truth labels: what happened, and which sensors it really affected. Never shown to those who are to find it out."""

from collections.abc import Iterable
from typing import Any

import msgspec

from simulators.events.base import Effect, Event, parameters_of


class Affected(msgspec.Struct, frozen=True, kw_only=True):
    """One property of a sensor that an event made another than it would have been.

    Parameters
    ----------
    sensor, property : str
    start, end : int
        From when (included) until when (excluded) it differed, to a window (`simulators.labels.difference.WINDOW`) [us since the
        Unix epoch].
    largest : float or None
        Mean difference of the window in which it was largest, with its sign [unit of the quantity]; None where the sensor
        could not be received, or only because of the event, and did not differ otherwise.
    """

    sensor: str
    property: str
    start: int
    end: int
    largest: float | None


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """The truth about an event.

    Parameters
    ----------
    event, type : str
        Its id, and its type.
    cause : dict
        Its parameters, those that were left out too.
    targets : tuple of str
        What it acts on: ids of sensors, streets or districts.
    start, end : int
        From when (included) until when (excluded) [us since the Unix epoch].
    severity : float
        From 0 to 1, as the type has it.
    public : bool
        Whether it was announced.
    affected : tuple of Affected or None
        Sensors that it affected up to now, in city order; None where nobody knows, since too much happened at once.
    """

    event: str
    type: str
    cause: dict[str, Any]
    targets: tuple[str, ...]
    start: int
    end: int
    severity: float
    public: bool
    affected: tuple[Affected, ...] | None


def label_of(event: Event, effect: Effect, affected: Iterable[Affected] | None) -> Label:
    """Return the label of an event."""
    return Label(
        event=event.id,
        type=event.type,
        cause=msgspec.to_builtins(parameters_of(event, effect.Parameters)),
        targets=effect.targets,
        start=event.start,
        end=event.end,
        severity=effect.severity,
        public=effect.public,
        affected=None if affected is None else tuple(affected),
    )
