"""waste-collection: send trucks to containers before they overflow, over as few kilometres as can be.

A kilometre of a truck and an hour of an overflowing container have a price each; the cost of a seed is their sum. Points are
``100 (cost of nothing - cost) / (cost of nothing - bound)``: nothing are the fixed rounds of the city, and the bound is what
no trucks can go below (`bound`), so that nobody reaches 100, the oracle neither.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any

import numpy as np
from numpy.random import Generator

from zenata.city.readings import FloatArray
from zenata.contract.challenges import Factor
from zenata.contract.reports import Exhibit, Verdict
from zenata.trials import exhibits
from zenata.trials.challenge import DAY, Challenge, Run, Score, Tables, no_answers
from zenata.trials.needs import numbered
from zenata.trials.tours import tour_prices
from zenata.trials.variants import planned
from zenata.trials.waste_policies import Fleet, naive, oracle, reference, thrown_in

STEP = 900
"""Time between two commands [s]."""

WARM_UP, DURATION = 15 * DAY // 2, 7 * DAY
"""For learning, and what is scored, from noon to noon (UTC), when trucks are in the depot [s]."""

DRIVEN = "waste.driven"
"""Table of truth of what all trucks have driven [km]."""

HOUR = 0.2
"""Price of an hour of an overflowing container, over that of a kilometre of a truck (default)."""

FUEL, DIESEL = 0.6, 11.0
"""What a truck burns [l/km], and what that costs [DH/l] (defaults)."""

CARBON = 74.1 * 43.0 / 1000 * 0.84
"""Emissions of diesel [kg/l]: 74.1 kg/GJ and 43.0 MJ/kg (IPCC 2006 Guidelines, volume 2, tables 3.2.1 and 1.2); 0.84 kg/l is a default."""

STUCK = 10
"""How many containers' sensors stick."""

CONTAINERS = 500
"""How many the city pack of Zenata has, for which this challenge is made."""


