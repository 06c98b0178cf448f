"""Policies of `waste-collection`: a threshold on the fill, and tours to what will overflow before the next night."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from zenata.city.clock import SECOND
from zenata.city.model import City
from zenata.city.readings import FloatArray, IntArray
from zenata.trials.challenge import DAY, Actions, Policy, Setting, Step, Tables
from zenata.trials.forecasts import filled
from zenata.trials.tours import plan_tours

SLOTS = DAY // 900
"""Steps of a day."""

DETOUR = 1.3
"""Way of a truck over the straight distance (default of the city)."""

DEGREE = 111_195.0
"""Length of a degree of latitude [m]."""

WAVES = ((22, 15), (0, 30), (2, 45))
"""Local times at which trucks are sent: in the first wave a tour each, in the others what is left."""

HOME = (21, 0)
"""Local time at which containers whose orders were carried out are taken out of the rounds again, which begin at 22."""

FULL = 0.6
"""Fill from which the naive policy sends a truck (default)."""

REACH = 26
"""Steps after the first wave of the next night until which a container may have to wait then (default)."""

SURE = 1.0
"""Standard deviations that the reference adds to what it expects to be thrown in (default)."""

LOADED = 0.97
"""Share of a truck's room that a tour is planned for (default)."""

SCATTER = 8.0
"""Variance of what is thrown in, over its mean: of 96 % bags of 3 kg, and exponential bulky waste of 60 kg [kg] (defaults)."""

LEAST = 0.15
"""Loss of fill that is taken for an emptying, and no error of the sensor (default)."""

ON_THE_WAY = 6
"""Steps after which the oracle takes a truck to have come, where a sensor is stuck (default)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fleet:
    """Containers, and the trucks that empty them.

    Parameters
    ----------
    names : tuple of str, shape (n,)
    capacity : ndarray, shape (n,) [kg]
    depot : ndarray, shape (n,) [km]
        Way from the depot.
    between : ndarray, shape (n, n) [km]
        Way between containers.
    trucks : int
    room : float
        Load above which a truck goes to unload [kg].
    """

    names: tuple[str, ...]
    capacity: FloatArray
    depot: FloatArray
    between: FloatArray
    trucks: int
    room: float

    @classmethod
    def of(cls, city: City) -> "Fleet":
        """Read the table ``[waste]`` of a city, and its containers."""
        table = city.parameters["waste"]
        containers = [sensor for sensor in city.sensors if sensor.kind == "waste"]
        at = np.array([(one.longitude, one.latitude) for one in containers])
        middle = at.mean(axis=0)
        at = np.vstack([at, table.get("depot") or middle])
        metres = (at - middle) * DEGREE * np.array([np.cos(np.radians(middle[1])), 1.0])
        way = DETOUR / 1000 * np.hypot(*(metres[:, None] - metres).transpose(2, 0, 1))
        return cls(
            names=tuple(one.id for one in containers),
            capacity=np.array([float(one.attributes["litres"]) for one in containers]) / 1000 * table["density"],
            depot=way[-1, :-1],
            between=way[:-1, :-1],
            trucks=int(table.get("trucks", 4)),
            room=float(table.get("truck_load", 8_000.0)),
        )


def thrown_in(tables: Tables, capacity: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return what lies in and beside containers, and what was thrown in at least in each step, shape (n_steps, n) [kg].

    A container that was emptied in a step has got what is in it since.
    """
    mass = tables["fill"].values * capacity + tables["overflow"].values
    more = np.diff(mass, axis=0, prepend=mass[:1])
    return mass, np.where(more < 0, mass, more)


Guess = Callable[[Step, int, IntArray], tuple[FloatArray, FloatArray]]
"""Returns what is in each container, and what will be some steps later, over its capacity, shape (n,) each, given the steps in
which trucks were last sent, -1 for never."""


def _nightly(setting: Setting, orders: Callable[[Step], list[dict[str, dict[str, float | None]]]]) -> Policy:
    """Return a policy that takes all containers out of the city's rounds, and sends trucks to some each night.

    Parameters
    ----------
    setting : Setting
    orders : callable
        Returns the commands of each wave of a night.
    """
    fleet, waiting = Fleet.of(setting.city), list[dict[str, dict[str, float | None]]]()
    ordered = set(fleet.names)  # of these the city thinks itself again

    def act(step: Step) -> Actions:
        if step.index < step.first:
            return Actions()
        local = datetime.fromtimestamp(step.time / SECOND, setting.city.zone)
        now = local.hour, local.minute
        commands: dict[str, dict[str, float | None]] = {}
        if now == HOME:
            commands = {name: {"empty": 0.0} for name in sorted(ordered)}
            ordered.clear()
        if now == WAVES[0] or step.index == step.first:
            waiting[:] = orders(step)
        if waiting and (now in WAVES or step.index == step.first):
            sent = waiting.pop(0)
            ordered.update(sent)
            commands |= sent
        return Actions(commands=commands)

    return act


