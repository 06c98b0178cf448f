"""Water that gets out of a pipe."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

import msgspec

from simulators.conditions import Conditions
from simulators.domains.base import Domain
from simulators.events.base import Event, parameters_of
from simulators.events.places import street_of
from zenata.city.model import City

LARGE = 0.005
"""Area at which a leak counts as the worst of its like [m2] (default)."""


class LeakParameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A hole in the pipe under a street.

    Parameters
    ----------
    target : str
        The street, or a water logger in it.
    area : float
        Of the hole [m2]: 0.0005 loses about 8 l/s at 40 m of pressure.
    growth : float
        Time in which it opens [s].
    """

    target: str
    area: Annotated[float, msgspec.Meta(ge=1e-7, le=0.1)] = 0.0005
    growth: Annotated[float, msgspec.Meta(ge=0)] = 0.0


class Leak:
    """See `LeakParameters`."""

    Parameters: ClassVar[type[msgspec.Struct]] = LeakParameters
    public: ClassVar[bool] = False

    def __init__(self, event: Event, city: City, domains: Mapping[str, Domain], seed: int) -> None:
        self._start = event.start
        self._parameters = parameters_of(event, LeakParameters)
        self._street = street_of(city, self._parameters.target)
        self.targets: tuple[str, ...] = (city.streets[self._street].id,)
        self.severity = min(self._parameters.area / LARGE, 1.0)

    def disturb(self, now: Conditions) -> None:
        """Open the hole."""
        growth = self._parameters.growth * 1e6
        part = min((now.time - self._start) / growth, 1.0) if growth else 1.0
        if (area := part * self._parameters.area) >= 1e-8:  # EPANET takes what is smaller for an error
            now.disturbance.leak[self._street] += area
