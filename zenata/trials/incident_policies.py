"""Policies of `traffic-incident`: a threshold on occupancy, and a comparison with the usual and with the streets ahead."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from zenata.city.readings import FloatArray, IntArray
from zenata.contract.answers import IncidentAnswer
from zenata.trials.challenge import Actions, Policy, Setting, Step, learning

JAMMED = 0.7
"""Occupancy that is a jam by itself (default)."""

QUIET = 12
"""Steps after a jam in which the same street raises no alarm (default)."""

BEYOND = 1.0
"""Standard deviations beyond the largest occupancy of the warm-up from which a street is congested (default)."""

LEAST = 0.05
"""Least standard deviation of occupancy (default)."""

THROUGH, BUSY = 0.9, 0.95
"""Share of the flow of busy times, a quantile of the warm-up, below which a jam is no mere rush (defaults)."""


class _Roads:
    """Primary streets with a detector, as columns of the readings.

    Parameters
    ----------
    network : mapping
        The traffic network as node-link JSON.
    sensors : tuple of str

    Attributes
    ----------
    columns : ndarray, shape (n,)
    ahead : list of ndarray
        Columns of the detectors in the streets that follow each.
    """

    def __init__(self, network: Mapping[str, Any], sensors: tuple[str, ...]) -> None:
        column = {sensor: number for number, sensor in enumerate(sensors)}
        edges = {edge["id"]: edge for edge in network["edges"]}
        there = {name: [column[one["sensor"]] for one in edge["devices"]] for name, edge in edges.items()}
        watched = [name for name, edge in edges.items() if edge["road"] == "primary" and there[name]]
        self.columns: IntArray = np.array([there[name][0] for name in watched])
        self._names = watched
        self.ahead = [
            np.array(
                [
                    number
                    for other, edge in edges.items()
                    if edge["source"] == edges[name]["target"] and edge["target"] != edges[name]["source"]
                    for number in there[other]
                ],
                dtype=np.int64,
            )
            for name in watched
        ]
        self._quiet = np.zeros(len(watched), dtype=np.int64)  # step until which each raises no alarm

    def alarms(self, jammed: npt.NDArray[np.bool_], alarming: npt.NDArray[np.bool_], index: int) -> Actions:
        """Return the alarms of a step; what was named before stays quiet while it is jammed, and for some time after."""
        new = alarming & (self._quiet <= index)
        self._quiet[new | (jammed & (self._quiet > index))] = index + QUIET
        streets = tuple(self._names[number] for number in np.flatnonzero(new).tolist())
        return Actions(answers=[IncidentAnswer(streets=streets)] if streets else [])


def naive(setting: Setting) -> Policy:
    """Return the policy that takes every jam for an incident."""

    def learn(step: Step) -> _Roads:
        return _Roads(setting.network["traffic"], step.readings["occupancy"].sensors)

    def act(step: Step, roads: _Roads) -> Actions:
        jammed = step.readings["occupancy"].values[-1, roads.columns] > JAMMED
        return roads.alarms(jammed, jammed, step.index)

    return learning(learn, act)


def reference(setting: Setting) -> Policy:
    """Return the policy that looks for the head of a jam that was never there before and lets little through.

    Above an incident occupancy rises and below it stays low, which is the test of the California algorithms (Payne and
    Tignor 1978, Transportation Research Record 682, 30-37); and less gets through than in a rush, by which the McMaster
    logic tells incidents from recurrent congestion (Gall and Hall 1990, Transportation Research Record 1232, 1-8). What is
    usual comes from the warm-up.
    """

    def learn(step: Step) -> tuple[_Roads, FloatArray, FloatArray]:
        past, flow = (np.nan_to_num(step.readings[name].values[: step.first]) for name in ("occupancy", "flow"))
        limit = past.max(axis=0) + BEYOND * (past.std(axis=0) + LEAST)
        roads = _Roads(setting.network["traffic"], step.readings["occupancy"].sensors)
        return roads, limit, np.quantile(flow, BUSY, axis=0)

    def act(step: Step, learnt: tuple[_Roads, FloatArray, FloatArray]) -> Actions:
        roads, limit, busy = learnt
        occupancy, flow = (np.nan_to_num(step.readings[name].values) for name in ("occupancy", "flow"))
        jammed = occupancy[-1] > limit
        blocked = jammed | (occupancy[-1] > JAMMED)
        slow = flow[-2:].mean(axis=0) <= THROUGH * busy
        head = np.array([not blocked[ahead].any() for ahead in roads.ahead])
        return roads.alarms(jammed[roads.columns], (jammed & slow)[roads.columns] & head, step.index)

    return learning(learn, act)