def naive(setting: Setting) -> Policy:
    """Return the policy that sends trucks every night to all containers above a fill, and lets them find their way."""

    def orders(step: Step) -> list[dict[str, dict[str, float | None]]]:
        fill = filled(step.readings["fill"].values)[-1]
        full = np.flatnonzero(fill >= FULL).tolist()
        return [{step.readings["fill"].sensors[number]: {"empty": 1.0} for number in full}]

    return _nightly(setting, orders)


def _toured(setting: Setting, guess: Guess) -> Policy:
    """Return a policy that comes each night to what will overflow before the next, in tours of full trucks."""
    fleet = Fleet.of(setting.city)
    sent = np.full(len(fleet.names), -1, dtype=np.int64)

    def orders(step: Step) -> list[dict[str, dict[str, float | None]]]:
        now, later = guess(step, _until_served(step, setting.city), sent)
        chosen = later > 1
        load, room = np.minimum(now, 1.5) * fleet.capacity, LOADED * fleet.room
        spare = np.ceil(load[chosen].sum() / room) * room - load[chosen].sum()
        for number in (-later).argsort(kind="stable").tolist():  # what is fullest beside them fills up the trucks
            if not chosen[number] and load[number] <= spare and now[number] > FULL:
                chosen[number] = True
                spare -= load[number]
        sent[chosen] = step.index
        return _waves(fleet, np.flatnonzero(chosen), load, room)

    return _nightly(setting, orders)


def _until_served(step: Step, city: City) -> int:
    """Return in how many steps the next night's last trucks will have come."""
    local = datetime.fromtimestamp(step.time / SECOND, city.zone)
    begin = WAVES[0][0] * 60 + WAVES[0][1] - local.hour * 60 - local.minute
    return (begin if begin > 0 else begin + 1440) // 15 + REACH


def _waves(fleet: Fleet, chosen: IntArray, load: FloatArray, room: float) -> list[dict[str, dict[str, float | None]]]:
    """Return the commands that send trucks on tours, the longest first; each truck has one in a wave, in the last the rest."""
    if not len(chosen):
        return []
    between = fleet.between[np.ix_(chosen, chosen)]
    tours = plan_tours(fleet.depot[chosen], between, load[chosen], room)
    tours.sort(key=lambda tour: (-len(tour), tour[0]))
    waves: list[dict[str, dict[str, float | None]]] = [{} for _ in WAVES]
    rank = 0
    for number, tour in enumerate(tours):
        wave, truck = min(number // fleet.trucks, len(waves) - 1), number % fleet.trucks + 1
        for stop in tour:
            waves[wave][fleet.names[chosen[stop]]] = {"empty": 1.0, "truck": float(truck), "rank": float(rank)}
            rank += 1
    return waves


def reference(setting: Setting) -> Policy:
    """Return the policy that expects what was thrown in at the same hours of the warm-up, and a little more.

    A sensor that shows the same for a day is taken for stuck, and its container for as full as the usual makes it since.
    """
    fleet = Fleet.of(setting.city)
    learnt: list[FloatArray] = []

    def guess(step: Step, steps: int, sent: IntArray) -> tuple[FloatArray, FloatArray]:
        fill = filled(step.readings["fill"].values)
        if not learnt:
            more = np.diff(fill[: step.first], axis=0)
            learnt.append(np.maximum(np.where(more > -LEAST, more, 0.0).mean(axis=0), 1e-5))
        rate, since = learnt[0], _unchanged(fill)
        stuck = (since >= SLOTS) & (fill[-1] < 1)
        usual = np.where(step.index - sent < since, (step.index - sent) * rate, fill[-1] + since * rate)
        now = np.where(stuck, usual, fill[-1])
        ahead = steps * rate
        return now, now + ahead + SURE * np.sqrt(SCATTER * ahead / fleet.capacity)

    return _toured(setting, guess)


def _unchanged(fill: FloatArray) -> IntArray:
    """Return for how many steps each container has shown what it shows, shape (n,)."""
    changes = fill[::-1] != fill[-1]
    return np.where(changes.any(axis=0), changes.argmax(axis=0), len(fill))


def oracle(setting: Setting) -> Policy:
    """Return the policy that knows what will be thrown in, and which sensors are stuck."""
    run, fleet = setting.known, Fleet.of(setting.city)
    _, added = thrown_in(run.without, fleet.capacity)
    total = added.cumsum(axis=0)
    broken = [target for event in run.occurrences if event.type == "sensor_stuck" for target in event.targets]
    stuck = np.isin(fleet.names, broken)

    def guess(step: Step, steps: int, sent: IntArray) -> tuple[FloatArray, FloatArray]:
        fill, beside = (filled(step.readings[name].values)[-1] for name in ("fill", "overflow"))
        shown = fill * fleet.capacity + beside
        since = np.where(sent >= 0, sent + ON_THE_WAY, step.first)
        known = total[step.index] - total[since, np.arange(len(since))] + np.where(sent >= 0, 0.0, shown)
        now = np.where(stuck, known, shown)
        ahead = total[min(step.index + steps, len(total) - 1)] - total[step.index]
        return now / fleet.capacity, (now + ahead) / fleet.capacity

    return _toured(setting, guess)
