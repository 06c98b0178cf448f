"""Repairs: crews that mend what they are sent to before its time, for a price.

A crew drives from the depot to what it is sent to, works there as long as the type of fault takes, and then the fault is
mended, if there is one: who finds it early is spared what it does. A crew that finds nothing is paid for its way. Where an
event acts on several things, the others go on; only a gateway is one thing, behind whichever of its sensors a crew looks for
it. All figures are defaults.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from msgspec.structs import replace

from simulators.domains.base import Domain, centre
from simulators.domains.streetlight import MENDING, Streetlight
from simulators.events.base import Effect, Event, Parts
from simulators.events.targets import away, street_middles, unknown, where
from simulators.world.conditions import Conditions
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
    "lamp_failure": Work(MENDING, 800.0),
}
"""By type of event, and of lamps that fail by themselves (defaults); what is not named here no crew can mend."""


class Repair(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A crew that is sent out.

    Parameters
    ----------
    id : str
    target : str
        A street (its pipe), a transformer station (its line), a lamp, or any other sensor.
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

    def done(self, *types: str) -> int:
        """Return when it is done, if it finds faults of these types [us since the Unix epoch]."""
        return self.there + round(max((WORKS[type_].seconds for type_ in types), default=0.0) * SECOND)


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


def comings(repairs: Iterable[Repair]) -> dict[str, list[int]]:
    """Return when crews come to each target [us since the Unix epoch]."""
    times: dict[str, list[int]] = {}
    for repair in repairs:
        times.setdefault(repair.target, []).append(repair.there)
    return times


def price(found: Iterable[str]) -> float:
    """Return what a repair costs that finds faults of these types [DH]."""
    return CALL_OUT + sum(WORKS[type_].price for type_ in found)


def mended(event: Event, effect: Effect, repairs: Sequence[Repair]) -> tuple[Event, Effect]:
    """Return an event as crews leave it: over when all that it acts on is mended, which of a gateway means any of it."""
    done = _done(event, effect, repairs)
    if not done:
        return event, effect
    if not isinstance(effect, Parts):
        return replace(event, end=min(event.end, *done.values())), effect
    end = max(done.values()) if len(done) == len(effect.targets) else event.end
    return replace(event, end=min(event.end, end)), effect.mended(done)


def found(
    repair: Repair,
    repairs: Sequence[Repair],
    effects: Iterable[tuple[Event, Effect]],
    domains: Mapping[str, Domain],
    now: Conditions,
) -> list[str]:
    """Return what a crew finds at its target, by type: what goes on when it comes and no other has mended before."""
    types = [
        event.type
        for event, effect in effects
        if _done(event, effect, [repair]) and repair.there < _done(event, effect, repairs)[repair.target]
    ]
    lamps = domains.get("streetlight")
    if isinstance(lamps, Streetlight) and lamps.is_found(
        repair.target, repair.there, comings(repairs)[repair.target], now
    ):
        types.append("lamp_failure")
    return types


def _done(event: Event, effect: Effect, repairs: Iterable[Repair]) -> dict[str, int]:
    """Return when what an event acts on is mended [us since the Unix epoch], by target, of which crews come while it goes on."""
    done: dict[str, int] = {}
    for repair in repairs:
        if event.type in WORKS and repair.target in effect.targets and event.under_way(repair.there):
            done[repair.target] = min(repair.done(event.type), done.get(repair.target, repair.done(event.type)))
    return done


def _point(city: City, target: str) -> FloatArray:
    if sensor := city.sensor_by_id.get(target):
        return np.asarray(where([sensor])[0])
    ids = [street.id for street in city.streets]
    if target not in ids:
        raise unknown("street or sensor", target, [*ids, *city.sensor_by_id])
    return np.asarray(street_middles(city)[ids.index(target)])
