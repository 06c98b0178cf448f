"""Charging sessions of a seed, and the cheapest schedule for them that knows all in advance.

A schedule moves energy from sessions through sites and districts to times: a flow whose last edges alone cost something, so
it is found exactly (`zenata.trials.flows`). What a site or a session draws within a quarter of an hour is not looked at, nor
that batteries charge slower when nearly full: so it costs no more than any schedule that can be driven.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from zenata.city.clock import SECOND
from zenata.city.model import City
from zenata.city.readings import FloatArray, IntArray
from zenata.trials.challenge import Run, Tables
from zenata.trials.flows import FlowNetwork

STEP = 300
"""Time between two commands [s]: as long as a tick, so that vehicles come and leave between steps."""

HOURS = STEP / 3600

BLOCK = 3
"""Steps that the schedule takes together."""

DISTRICTS = (*(f"living-{number:02d}" for number in range(1, 15)), "la-ferme")
"""Where all chargers are for alternating current, at which a vehicle stays as long as it means to (of the city pack)."""

SUBSCRIBED = 0.25
"""Power that a district has subscribed, over the sum of its chargers' ratings (default)."""

MISSED = 5.0
"""Price of a kilowatt-hour that is missing, and of one above the subscribed power [DH/kWh] (default)."""

ONBOARD = (7_400.0, 11_000.0, 22_000.0)
"""What vehicles draw at most from alternating current [W] (defaults of the city)."""

LEAVING = 150 * SECOND
"""A vehicle leaves at the end of the step that is nearest to its time: half a step [us]."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sites:
    """Chargers, their charging sites and their districts.

    Parameters
    ----------
    chargers : tuple of str
    rated : ndarray, shape (n_chargers,) [kW]
    site, district : ndarray, shape (n_chargers,)
        Numbers of the site and of the district of each.
    site_limit : ndarray, shape (n_sites,) [kW]
        Power of the connections, which the sites hold by themselves.
    district_limit : ndarray, shape (n_districts,) [kW]
        Subscribed power.
    """

    chargers: tuple[str, ...]
    rated: FloatArray
    site: IntArray
    district: IntArray
    site_limit: FloatArray
    district_limit: FloatArray

    @classmethod
    def of(cls, run: Run) -> "Sites":
        """Return those of a run."""
        return cls.read(run.city, run.network, run.without["power"].sensors)

    @classmethod
    def read(cls, city: City, network: Mapping[str, Any], chargers: tuple[str, ...]) -> "Sites":
        """Return those of some chargers, by the power network."""
        found = network["power"]["graph"]["charging_sites"]
        at = {charger: number for number, one in enumerate(found) for charger in one["chargers"]}
        rated = np.array([float(city.sensor_by_id[charger].attributes["watts"]) / 1000 for charger in chargers])
        names, district = np.unique([city.sensor_by_id[charger].district for charger in chargers], return_inverse=True)
        return cls(
            chargers=chargers,
            rated=rated,
            site=np.array([at[charger] for charger in chargers]),
            district=district,
            site_limit=np.array([one["limit"] / 1000 for one in found]),
            district_limit=np.asarray(SUBSCRIBED * np.bincount(district, rated, len(names)), dtype=np.float64),
        )

    @property
    def in_district(self) -> FloatArray:
        """Whether each charger is in each district, 0 or 1, shape (n_districts, n_chargers)."""
        return np.asarray(self.district == np.arange(len(self.district_limit))[:, None], dtype=np.float64)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sessions:
    """Sessions that a service can do something about.

    Parameters
    ----------
    charger : ndarray, shape (n,)
    leaves : ndarray, shape (n,)
        When each means to leave, as it says when it comes [us since the Unix epoch].
    begin, end : ndarray, shape (n,)
        First and last step in which it can charge.
    need : ndarray, shape (n,) [kWh]
        What it asks for when it comes, or when commands are first taken.
    power : ndarray, shape (n,) [kW]
        What it draws at most.
    """

    charger: IntArray
    leaves: IntArray
    begin: IntArray
    end: IntArray
    need: FloatArray
    power: FloatArray

    def missing_in(self, tables: Tables, run: Run) -> FloatArray:
        """Return what each leaves without in a world [kWh], shape (n,); all of it where it never came."""
        there = {
            (charger, leaves): end
            for charger, leaves, _, end in zip(*(one.tolist() for one in _stays(tables, run)), strict=True)
        }
        requested = tables["requested"].values
        missing = self.need.copy()
        for number, key in enumerate(zip(self.charger.tolist(), self.leaves.tolist(), strict=True)):
            if key in there:
                missing[number] = requested[there[key], key[0]]
        return missing


def _stays(tables: Tables, run: Run) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Return charger, time of leaving, first and last step of all stays that reach into the scored part, shape (n,) each."""
    occupied = tables["occupied"].values > 0.5
    leaves = run.times[:, None] + np.round(tables["departure"].values * 60 * SECOND).astype(np.int64)
    gone = np.ones_like(occupied)
    gone[1:] = ~occupied[:-1] | (leaves[:-1] <= run.times[:-1, None] + LEAVING)
    charger, begin = np.nonzero((occupied & gone).T)
    last = np.ones_like(occupied)
    last[:-1] = ~occupied[1:] | gone[1:]
    _, end = np.nonzero((occupied & last).T)
    scored = end > run.first
    return charger[scored], leaves[begin, charger][scored], begin[scored], end[scored]


