"""Policies of `leak-detection`: a threshold on the pressure of nights, and a balance of flows at junctions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from zenata.city.readings import FloatArray, IntArray
from zenata.contract.answers import LeakAnswer
from zenata.trials.challenge import DAY, Actions, Policy, Setting, Step, Table, learning

SLOTS = DAY // 900
"""Steps of a day."""

DAWN, NIGHT = 16, 12
"""Steps of the day that are over when the naive policy looks back on a night, at 4 o'clock (UTC), and how many it looks at (defaults)."""

FALL = 0.2
"""How far the head of a night must have fallen for the naive policy to take it for a leak, beyond that of the other loggers [m] (default)."""

WINDOW = 8
"""Steps over which balances are averaged (default)."""

ALARM = 7.0
"""Standard deviations of a balance at which the reference takes it for a leak (default)."""

QUIET = 2 * SLOTS
"""Steps after an alarm in which the reference raises no other at the same junctions (default)."""

LEAST = 0.05
"""What a balance is taken to vary by at least [l/s] (default)."""


def naive(setting: Setting) -> Policy:
    """Return the policy that names, each morning, the logger whose head in the night has fallen most below that of the warm-up's nights.

    At night little is drawn, so that heads are alike from night to night. Once a leak is named, what it takes becomes the usual.
    """
    street = {sensor.id: sensor.attributes.get("street") for sensor in setting.city.sensors}

    def learn(step: Step) -> list[FloatArray]:
        head = step.readings["head"]
        return [np.mean([_night(head, end) for end in range(DAWN, step.first + 1, SLOTS)], axis=0)]

    def act(step: Step, usual: list[FloatArray]) -> Actions:
        if (step.index + 1) % SLOTS != DAWN:
            return Actions()
        head = step.readings["head"]
        now = _night(head, step.index + 1)
        fall = np.nan_to_num(usual[0] - now)
        fall -= np.median(fall)  # a tank that is less full is no leak
        fall[[street[sensor] is None for sensor in head.sensors]] = 0.0
        if fall.max() < FALL:
            return Actions()
        usual[0] = now
        return Actions(answers=[LeakAnswer(streets=(str(street[head.sensors[int(fall.argmax())]]),))])

    return learning(learn, act)


def _night(head: Table, end: int) -> FloatArray:
    """Return the mean head of each logger in the night up to a step, NaN of one that was silent, shape (n_sensors,) [m]."""
    values = head.values[end - NIGHT : end]
    known = np.isfinite(values)
    return np.asarray(np.nan_to_num(values).sum(axis=0) / np.where(known.any(axis=0), known.sum(axis=0), np.nan))


@dataclass(frozen=True, kw_only=True, slots=True)
class Balance:
    """What flows into groups of junctions, each group being joined by pipes without loggers.

    Parameters
    ----------
    matrix : ndarray, shape (n_sensors, n_groups)
        What a logger's flow adds to a group.
    ends : ndarray, shape (n_pipes, 2)
        The groups at the ends of each pipe that a street lies over; those at tanks are left out, as they store.
    streets : tuple of str, shape (n_pipes,)
    """

    matrix: FloatArray
    ends: IntArray
    streets: tuple[str, ...]

    @classmethod
    def of(cls, network: Mapping[str, Any], sensors: tuple[str, ...]) -> "Balance":
        """Read a network as node-link JSON."""
        pipes = [edge for edge in network["edges"] if edge["type"] == "pipe"]
        above = {node["id"]: node["id"] for node in network["nodes"]}

        def root(node: str) -> str:
            while above[node] != node:
                node = above[node]
            return node

        for pipe in pipes:
            if not pipe["devices"]:
                above[root(pipe["source"])] = root(pipe["target"])
        rows = {name: number for number, name in enumerate(dict.fromkeys(root(node) for node in above))}
        columns = {name: number for number, name in enumerate(sensors)}
        matrix = np.zeros((len(sensors), len(rows)))
        for pipe in pipes:
            for device in pipe["devices"]:
                share = device["along"] / len(pipe["devices"])
                matrix[columns[device["sensor"]], rows[root(pipe["source"])]] -= share
                matrix[columns[device["sensor"]], rows[root(pipe["target"])]] += share
        stores = {rows[root(node["id"])] for node in network["nodes"] if node["type"] != "junction"}
        found = [(pipe, [rows[root(pipe[end])] for end in ("source", "target")]) for pipe in pipes if pipe["streets"]]
        found = [(pipe, ends) for pipe, ends in found if not stores.intersection(ends)]
        return cls(
            matrix=matrix,
            ends=np.array([ends for _, ends in found]),
            streets=tuple(pipe["streets"][0] for pipe, _ in found),
        )


