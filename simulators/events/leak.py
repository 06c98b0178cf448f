"""Water that gets out of a pipe."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

import msgspec
import numpy as np

from simulators.domains.base import Domain
from simulators.events.base import HOUR, Effect, Event, parameters_of
from simulators.events.targets import any_of, street_of
from simulators.world.conditions import Conditions
from zenata.city.model import City
from zenata.errors import ScenarioError

LARGE = 0.005
"""Area at which a leak counts as the worst of its like [m2] (default)."""

SMALLEST = 1e-8
"""Area below which a hole is none [m2]: EPANET takes it for an error."""


class LeakParameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A hole in the pipe under a street.

    Parameters
    ----------
    target : str or None
        The street, or a sensor in it; any street with a pipe if none is named.
    area : float
        Of the hole [m2]: 0.0005 loses about 8 l/s at 40 m of pressure.
    growth : float
        Time in which it opens [s].
    """

    target: str | None = None
    area: Annotated[float, msgspec.Meta(ge=1e-7, le=0.1)] = 0.0005
    growth: Annotated[float, msgspec.Meta(ge=0, le=1e8)] = 0.0


class BurstParameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A pipe that breaks at once.

    Parameters
    ----------
    target : str or None
        The street, or a sensor in it; any street with a pipe if none is named.
    area : float
        Of the hole [m2]: 0.003 loses about 50 l/s at 40 m of pressure.
    """

    target: str | None = None
    area: Annotated[float, msgspec.Meta(ge=1e-4, le=0.1)] = 0.003


class Leak(Effect):
    """See `LeakParameters`. Severity: the area over 0.005 m2."""

    Parameters: ClassVar[type[msgspec.Struct]] = LeakParameters
    duration = 24 * HOUR

    def __init__(self, event: Event, city: City, domains: Mapping[str, Domain], seed: int) -> None:
        self._dig(event, city, seed, parameters_of(event, LeakParameters))

    def _dig(self, event: Event, city: City, seed: int, parameters: LeakParameters) -> None:
        piped = np.flatnonzero([street.road != "motorway" for street in city.streets])
        target = parameters.target
        self._street = any_of(event, seed, piped) if target is None else street_of(city, target)
        street = city.streets[self._street]
        if self._street not in piped:
            raise ScenarioError(f"{target}: no pipe runs under {street.id}, which is a motorway")
        self._start, self._parameters = event.start, parameters
        self.targets = (street.id,)
        self.severity = min(parameters.area / LARGE, 1.0)

    def disturb(self, now: Conditions) -> None:
        """Open the hole."""
        growth = self._parameters.growth * 1e6
        part = min((now.time - self._start) / growth, 1.0) if growth else 1.0
        if (area := part * self._parameters.area) >= SMALLEST:
            now.disturbance.leak[self._street] += area


class PipeBurst(Leak):
    """See `BurstParameters`. Severity: as that of a leak."""

    Parameters = BurstParameters
    duration = 6 * HOUR

    def __init__(self, event: Event, city: City, domains: Mapping[str, Domain], seed: int) -> None:
        burst = parameters_of(event, BurstParameters)
        self._dig(event, city, seed, LeakParameters(target=burst.target, area=burst.area))
