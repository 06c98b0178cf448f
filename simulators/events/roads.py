"""What stops traffic."""

from collections.abc import Mapping
from typing import Annotated

import msgspec
import numpy as np

from simulators.domains.base import Domain
from simulators.events.base import HOUR, Effect, Event, parameters_of
from simulators.events.targets import any_of, opposite, street_of, way_between
from simulators.world.conditions import Conditions
from zenata.city.model import City
from zenata.errors import ScenarioError

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]

LONG = 2000.0
"""Length of closed streets, both directions, from which a closure counts as the worst of its like [m] (default)."""


class AccidentParameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Vehicles that block lanes.

    Parameters
    ----------
    target : str or None
        The street, or a sensor in it; any street if none is named.
    capacity : float
        Share of the flow that still gets through: 0.35 with one lane of two blocked (Highway Capacity Manual 2000,
        exhibit 22-6).
    opposite : float
        The same in the other direction, where drivers slow down to look (default).
    """

    target: str | None = None
    capacity: Share = 0.35
    opposite: Share = 0.9


class ClosureParameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Streets that nobody may enter.

    Parameters
    ----------
    streets : tuple of str
        Streets, or sensors in them.
    between : tuple of (str, str) or None
        Two junctions: the shortest way from one to the other, off the motorway; any street if neither is named.
    both : bool
        Whether the other direction is closed too.
    """

    streets: tuple[str, ...] = ()
    between: tuple[str, str] | None = None
    both: bool = True


class Accident(Effect):
    """See `AccidentParameters`. Severity: the share of the flow that is lost."""

    Parameters = AccidentParameters
    duration = HOUR

    def __init__(self, event: Event, city: City, domains: Mapping[str, Domain], seed: int) -> None:
        self._parameters = parameters_of(event, AccidentParameters)
        target = self._parameters.target
        self._street = any_of(event, seed, range(len(city.streets))) if target is None else street_of(city, target)
        self._opposite = opposite(city, self._street)
        self.targets = (city.streets[self._street].id,)
        self.severity = 1 - self._parameters.capacity

    def disturb(self, now: Conditions) -> None:
        """Narrow the street."""
        now.disturbance.capacity[self._street] *= self._parameters.capacity
        now.disturbance.capacity[self._opposite] *= self._parameters.opposite


class RoadClosure(Effect):
    """See `ClosureParameters`. Severity: the closed length, both directions, over 2 km."""

    Parameters = ClosureParameters
    public = True
    duration = 8 * HOUR

    def __init__(self, event: Event, city: City, domains: Mapping[str, Domain], seed: int) -> None:
        parameters = parameters_of(event, ClosureParameters)
        indices = [street_of(city, name) for name in parameters.streets]
        if parameters.between:
            indices += way_between(city, *parameters.between)
            if not indices:
                raise ScenarioError(f"no street lies between {parameters.between[0]} and itself")
        indices = indices or [any_of(event, seed, range(len(city.streets)))]
        if parameters.both:
            indices += [other for index in indices for other in opposite(city, index)]
        self._streets = np.unique(indices)
        closed = [city.streets[index] for index in self._streets.tolist()]
        self.targets = tuple(street.id for street in closed)
        self.severity = min(sum(street.length for street in closed) / LONG, 1.0)

    def disturb(self, now: Conditions) -> None:
        """Close the streets."""
        now.disturbance.closed[self._streets] = True