def events(chance: Generator) -> tuple[Mapping[str, Any], ...]:
    """Return containers whose sensors stick for some days, and a festival."""
    sensors = sorted({numbered("waste", number) for number in chance.integers(1, CONTAINERS + 1, STUCK).tolist()})
    begin = WARM_UP + int(chance.integers(0, 3 * DAY))
    feast = WARM_UP + int(chance.integers(0, 6)) * DAY + int(chance.integers(0, 6)) * 3600
    return (
        planned("sensor_stuck", "hidden-stuck", begin, int(chance.integers(2, 4)) * DAY, sensors=sensors),
        planned("festival", "hidden-festival", feast, 6 * 3600),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Costs:
    """What trucks and containers did in the steps that count.

    Parameters
    ----------
    driven : float
        [km]
    overflow : float
        Hours of containers beside which waste lay [h].
    """

    driven: float
    overflow: float

    @classmethod
    def of(cls, tables: Tables, first: int) -> "Costs":
        """Read the truth from the first step that counts on."""
        driven = tables[DRIVEN].values[:, 0]
        lying = tables["overflow"].values[first:] > 0
        return cls(driven=float(driven[-1] - driven[first - 1]), overflow=float(lying.sum()) * STEP / 3600)

    @property
    def total(self) -> float:
        """Cost [km]."""
        return self.driven + HOUR * self.overflow


def once_a_seed(function: Callable[[Run], float]) -> Callable[[Run], float]:
    """Return a function that remembers what it has returned last, for what follows from a seed without a service.

    A service and the policies beside it are scored in one seed, one after the other.
    """
    last: list[tuple[Run, float]] = []

    @wraps(function)
    def remembered(run: Run) -> float:
        for other, value in tuple(last):
            same = run.without is other.without and run.city is other.city and run.network is other.network
            if same and run.first == other.first:
                return value
        value = function(run)
        last[:] = [(replace(run, truth=run.without, readings={}, answers=(), commands=()), value)]
        return value

    return remembered


@once_a_seed
def bound(run: Run) -> float:
    """Return what no trucks can go below in a seed [km].

    Each kilogram that is taken from a container has a price, up to what a truck of n containers has room for, over n. It is such
    that no tour takes away more than it is long: a truck goes home once it has more than its room, so a tour fills its room and
    takes one more container, of each container once; at best n + 1 are full (`zenata.trials.tours.tour_prices`).
    So all tours are as long, at least, as what was taken from all containers is worth; less of those that have not returned
    in the end, of which each truck has one. What a container does at least, by itself, is `collected_at_least`. What is
    thrown in does not depend on commands.
    """
    fleet = Fleet.of(run.city)
    mass, added = thrown_in(run.without, fleet.capacity)
    there, total = mass[run.first - 1], added[run.first :].cumsum(axis=0)
    fit = max(int(fleet.room // fleet.capacity.max()), 1)
    must = np.maximum(there + total[-1] - fleet.capacity, 0.0) * fit / fleet.room
    prices, spare = tour_prices(fleet.depot, fleet.between, must, fit + 1)
    least = collected_at_least(there, total, fleet.capacity, prices, fleet.room / fit)
    return max(float(least.sum()) - fleet.trucks * spare, 0.0)


def collected_at_least(
    there: FloatArray, total: FloatArray, capacity: FloatArray, prices: FloatArray, load: float
) -> FloatArray:
    """Return what emptying each container and its overflow cost at least, whenever and however often it is emptied, shape (n,) [km].

    By dynamic programming over the last emptying. One in a step may come before or after what is thrown in in it: what it
    takes is counted without that, and what lies beside the container afterwards as if it had taken it.

    Parameters
    ----------
    there : ndarray, shape (n,)
        What is in the containers at first [kg].
    total : ndarray, shape (n_steps, n)
        What has been thrown in up to the end of each step [kg].
    capacity : ndarray, shape (n,) [kg]
    prices : ndarray, shape (n,)
        What is paid for each `load` that is taken away, and for more than that at once [km].
    load : float
        [kg]
    """
    total = np.vstack([np.zeros(total.shape[1]), total])  # the first may be emptied before anything is thrown in
    steps, count = total.shape
    emptied = np.vstack([-there, total])  # what had been thrown in when a container was last emptied, at first never
    after = np.vstack([-there, total[1:], total[-1:]])
    full = np.empty(emptied.shape)  # first step that ends with something beside it, if it is not emptied again
    for column in range(count):
        full[:, column] = np.searchsorted(total[:, column], after[:, column] + capacity[column], side="right")
    full = np.maximum(full, 1)  # what lies there before the first step costs nothing
    cost, hour = np.zeros(emptied.shape), HOUR * STEP / 3600
    for step in range(steps):
        before = slice(0, step + 1)
        paid = np.minimum(total[step] - emptied[before], load) * (prices / load)
        cost[step + 1] = (cost[before] + paid + hour * np.maximum(step - full[before], 0.0)).min(axis=0)
    return np.asarray((cost + hour * np.maximum(steps - full, 0.0)).min(axis=0))


def score(run: Run) -> Score:
    """Return the score of one seed."""
    made, idle, least = Costs.of(run.truth, run.first), Costs.of(run.without, run.first), bound(run)
    gain = idle.total - least
    fill, emptied = _emptied(run)
    spared = idle.driven - made.driven
    return Score(
        points=100 * (idle.total - made.total) / gain if gain > 0 else 0.0,
        measures={
            "cost": (made.total, "km"),
            "bound": (least, "km"),
            "driven": (made.driven, "km"),
            "overflow": (made.overflow, "h"),
            "emptied": (emptied, "1"),
            "fill": (fill, "1"),
        },
        impact={
            "distance": (spared, "km"),
            "overflow": (idle.overflow - made.overflow, "h"),
            "carbon": (spared * FUEL * CARBON, "kg"),
            "money": (spared * FUEL * DIESEL, "DH"),
        },
    )


def exhibit(run: Run) -> Exhibit:
    """Return what lies beside all containers and what trucks have driven, with and without commands, and what overflows for days."""
    both = {"with": run.truth, "without": run.without}
    beside = {name: tables["overflow"].values[run.first :].sum(axis=1) for name, tables in both.items()}
    driven = {name: tables[DRIVEN].values[run.first :, 0] for name, tables in both.items()}
    driven = {name: values - run.truth[DRIVEN].values[run.first - 1, 0] for name, values in driven.items()}
    hours = (run.truth["overflow"].values[run.first :] > 0).sum(axis=0) * STEP / 3600
    long = np.array(run.truth["overflow"].sensors)[hours >= DAY / 3600].tolist()
    events = exhibits.hidden(run)
    places: dict[str, Verdict] = dict.fromkeys(long, "false")
    places |= {target: one.verdict for one in events for target in one.targets}
    charts = [exhibits.chart("overflow", "kg", beside), exhibits.chart("driven", "km", driven)]
    return exhibits.exhibit(run, events=events, charts=charts, places=places)


def _emptied(run: Run) -> tuple[float, float]:
    """Return how full containers were when they were emptied, and how often they were; NaN and 0 where they never were."""
    fill = run.truth["fill"].values[run.first - 1 :]
    at = np.diff(fill, axis=0) < 0
    return (float(fill[:-1][at].mean()) if at.any() else np.nan), float(at.sum())


CHALLENGE = Challenge(
    name="waste-collection",
    title="Waste collection",
    summary="Order trucks to waste containers, in tours, so that few overflow and the way is short.",
    kinds=("waste",),
    sensors={"waste": CONTAINERS},
    tick=STEP,
    step=STEP,
    warm_up=WARM_UP,
    duration=DURATION,
    closed_loop=True,
    totals=(DRIVEN,),
    events=events,
    check=no_answers("waste-collection", "empty, truck and rank of waste containers"),
    score=score,
    policies={"naive": naive, "reference": reference, "oracle": oracle},
    exhibit=exhibit,
    factors=(
        Factor(name="overflow_hour", value=HOUR, unit="km/h", source="default"),
        Factor(name="fuel", value=FUEL, unit="l/km", source="default"),
        Factor(name="diesel", value=DIESEL, unit="DH/l", source="default"),
        Factor(
            name="carbon",
            value=round(CARBON, 3),
            unit="kg/l",
            source="IPCC 2006 Guidelines, volume 2, tables 3.2.1 and 1.2 (74.1 kg/GJ, 43.0 MJ/kg); 0.84 kg/l is a default",
        ),
    ),
)
