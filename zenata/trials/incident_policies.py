"""Policies of `traffic-incident`: a threshold on occupancy, and a comparison with the usual and with the streets ahead."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from zenata.city.readings import FloatArray, IntArray
from zenata.contract.answers import IncidentAnswer
from zenata.trials.challenge import Actions, Policy, Setting, Step

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
    names : list of str
        Street of each.
    ahead : list of ndarray
        Columns of the detectors in the streets that follow each.
    """

    def __init__(self, network: Mapping[str, Any], sensors: tuple[str, ...]) -> None:
        column = {sensor: number for number, sensor in enumerate(sensors)}
        edges = {edge["id"]: edge for edge in network["edges"]}
        there = {name: [column[one["sensor"]] for one in edge["devices"]] for name, edge in edges.items()}
        watched = [name for name, edge in edges.items() if edge["road"] == "primary" and there[name]]
        self.columns: IntArray = np.array([there[name][0] for name in watched])
        self.names = watched
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


class _Alarms:
    """Names a street once, and again when it has been free for some time."""

    def __init__(self, roads: _Roads) -> None:
        self._roads = roads
        self._quiet = np.zeros(len(roads.names), dtype=np.int64)  # step until which each raises no alarm

    def of(self, jammed: npt.NDArray[np.bool_], alarming: npt.NDArray[np.bool_], index: int) -> Actions:
        """Return the alarms of a step; what was named before stays quiet while it is jammed."""
        new = alarming & (self._quiet <= index)
        self._quiet[new | (jammed & (self._quiet > index))] = index + QUIET
        streets = tuple(self._roads.names[number] for number in np.flatnonzero(new).tolist())
        return Actions(answers=[IncidentAnswer(streets=streets)] if streets else [])


def naive(setting: Setting) -> Policy:
    """Return the policy that takes every jam for an incident."""
    made: list[tuple[_Roads, _Alarms]] = []

    def act(step: Step) -> Actions:
        occupancy = step.readings["occupancy"]
        if step.index < step.first:
            return Actions()
        if not made:
            roads = _Roads(setting.network["traffic"], occupancy.sensors)
            made.append((roads, _Alarms(roads)))
        roads, alarms = made[0]
        jammed = occupancy.values[-1, roads.columns] > JAMMED
        return alarms.of(jammed, jammed, step.index)

    return act


def reference(setting: Setting) -> Policy:
    """Return the policy that looks for the head of a jam that was never there before and lets little through.

    Above an incident occupancy rises and below it stays low, which is the test of the California algorithms (Payne and
    Tignor 1978, Transportation Research Record 682, 30-37); and less gets through than in a rush, by which the McMaster
    logic tells incidents from recurrent congestion (Gall and Hall 1990, Transportation Research Record 1232, 1-8). What is
    usual comes from the warm-up.
    """
    learnt: list[tuple[_Roads, _Alarms, FloatArray, FloatArray]] = []

    def act(step: Step) -> Actions:
        if step.index < step.first:
            return Actions()
        occupancy, flow = (np.nan_to_num(step.readings[name].values) for name in ("occupancy", "flow"))
        if not learnt:
            roads = _Roads(setting.network["traffic"], step.readings["occupancy"].sensors)
            past = occupancy[: step.first]
            limit = past.max(axis=0) + BEYOND * (past.std(axis=0) + LEAST)
            learnt.append((roads, _Alarms(roads), limit, np.quantile(flow[: step.first], BUSY, axis=0)))
        roads, alarms, limit, busy = learnt[0]
        jammed = occupancy[-1] > limit
        blocked = jammed | (occupancy[-1] > JAMMED)
        slow = flow[-2:].mean(axis=0) <= THROUGH * busy
        head = np.array([not blocked[ahead].any() for ahead in roads.ahead])
        return alarms.of(jammed[roads.columns], (jammed & slow)[roads.columns] & head, step.index)

    return act