class _Watch:
    """Balances of flow beside those of the warm-up.

    Parameters
    ----------
    balance : Balance
    flows : ndarray, shape (n_steps, n_sensors) [l/s]
        Of the warm-up, from the first step of a day.
    """

    def __init__(self, balance: Balance, flows: FloatArray) -> None:
        self._balance = balance
        inflow = np.nan_to_num(flows) @ balance.matrix
        days = inflow[: len(inflow) // SLOTS * SLOTS].reshape(-1, SLOTS, inflow.shape[1]).mean(axis=0)
        self._usual = np.mean([np.roll(days, shift, axis=0) for shift in range(-2, 3)], axis=0)
        self._offset = np.zeros(inflow.shape[1])
        self._quiet = np.zeros(inflow.shape[1], dtype=np.int64)  # step until which a group raises no alarm
        excess = self._excess(flows, 0)
        windows = np.lib.stride_tricks.sliding_window_view(excess, WINDOW, axis=0).mean(axis=-1)
        self._spread = windows.std(axis=0) + LEAST

    def _excess(self, flows: FloatArray, begin: int) -> FloatArray:
        """Return what flows into each group beyond the usual for the city's demand, shape (n, n_groups) [l/s]."""
        inflow = np.nan_to_num(flows) @ self._balance.matrix
        usual = self._usual[(begin + np.arange(len(flows))) % SLOTS]
        ratio = (inflow * usual).sum(axis=1) / (usual**2).sum(axis=1)
        return np.asarray(inflow - ratio[:, None] * usual - self._offset)

    def alarms(self, flows: FloatArray, index: int) -> list[str]:
        """Return the streets under which leaks show at the end of a window of steps that ends with one."""
        excess = self._excess(flows, index + 1 - len(flows)).mean(axis=0)
        muted = self._quiet > index
        self._offset[muted] += excess[muted]
        ends = self._balance.ends
        single = ends[:, 0] == ends[:, 1]
        both, spread = excess[ends], self._spread[ends]
        total = np.where(single, both[:, 0], both.sum(axis=1))
        z = total / np.where(single, spread[:, 0], np.sqrt((spread**2).sum(axis=1)))
        z[muted[ends].any(axis=1) | (both.min(axis=1) < total / 5)] = 0.0
        worst = int(z.argmax())
        if z[worst] < ALARM:
            return []
        self._quiet[ends[worst]] = index + QUIET
        return [self._balance.streets[worst]]


def reference(setting: Setting) -> Policy:
    """Return the policy that balances flows: what more flows into both ends of a pipe than in the warm-up leaks there.

    A leak shows half at each end of its pipe, so the statistic of a pipe is the mean over some hours of the excess at both
    ends in standard deviations. Demand of the day is taken out by a ratio that all junctions share. Once a leak is named,
    what it takes becomes the usual.
    """

    def learn(step: Step) -> _Watch:
        flow = step.readings["discharge"]
        return _Watch(Balance.of(setting.network["water"], flow.sensors), flow.values[: step.first])

    def act(step: Step, watch: _Watch) -> Actions:
        streets = watch.alarms(step.readings["discharge"].values[-WINDOW:], step.index)
        return Actions(answers=[LeakAnswer(streets=(street,)) for street in streets])

    return learning(learn, act)
