"""People who come together."""

from collections.abc import Mapping
from typing import Annotated

import msgspec
import numpy as np

from simulators.domains.base import Domain, sensors_of
from simulators.domains.noise import AIR, BUILDINGS, IN_SIGHT
from simulators.events.base import HOUR, Effect, Event, parameters_of, swell
from simulators.events.targets import any_of, away, point_of, street_middles, where
from simulators.world.conditions import Conditions
from zenata.city.model import City
from zenata.city.readings import FloatArray, IntArray
from zenata.errors import ScenarioError

RISE = 1800.0
"""Time in which it fills, and empties [s] (default)."""

NEAREST = 30.0
"""Distance from the middle at which it has its stated level [m]; nearer, it is no louder (default)."""

LARGE = 10_000.0
"""Visitors an hour from which a festival counts as the largest of its like [1/h] (default)."""


class FestivalParameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A feast in the open.

    Parameters
    ----------
    place : str, tuple of (float, float) or None
        Its middle: a sensor, a district, or longitude and latitude [deg]; any crowd counter if none is named.
    radius : float
        How far it reaches [m].
    visitors : float
        Who come to it, shared evenly among the crowd counters it reaches [1/h].
    sound : float
        Level 30 m from its middle [dB].
    trips : float
        Vehicles that begin a trip in streets it reaches, off the motorway, shared by their length [1/h].
    """

    place: str | tuple[float, float] | None = None
    radius: Annotated[float, msgspec.Meta(ge=10, le=5000)] = 300.0
    visitors: Annotated[float, msgspec.Meta(ge=0, le=1e5)] = 2000.0
    sound: Annotated[float, msgspec.Meta(ge=0, le=120)] = 95.0
    trips: Annotated[float, msgspec.Meta(ge=0, le=1e5)] = 300.0


class Festival(Effect):
    """See `FestivalParameters`. Severity: visitors over 10,000 an hour."""

    Parameters = FestivalParameters
    public = True
    duration = 8 * HOUR

    def __init__(self, event: Event, city: City, domains: Mapping[str, Domain], seed: int) -> None:
        self._event = event
        parameters = parameters_of(event, FestivalParameters)
        counters = sensors_of(city, "crowd").astype(np.int64)
        place = parameters.place
        if place is None:
            if not len(counters):
                raise ScenarioError(f"city {city.id} has no crowd counters: name the place of the {event.type}")
            place = city.sensors[any_of(event, seed, counters)].id
        middle = point_of(city, place)
        self._counters = counters[away(middle, _at(city, counters)) <= parameters.radius]
        self._visitors = parameters.visitors / max(len(self._counters), 1)
        self._meters = sensors_of(city, "noise").astype(np.int64)
        self._sound = loudness(parameters.sound, away(middle, _at(city, self._meters)))
        length = np.array([street.length * (street.road != "motorway") for street in city.streets])
        length *= away(middle, street_middles(city)) <= parameters.radius
        self._trips = parameters.trips * length / max(float(length.sum()), 1.0)
        self.targets = _targets(city, self._counters, length)
        if not self.targets:
            raise ScenarioError(f"no crowd counter and no street lies within {parameters.radius:g} m of {place}")
        self.severity = min(parameters.visitors / LARGE, 1.0)

    def disturb(self, now: Conditions) -> None:
        """Let people come, and be loud."""
        part = swell(self._event, now.time, RISE)
        now.disturbance.visitors[self._counters] += part * self._visitors
        now.disturbance.sound[self._meters] += part * self._sound
        now.disturbance.trips += part * self._trips


def loudness(level: float, distance: FloatArray) -> FloatArray:
    """Return the sound energy that arrives from a point source, as 10**(level / 10), shape (n,).

    6 dB less with each doubling of the distance, and what air and buildings take (`simulators.domains.noise`).

    Parameters
    ----------
    level : float
        At `NEAREST` [dB].
    distance : ndarray, shape (n,)
        [m]
    """
    beyond = np.maximum(distance, NEAREST)
    received = level - 20 * np.log10(beyond / NEAREST) - AIR * (beyond - NEAREST) - BUILDINGS * (distance > IN_SIGHT)
    return np.asarray(10 ** (received / 10))


def _at(city: City, sensors: IntArray) -> FloatArray:
    return where(city.sensors[index] for index in sensors.tolist())


def _targets(city: City, counters: IntArray, length: FloatArray) -> tuple[str, ...]:
    """Return the ids of the counters and streets that a festival reaches."""
    streets = (city.streets[index].id for index in np.flatnonzero(length).tolist())
    return (*(city.sensors[index].id for index in counters.tolist()), *streets)
