"""Repairs: crews that end an event before its time, for a price.

A crew drives from the depot to what it is sent to, works there as long as the type of event takes, and then the event is
over, if there is one: who finds a fault early is spared what it does. A crew that finds nothing is paid for its way.
One repair ends the whole event, also where it acts on several targets. All figures are defaults.
"""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec
import numpy as np

from simulators.domains.base import centre
from simulators.events.base import Event
from simulators.events.places import away, street_middles, unknown, where
from zenata.city.clock import SECOND
from zenata.city.model import City
from zenata.city.readings import FloatArray


class Work(NamedTuple):
    """What mending takes: time [s] and price [DH]."""

    seconds: float
    price: float


CALL_OUT = 400.0
"""Price of a crew's way there and back, found or not [DH] (default)."""

SPEED = 25.0 / 3.6
"""Mean speed of a crew on its way [m/s] (default)."""

DETOUR = 1.3
"""Way along streets over the straight distance (default)."""

READY = 900.0
"""Time until a crew leaves the depot, which stands in the middle of the city [s] (default)."""

WORKS: dict[str, Work] = {
    "leak": Work(2 * 3600, 6_000.0),
    "pipe_burst": Work(4 * 3600, 18_000.0),
    "power_outage": Work(3600, 9_000.0),
    "sensor_stuck": Work(1200, 600.0),
    "sensor_drift": Work(1200, 600.0),
    "sensor_fault": Work(1200, 600.0),
    "gateway_down": Work(1800, 1_500.0),
}
"""By type of event (defaults); what is not named here no crew can end."""


class Repair(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A crew that is sent out.

    Parameters
    ----------
    id : str
    target : str
        A street (its pipe), a transformer station (its line), or any other sensor.
    sent, there : int
        When it was sent, and when it comes there [us since the Unix epoch].
    by : str
        Who sent it.
    """

    id: str
    target: str
    sent: int
    there: int
    by: str = ""

    def done(self, event: Event) -> int:
        """Return when an event is over by it, if it finds that going on [us since the Unix epoch]."""
        return self.there + round(WORKS[event.type].seconds * SECOND)

    def mends(self, event: Event, targets: Iterable[str]) -> bool:
        """Return whether it ends an event before its time: one that goes on when the crew comes there."""
        return event.type in WORKS and self.target in targets and event.under_way(self.there)


def send(city: City, target: str, number: int, time: int, by: str) -> Repair:
    """Return a crew that is sent out at a time [us since the Unix epoch].

    Raises
    ------
    ScenarioError
        If there is no such street or sensor.
    """
    distance = float(away(_point(city, target), np.array([centre(city)]))[0])
    return Repair(
        id=f"repair-{number}",
        target=target,
        sent=time,
        there=time + round((READY + DETOUR * distance / SPEED) * SECOND),
        by=by,
    )


def price(repair: Repair, mended: Iterable[Event]) -> float:
    """Return what a repair costs with what it has mended [DH]."""
    return CALL_OUT + sum(WORKS[event.type].price for event in mended)


def _point(city: City, target: str) -> FloatArray:
    if sensor := city.sensor_by_id.get(target):
        return np.asarray(where([sensor])[0])
    ids = [street.id for street in city.streets]
    if target not in ids:
        raise unknown("street or sensor", target, [*ids, *city.sensor_by_id])
    return np.asarray(street_middles(city)[ids.index(target)])
