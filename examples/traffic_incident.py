"""Incident detection in a trial: the head of a jam that was never there before, and that lets little through.

Above an incident the road fills, below it stays free, and less gets through than in a rush (as the California and the
McMaster algorithms have it). What is usual comes from the first days. Run it with ``zenata trial run traffic-incident --exec
"python traffic_incident.py"``, or alone with ``ZENATA_URL`` and ``ZENATA_KEY``.
"""

from typing import Any

import numpy as np

from zenata_client import Client

BEYOND, LEAST = 1.0, 0.05  # standard deviations above the largest occupancy, and the least deviation
THROUGH, BUSY = 0.9, 0.95  # share of the flow of busy times, and which quantile that is
QUIET = 12  # steps after a jam without another alarm in the same street


class Roads:
    """Which detectors stand in which streets, and what lies ahead of each."""

    def __init__(self, edges: list[dict[str, Any]]) -> None:
        detectors = {edge["id"]: [one["sensor"] for one in edge["devices"]] for edge in edges}
        sensors = [sensor for found in detectors.values() for sensor in found]
        self.column = {sensor: number for number, sensor in enumerate(sensors)}
        self.streets, self.own, self.ahead = [], [], []
        for edge in edges:
            if edge["road"] == "primary" and detectors[edge["id"]]:
                following = [
                    sensor
                    for other in edges
                    if other["source"] == edge["target"] and other["target"] != edge["source"]
                    for sensor in detectors[other["id"]]
                ]
                self.streets.append(edge["id"])
                self.own.append(self.column[detectors[edge["id"]][0]])
                self.ahead.append([self.column[sensor] for sensor in following])


class Detector:
    """One seed: what was usual in its first days, and which streets were named."""

    def __init__(self, roads: Roads) -> None:
        self.roads = roads
        self.occupancy: list[np.ndarray] = []
        self.flow: list[np.ndarray] = []
        self.limit = self.busy = np.zeros(0)
        self.quiet = np.zeros(len(roads.streets))

    def row(self, readings: list, name: str) -> np.ndarray:
        """Return a property of all detectors, 0 where one says nothing."""
        values = np.zeros(len(self.roads.column))
        for one in readings:
            if one.property == name and one.value is not None and one.sensor in self.roads.column:
                values[self.roads.column[one.sensor]] = one.value
        return values

    def add(self, readings: list, learning: bool) -> list[str]:
        """Take in a step; return the streets in which something has happened."""
        self.occupancy.append(self.row(readings, "occupancy"))
        self.flow.append(self.row(readings, "flow"))
        if learning:
            return []
        now = len(self.occupancy)
        if not len(self.limit):
            past = np.array(self.occupancy[:-1])
            self.limit = past.max(axis=0) + BEYOND * (past.std(axis=0) + LEAST)
            self.busy = np.quantile(self.flow[:-1], BUSY, axis=0)
        jammed = self.occupancy[-1] > self.limit
        slow = np.mean(self.flow[-2:], axis=0) <= THROUGH * self.busy
        head = np.array([not jammed[ahead].any() for ahead in self.roads.ahead])
        own = self.roads.own
        new = jammed[own] & slow[own] & head & (self.quiet <= now)
        self.quiet[new | (jammed[own] & (self.quiet > now))] = now + QUIET
        return [self.roads.streets[number] for number in np.flatnonzero(new)]


def serve(client: Client) -> None:
    """Answer a trial from its beginning to its score."""
    roads = Roads(client.network("traffic").edges)
    detector, step = Detector(roads), None
    for step in client.trial("traffic-incident"):
        if step.number == 1:  # of each seed, which is another city
            detector = Detector(roads)
        if streets := detector.add(step.readings, step.warm_up):
            step.answer(streets=streets)
    if step:
        pass


if __name__ == "__main__":
    with Client() as client:
        serve(client)
