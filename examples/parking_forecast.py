"""Parking forecasts in a trial: a daily profile, and departures from it that fade.

The share of taken bays of a district follows the time of day and the kind of day; what it departs from that now fades
towards it (AR(1)). The spread is that of the first week. Run it with ``zenata trial run parking-forecast --exec "python
parking_forecast.py"``, or alone with ``ZENATA_URL`` and ``ZENATA_KEY``.
"""

from datetime import datetime
from statistics import NormalDist
from zoneinfo import ZoneInfo

import numpy as np

from zenata_client import Client

DAY = 96  # steps
AHEAD = {15: 1, 60: 4}  # minutes, steps
NORMAL = np.array([NormalDist().inv_cdf(level / 10) for level in range(1, 10)])
ZONE = ZoneInfo("Africa/Casablanca")


def kind_of_day(time: datetime) -> int:
    """Return 1 at the weekend, else 0."""
    return int(time.astimezone(ZONE).isoweekday() > 5)


class Forecaster:
    """One seed: which bays are taken, and how full its districts were up to now."""

    def __init__(self) -> None:
        self.bays: dict[str, dict[str, float]] = {}  # by district and sensor
        self.past: list[np.ndarray] = []
        self.kinds: list[int] = []
        self.fitted = False

    def add(self, readings: list, time: datetime) -> None:
        """Take in a step; a bay that says nothing is as it was."""
        for one in readings:
            if one.property == "occupied" and one.value is not None:
                self.bays.setdefault(one.district, {})[one.sensor] = one.value
        self.names = sorted(self.bays)
        self.past.append(np.array([np.mean(list(self.bays[name].values())) for name in self.names]))
        self.kinds.append(kind_of_day(time))

    def fit(self) -> None:
        """Learn the profile of each kind of day, how departures fade, and the spread that is left."""
        past, kinds, slots = np.array(self.past), np.array(self.kinds), np.arange(len(self.past)) % DAY
        self.profile = np.zeros((2, DAY, past.shape[1]))
        for kind in (0, 1):
            for slot in range(DAY):
                near = np.abs((slots - slot + DAY // 2) % DAY - DAY // 2) <= 1
                alike = near & (kinds == kind)
                self.profile[kind, slot] = past[alike if alike.any() else near].mean(axis=0)
        departure = past - self.profile[kinds, slots]
        self.fade, self.spread = {}, {}
        for minutes, steps in AHEAD.items():
            before, after = departure[:-steps], departure[steps:]
            self.fade[minutes] = (before * after).sum(axis=0) / np.maximum((before**2).sum(axis=0), 1e-12)
            self.spread[minutes] = (after - self.fade[minutes] * before).std(axis=0)
        self.fitted = True

    def forecasts(self) -> list[dict]:
        """Return the forecasts of every district and time ahead, as the nine deciles."""
        if not self.fitted:
            self.fit()
        now, kind = len(self.past) - 1, self.kinds[-1]
        departure = self.past[-1] - self.profile[kind, now % DAY]
        found = []
        for minutes, steps in AHEAD.items():
            middle = self.profile[kind, (now + steps) % DAY] + self.fade[minutes] * departure
            deciles = np.clip(middle[:, None] + self.spread[minutes][:, None] * NORMAL, 0, 1)
            for name, row in zip(self.names, deciles.round(5).tolist(), strict=True):
                found.append({"district": name, "minutes": minutes, "quantiles": row})
        return found


def serve(client: Client) -> None:
    """Answer a trial from its beginning to its score."""
    forecaster, step = Forecaster(), None
    for step in client.trial("parking-forecast"):
        if step.number == 1:  # of each seed, which is another city
            forecaster = Forecaster()
        forecaster.add(step.readings, step.time)
        if not step.warm_up:
            step.answer(forecasts=forecaster.forecasts())
    if step:
        pass


if __name__ == "__main__":
    with Client() as client:
        serve(client)
