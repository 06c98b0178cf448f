"""Leak detection in a trial by a balance of flows at junctions.

What flows into a junction is drawn by customers, or leaks. A leak in a pipe shows half at each of its ends: the pipe whose
two ends draw most beyond the usual of the first days is named. Run it with ``zenata trial run leak-detection --exec
"python leak_detection.py"``, or alone with ``ZENATA_URL`` and ``ZENATA_KEY``.
"""

from typing import Any

import numpy as np

from zenata_client import Client

DAY, WINDOW = 96, 8  # steps of a day, and over which a balance is averaged
ALARM, LEAST = 7.0, 0.05  # standard deviations, and their least [l/s]
QUIET = 2 * DAY  # steps after an alarm without another at the same junctions


class Balances:
    """Junctions, joined into groups where a pipe between them has no logger, and what flows into each."""

    def __init__(self, nodes: list[dict[str, Any]], edges: list[dict[str, Any]]) -> None:
        pipes = [edge for edge in edges if edge["type"] == "pipe"]
        above = {node["id"]: node["id"] for node in nodes}

        def group(node: str) -> str:
            return node if above[node] == node else group(above[node])

        for pipe in pipes:
            if not pipe["devices"]:
                above[group(pipe["source"])] = group(pipe["target"])
        row = {name: number for number, name in enumerate(dict.fromkeys(map(group, above)))}
        stores = {row[group(node["id"])] for node in nodes if node["type"] != "junction"}
        self.column: dict[str, int] = {}
        entries = []
        self.ends, self.streets = [], []
        for pipe in pipes:
            source, target = row[group(pipe["source"])], row[group(pipe["target"])]
            for device in pipe["devices"]:
                number = self.column.setdefault(device["sensor"], len(self.column))
                entries.append((number, source, target, device["along"] / len(pipe["devices"])))
            if pipe["streets"] and not stores & {source, target}:
                self.ends.append((source, target))
                self.streets.append(pipe["streets"][0])
        self.ends = np.array(self.ends)
        self.matrix = np.zeros((len(self.column), len(row)))
        for number, source, target, share in entries:
            self.matrix[number, source] -= share
            self.matrix[number, target] += share


class Detector:
    """One seed: the usual of its first days, and what departs from it."""

    def __init__(self, balances: Balances) -> None:
        self.balances = balances
        self.inflow: list[np.ndarray] = []
        self.usual = self.spread = np.zeros(0)
        self.offset = np.zeros(balances.matrix.shape[1])
        self.quiet = np.zeros(balances.matrix.shape[1])

    def excess(self, rows: np.ndarray, begin: int) -> np.ndarray:
        """Return what flows in beyond the usual for the demand of the city then [l/s]."""
        usual = self.usual[(begin + np.arange(len(rows))) % DAY]
        ratio = (rows * usual).sum(axis=1) / (usual**2).sum(axis=1)
        return rows - ratio[:, None] * usual - self.offset

    def learn(self) -> None:
        """Take the days up to now for the usual."""
        past = np.array(self.inflow[: len(self.inflow) // DAY * DAY])
        days = past.reshape(-1, DAY, past.shape[1]).mean(axis=0)
        self.usual = np.mean([np.roll(days, shift, axis=0) for shift in range(-2, 3)], axis=0)
        windows = np.lib.stride_tricks.sliding_window_view(self.excess(past, 0), WINDOW, axis=0).mean(axis=-1)
        self.spread = windows.std(axis=0) + LEAST

    def add(self, flows: dict[str, float], learning: bool) -> list[str]:
        """Take in the flows of a step; return the streets under which it leaks."""
        values = np.array([flows.get(sensor, 0.0) for sensor in self.balances.column])
        self.inflow.append(values @ self.balances.matrix)
        if learning:
            return []
        if not len(self.usual):
            self.learn()
        now = len(self.inflow)
        excess = self.excess(np.array(self.inflow[-WINDOW:]), now - WINDOW).mean(axis=0)
        muted = self.quiet > now
        self.offset[muted] += excess[muted]
        ends = self.balances.ends
        one = ends[:, 0] == ends[:, 1]
        both, spread = excess[ends], self.spread[ends]
        total = np.where(one, both[:, 0], both.sum(axis=1))
        z = total / np.where(one, spread[:, 0], np.hypot(*spread.T))
        z[muted[ends].any(axis=1) | (both.min(axis=1) < total / 5)] = 0.0
        worst = int(z.argmax())
        if z[worst] < ALARM:
            return []
        self.quiet[ends[worst]] = now + QUIET
        return [self.balances.streets[worst]]


def serve(client: Client) -> None:
    """Answer a trial from its beginning to its score."""
    network = client.network("water")
    balances = Balances(network.nodes, network.edges)
    detector = Detector(balances)
    for step in client.trial("leak-detection"):
        if step.number == 1:  # of each seed, which is another city
            detector = Detector(balances)
        flows = {
            one.sensor: one.value for one in step.readings if one.property == "discharge" and one.value is not None
        }
        if streets := detector.add(flows, step.warm_up):
            step.answer(streets=streets)


if __name__ == "__main__":
    with Client() as client:
        serve(client)
