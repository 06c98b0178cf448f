"""Runs of the city's physics without instruments, for the plots and the yearly figures."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from simulators.domains.base import Domain, sensors_of
from simulators.domains.registry import DOMAINS
from simulators.world.conditions import Conditions
from zenata.city.clock import SECOND, format_time, parse_time
from zenata.city.model import City
from zenata.city.readings import FloatArray

SEED = 1
MINUTE, QUARTER, HOUR = 60 * SECOND, 900 * SECOND, 3600 * SECOND
SKY = ("weather", "solar")
"""What all other domains need."""

WARM_UP = 2 * HOUR
"""Time run unseen, in which streets and air fill [us]."""


def run(
    city: City, names: Collection[str], start: str, end: str, *, every: int
) -> Iterator[tuple[Conditions, dict[str, Domain]]]:
    """Yield the conditions and the domains after each tick.

    Parameters
    ----------
    city : City
    names : collection of str
        Of the domains that are needed; the others stay as they are at first.
    start, end : str
        As RFC 3339: the first tick ends one tick after `start`, the last at `end`.
    every : int
        Length of a tick [us].
    """
    first, last = parse_time(start), parse_time(end)
    now = Conditions.of(city, seed=SEED, time=first - WARM_UP)
    domains: dict[str, Domain] = {}
    for name, make in DOMAINS.items():
        if name in names:
            domains[name] = make(city, now)
            domains[name].step(now)
    while now.time < last:
        now.move_to(now.time + every)
        for domain in domains.values():
            domain.step(now)
        if now.time > first:
            yield now, domains


def people(city: City) -> int:
    """Return how many live in a city."""
    return sum(district.population for district in city.districts)


def attribute(city: City, kind: str, name: str) -> FloatArray:
    """Return an attribute of all sensors of a kind, in city order."""
    return np.array([float(city.sensors[number].attributes[name]) for number in sensors_of(city, kind)])


@dataclass(frozen=True, slots=True)
class Week:
    """What happened in a week from Monday to Sunday, as means of quarters of an hour.

    Parameters
    ----------
    start : datetime
        Local midnight at which it begins.
    kinds : dict of str to ndarray, shape (672, n_sensors, n_properties)
        True values at the sensors of each kind; sound levels are means of energy.
    city : dict of str to ndarray, shape (672, ...)
        What no sensor sees, by the names in `_seen`.
    """

    start: datetime
    kinds: dict[str, FloatArray]
    city: dict[str, FloatArray]


def record(city: City, monday: str, names: Collection[str], *, every: int) -> Week:
    """Simulate a week, `monday` as YYYY-MM-DD."""
    start = datetime.fromisoformat(monday).replace(tzinfo=city.zone)
    begin, end = (format_time(round(day.timestamp()) * SECOND) for day in (start, start + timedelta(days=7)))
    sums: dict[str, FloatArray] = {}
    rows: dict[str, list[FloatArray]] = {}
    for now, domains in run(city, (*SKY, *names), begin, end, every=every):
        for name, value in _seen(now, domains).items():
            sums[name] = sums.get(name, 0.0) + np.asarray(value, dtype=np.float64)
        if now.time % QUARTER == 0:
            for name, total in sums.items():
                rows.setdefault(name, []).append(total * every / QUARTER)
            sums.clear()
    means = {name: np.array(values) for name, values in rows.items()}
    kinds = {name.removeprefix("kind."): mean for name, mean in means.items() if name.startswith("kind.")}
    if "noise" in kinds:
        kinds["noise"] = 10 * np.log10(kinds["noise"])
    return Week(start, kinds, {name: mean for name, mean in means.items() if not name.startswith("kind.")})


def _seen(now: Conditions, domains: Mapping[str, Domain]) -> dict[str, float | FloatArray]:
    """Return what is recorded of a tick."""
    seen: dict[str, float | FloatArray] = {
        f"kind.{domain.kind}": domain.observe(now) for domain in domains.values() if domain.kind is not None
    }
    if "noise" in domains:
        seen["kind.noise"] = 10 ** (seen["kind.noise"] / 10)
    for name in ("ghi", "dni", "dhi", "temperature", "wind_speed"):
        seen[name] = float(getattr(now, name))
    for name in ("customer_load", "charger_power", "lamp_power", "pv_power"):
        seen[name] = float(getattr(now, name).sum())
    if "traffic" in domains:
        state = domains["traffic"].arrays
        seen |= {"link_flow": now.link_flow, "link_stored": state["moving"] + state["queue"]}
    if "water" in domains:
        state = domains["water"].arrays
        seen |= {"rates": state["rates"], "level": state["level"]}
    if "bus" in domains:
        seen |= {"running": domains["bus"].arrays["running"], "aboard": domains["bus"].arrays["aboard"]}
    return seen
