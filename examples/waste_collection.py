"""Waste collection in a trial: tours each night to the containers that would overflow before the next.

How fast each container fills is learnt from the first days. In the evening those that would be full
before trucks come again are ordered, in tours that join what saves most way (Clarke and Wright 1964,
doi:10.1287/opre.12.4.568). All others stay out of the city's own rounds. Run it with ``zenata trial run waste-collection
--exec "python waste_collection.py"``, or alone with ``ZENATA_URL`` and ``ZENATA_KEY``.
"""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from zenata_client import Client

DEPOT = np.array([-7.4560, 33.6430])  # degrees
TRUCKS, ROOM = 5, 28  # and how many full containers one takes
SLOTS = 96  # steps of a day
AHEAD = SLOTS + 24  # steps until the last container of the next night
OUT, WAVES = (21, 0), ((22, 15), (0, 30), (2, 45))  # before the city's rounds, and when trucks are sent
EMPTIED = 0.15  # loss of fill that is no error of the sensor
ZONE = ZoneInfo("Africa/Casablanca")


class Collector:
    """One seed: how full its containers are, and how fast they fill."""

    def __init__(self, sensors: list[Any]) -> None:
        self.names = [sensor.id for sensor in sensors]
        self.row = {name: number for number, name in enumerate(self.names)}
        where = np.array([(sensor.longitude, sensor.latitude) for sensor in sensors]) - DEPOT
        self.where = where * [np.cos(np.radians(DEPOT[1])), 1.0]
        self.fill = np.zeros(len(sensors))
        self.grown = np.zeros(len(sensors))
        self.since = np.zeros(len(sensors))  # steps in which a sensor has shown the same
        self.count = 0
        self.ordered = set(self.names)  # which the city's rounds would come to
        self.waiting: list[list[int]] = []  # tours
        self.begun = False

    def add(self, readings: list[Any], learning: bool) -> None:
        """Take in a step; a container that says nothing is as it was."""
        new = self.fill.copy()
        for one in readings:
            if one.property == "fill" and one.value is not None:
                new[self.row[one.sensor]] = one.value
        more = new - self.fill
        self.since = np.where(more == 0, self.since + 1, 0)
        if learning:
            self.grown += np.where(more > -EMPTIED, more, 0) * (self.count > 0)
            self.count += 1
        self.fill = new

    def due(self) -> np.ndarray:
        """Return the containers that would be full before the trucks of the next night."""
        rate = np.maximum(self.grown / max(self.count - 1, 1), 1e-5)
        stuck = (self.since >= SLOTS) & (self.fill < 1)
        now = self.fill + np.where(stuck, self.since * rate, 0)
        return np.flatnonzero(now + AHEAD * rate + 0.1 > 1)

    def tours(self) -> list[list[int]]:
        """Return tours to the containers that are due: those are joined first whose joining saves most."""
        due = self.due()
        depot = np.hypot(*self.where[due].T)
        between = np.hypot(*(self.where[due][:, None] - self.where[due]).transpose(2, 0, 1))
        saving = depot[:, None] + depot - between
        tours = {number: [number] for number in range(len(due))}
        of, load = list(tours), self.fill[due].tolist()
        pairs = np.stack(np.triu_indices(len(due), 1), axis=1)
        for a, b in pairs[np.argsort(-saving[tuple(pairs.T)], kind="stable")].tolist():
            one, other = of[a], of[b]
            if one == other or load[one] + load[other] > ROOM:
                continue
            left, right = tours[one], tours[other]
            if a not in (left[0], left[-1]) or b not in (right[0], right[-1]):
                continue
            left = left if left[-1] == a else left[::-1]
            tours[one] = left + (right if right[0] == b else right[::-1])
            load[one] += load[other]
            for stop in tours.pop(other):
                of[stop] = one
        return [due[tour].tolist() for tour in tours.values()]

    def commands(self, time: datetime) -> dict[str, dict[str, float]]:
        """Return the setpoints by container that are to be commanded now."""
        local = time.astimezone(ZONE)
        now, found = (local.hour, local.minute), {}
        if now == OUT:
            found = {name: {"empty": 0.0} for name in sorted(self.ordered)}
            self.ordered.clear()
        if now == WAVES[0] or not self.begun:
            self.waiting = self.tours()
        if now in WAVES or not self.begun:
            count = len(self.waiting) if now == WAVES[-1] else TRUCKS  # a tour each; the last take what is left
            for number, tour in enumerate(self.waiting[:count]):
                for rank, stop in enumerate(tour):
                    orders = {"empty": 1.0, "truck": number % TRUCKS + 1.0, "rank": 100.0 * number + rank}
                    found[self.names[stop]] = orders
                    self.ordered.add(self.names[stop])
            del self.waiting[:count]
        self.begun = True
        return found


def serve(client: Client) -> None:
    """Command a trial from its beginning to its score."""
    sensors = client.sensors(kind="waste")
    collector = Collector(sensors)
    for step in client.trial("waste-collection"):
        if step.number == 1:  # of each seed, which is another city
            collector = Collector(sensors)
        collector.add(step.readings, step.warm_up)
        if not step.warm_up:
            for sensor, setpoints in collector.commands(step.time).items():
                step.command(sensor, **setpoints)


if __name__ == "__main__":
    with Client() as client:
        serve(client)
