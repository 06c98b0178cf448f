"""Power that fails."""

from collections.abc import Mapping
from typing import Literal

import msgspec
import numpy as np

from simulators.domains.base import Domain
from simulators.domains.power.domain import Power
from simulators.events.base import HOUR, Effect, Event, Parts, parameters_of
from simulators.events.targets import any_of, sensors_in, sensors_named, stations, unknown
from simulators.world.conditions import Conditions
from zenata.city.model import City
from zenata.city.readings import IntArray

LARGE = 0.1
"""Share of the rating of all stations from which an outage counts as the worst of its like (default)."""


class OutageParameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Transformer stations without power.

    Parameters
    ----------
    target : str or None
        A transformer station, any other sensor for the station that feeds it, or a district for all of its stations; any
        station if none is named.
    what : str
        ``cable``: the cable that feeds each is broken, so that what hangs on it further down is dead too;
        ``transformer``: its own transformer is out of order.
    """

    target: str | None = None
    what: Literal["cable", "transformer"] = "cable"


class PowerOutage(Parts, Effect):
    """See `OutageParameters`. Severity: rating of the stations named over a tenth of that of all."""

    Parameters = OutageParameters
    duration = 2 * HOUR

    def __init__(self, event: Event, city: City, domains: Mapping[str, Domain], seed: int) -> None:
        parameters = parameters_of(event, OutageParameters)
        every = stations(city)
        target = parameters.target
        self._what = parameters.what
        failed = np.array([any_of(event, seed, every)]) if target is None else _stations_at(city, target, domains)
        super().__init__(failed, tuple(city.sensors[position].id for position in failed.tolist()))
        lost, whole = (
            sum(float(city.sensors[position].attributes["kva"]) for position in some.tolist())
            for some in (failed, every)
        )
        self.severity = min(lost / whole / LARGE, 1.0)

    def disturb(self, now: Conditions) -> None:
        """Break cables, or take out transformers."""
        (now.disturbance.cut if self._what == "cable" else now.disturbance.out)[self.failing(now.time)] = True


def _stations_at(city: City, target: str, domains: Mapping[str, Domain]) -> IntArray:
    """Return the positions in ``city.sensors`` of the stations that a target means."""
    if target in city.district_by_id:
        return sensors_in(city, target, ("power",))
    if target not in city.sensor_by_id:
        raise unknown("station, sensor or district", target, [*city.district_by_id, *city.sensor_by_id])
    power = domains["power"]
    assert isinstance(power, Power)  # noqa: S101 - it is what the registry has by that name
    return stations(city)[power.source[sensors_named(city, (target,))]]
