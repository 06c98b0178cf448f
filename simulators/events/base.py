"""What every type of event promises."""

import zlib
from collections.abc import Mapping
from copy import copy
from typing import Any, ClassVar, Protocol, Self, TypeVar

import msgspec
import numpy as np
from numpy.random import Generator

from simulators.domains.base import Domain
from simulators.world.conditions import Conditions
from simulators.world.draws import Stream, draws
from zenata.city.clock import SECOND
from zenata.city.model import City
from zenata.city.readings import IntArray
from zenata.contract.decode import BodyError, convert
from zenata.errors import ScenarioError

P = TypeVar("P", bound=msgspec.Struct)


class Event(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that happens in a world.

    Parameters
    ----------
    id : str
        Its name in the world.
    type : str
        Key of `simulators.events.registry.EVENTS`.
    start, end : int
        From when (included) until when (excluded) [us since the Unix epoch].
    parameters : dict
        As the type has them; what is left out has its default.
    """

    id: str
    type: str
    start: int
    end: int
    parameters: dict[str, Any] = {}

    def under_way(self, time: int) -> bool:
        """Return whether it goes on at a time [us since the Unix epoch]."""
        return self.start <= time < self.end


class Effect(Protocol):
    """What an event of one type does to one city; the types inherit from it.

    It follows from the city, the event, the seed and the time alone, so that it needs no state.

    Attributes
    ----------
    Parameters : type
        A struct with the parameters of an event of this type.
    public : bool
        Whether a city would announce it.
    duration : int
        How long one lasts that nobody says the duration of [us].
    targets : tuple of str
        What it acts on: ids of sensors, streets or districts.
    severity : float
        From 0 to 1, how bad it is among its like.

    Raises
    ------
    ScenarioError
        On making it, if the parameters do not fit the type or the city.
    """

    Parameters: ClassVar[type[msgspec.Struct]]
    public: ClassVar[bool] = False
    duration: ClassVar[int]
    targets: tuple[str, ...]
    severity: float

    def __init__(self, event: Event, city: City, domains: Mapping[str, Domain], seed: int) -> None: ...

    def disturb(self, now: Conditions) -> None:
        """Add its part to ``now.disturbance``; called at every tick while the event goes on."""
        ...


NEVER = np.iinfo(np.int64).max


class Parts:
    """What an event acts on, where each part has failed by itself: a crew mends the one it is sent to, and the others go on.

    Parameters
    ----------
    positions : ndarray, shape (n_targets,)
        Positions of the targets in ``city.sensors``.
    targets : tuple of str
        Their ids.

    Attributes
    ----------
    until : ndarray, shape (n_targets,)
        When each is mended [us since the Unix epoch].
    """

    def __init__(self, positions: IntArray, targets: tuple[str, ...]) -> None:
        self._positions, self.targets, self.until = positions, targets, np.full(len(targets), NEVER)

    def mended(self, done: Mapping[str, int]) -> Self:
        """Return the same with some targets mended from a time on [us since the Unix epoch], by their ids."""
        other = copy(self)
        other.until = np.array([done.get(target, NEVER) for target in self.targets])
        return other

    def failing(self, time: int) -> IntArray:
        """Return the positions of the targets that are not mended at a time [us since the Unix epoch]."""
        return self._positions[time < self.until]


HOUR = 3600 * SECOND
"""One hour [us]."""


def swell(event: Event, time: int, rise: float) -> float:
    """Return how far an event has come up at a time [us], from 0 to 1: smoothly up at first, and down again at the end.

    Parameters
    ----------
    event : Event
    time : int
        [us since the Unix epoch]
    rise : float
        Time that each takes [s], half of the event at most.
    """
    rise = min(rise * SECOND, (event.end - event.start) / 2)
    part = min((time - event.start) / rise, (event.end - time) / rise, 1.0)
    return float(0.5 - 0.5 * np.cos(np.pi * part))


def chance(event: Event, seed: int) -> Generator:
    """Return the generator for what an event leaves to chance: it follows from the seed of the world and its id."""
    return draws(seed, Stream.EVENT, zlib.crc32(event.id.encode()))


def parameters_of(event: Event, into: type[P]) -> P:
    """Return the parameters of an event.

    Raises
    ------
    ScenarioError
        If one is unknown, missing or out of range.
    """
    try:
        return convert(event.parameters, into)
    except BodyError as error:
        raise ScenarioError(f"{event.type}: {error}") from error