def sessions_of(tables: Tables, run: Run) -> Sessions:
    """Return the sessions of a world in which nobody gave commands."""
    charger, leaves, begin, end = _stays(tables, run)
    requested, energy = tables["requested"].values, np.diff(tables["energy"].values, axis=0, prepend=np.nan)
    waited = begin <= run.first
    at = np.where(waited, run.first, begin)
    need = requested[at, charger] + np.where(waited, 0.0, energy[at, charger])
    rated = np.array([float(run.city.sensor_by_id[one].attributes["watts"]) for one in tables["power"].sensors])
    power = [
        _power(tables["power"].values[first : last + 1, one], rated[one])
        for one, first, last in zip(charger.tolist(), begin.tolist(), end.tolist(), strict=True)
    ]
    return Sessions(
        charger=charger,
        leaves=leaves,
        begin=np.where(waited, run.first + 1, begin),
        end=end,
        need=need,
        power=np.array(power) / 1000,
    )


def _power(shown: FloatArray, rated: float) -> float:
    """Return what a vehicle draws at most at a charger [W]: the level at which it charged for a step, else the rating."""
    levels = np.minimum(ONBOARD, rated)
    seen = levels[np.isclose(shown[:, None], levels, rtol=1e-6).any(axis=0)]
    return float(seen.max()) if len(seen) else rated


def drawn(tables: Tables, run: Run) -> FloatArray:
    """Return what each charger draws in each step in which commands act, shape (n_steps, n_chargers) [kWh]."""
    return np.diff(tables["energy"].values[run.first :], axis=0)


def tariff_of(run: Run) -> FloatArray:
    """Return the price in each step in which commands act, shape (n_steps,) [DH/kWh]."""
    return prices(run.city, run.network, run.times[run.first : -1])


def prices(city: City, network: Mapping[str, Any], times: IntArray) -> FloatArray:
    """Return the price at some times, shape (n,) [DH/kWh]."""
    hours = [datetime.fromtimestamp(time / SECOND, city.zone).hour for time in times.tolist()]
    return np.array(network["power"]["graph"]["tariff"])[hours]


def bound(sites: Sites, sessions: Sessions, price: FloatArray, first: int) -> float:
    """Return what the best schedule pays [DH], or less; the parameters are those of `schedule`."""
    delivered = schedule(sites, sessions, price, first).sum(axis=0)
    _, begin = np.unique(blocks_of(first + np.arange(len(price)), first), return_index=True)
    return float(MISSED * sessions.need.sum() - ((MISSED - price[begin]) * delivered).sum())


def blocks_of(steps: IntArray, first: int) -> IntArray:
    """Return the blocks that steps lie in, counted from that of the first; none reaches over the end of an hour."""
    return steps // BLOCK - first // BLOCK


def schedule(sites: Sites, sessions: Sessions, price: FloatArray, first: int) -> FloatArray:
    """Return what each session draws in each block of steps in the cheapest schedule, shape (n_sessions, n_blocks) [kWh].

    Parameters
    ----------
    sites : Sites
    sessions : Sessions
    price : ndarray, shape (n_steps,) [DH/kWh]
        Below `MISSED`.
    first : int
        The step that the first price is of.
    """
    block = blocks_of(first + np.arange(len(price)), first)
    plan = np.zeros((len(sessions.charger), int(block[-1]) + 1))
    _, begin = np.unique(block, return_index=True)
    for number, limit in enumerate(sites.district_limit.tolist()):
        inside = np.flatnonzero(sites.district[sessions.charger] == number).tolist()
        _District(sites, sessions, inside, first, np.bincount(block)).write(plan, limit, price[begin])
    return plan


class _District:
    """The flow of energy of one district: from the source to sessions, their sites and blocks of time, and the sink."""

    def __init__(self, sites: Sites, sessions: Sessions, inside: list[int], first: int, length: IntArray) -> None:
        self._flows, self._length = FlowNetwork(), length
        self._source, self._sink = self._flows.node(), self._flows.node()
        self._blocks = [self._flows.node() for _ in length]
        self._out = [self._flows.add(block, self._sink) for block in self._blocks]
        self._edges: list[tuple[int, int, int]] = []  # session, block, and the edge between them
        shared = np.bincount(sites.site) > 1
        connections: dict[tuple[int, int], int] = {}
        for one in inside:
            charger = int(sessions.charger[one])
            node, site = self._flows.node(), int(sites.site[charger])
            self._flows.add(self._source, node, _wh(sessions.need[one]))
            steps = np.arange(sessions.begin[one], sessions.end[one] + 1)
            for block, count in zip(*np.unique(blocks_of(steps, first), return_counts=True), strict=True):
                end = self._blocks[block]
                if shared[site]:
                    if (site, block) not in connections:
                        connections[site, block] = self._flows.node()
                        limit = _wh(sites.site_limit[site] * HOURS * length[block])
                        self._flows.add(connections[site, block], end, limit)
                    end = connections[site, block]
                edge = self._flows.add(node, end, _wh(sessions.power[one] * HOURS * count))
                self._edges.append((one, int(block), edge))

    def write(self, plan: FloatArray, limit: float, price: FloatArray) -> None:
        """Fill the blocks from the cheapest on, up to a limit [kW], and write what each session draws into a plan."""
        for level in np.unique(price).tolist():
            for block in np.flatnonzero(price == level).tolist():
                self._flows.widen(self._out[block], _wh(limit * HOURS * self._length[block]))
            self._flows.augment(self._source, self._sink)
        for one, block, edge in self._edges:
            plan[one, block] += self._flows.flow(edge) / 1000


def _wh(energy: float) -> int:
    """Return an energy [kWh] as whole watt-hours, no less."""
    return int(np.ceil(1000 * energy - 1e-6))
