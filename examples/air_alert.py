"""Warnings of bad air in a trial, by a regression of what the highest mean of the next six hours will be.

The logarithm of the highest mean is regressed on the mean now, on what of it will still be in the mean in six hours, on the
last hour and on the time of day, for all stations together; what the regression errs by in the first week gives the
probability. Run it with ``zenata trial run air-alert --exec "python air_alert.py"``, or alone with ``ZENATA_URL`` and
``ZENATA_KEY``.
"""

from datetime import datetime
from statistics import NormalDist
from zoneinfo import ZoneInfo

import numpy as np

from zenata_client import Client

LIMITS = {"no2": (25.0, 24), "pm10": (100.0, 24), "pm25": (37.5, 24), "o3": (100.0, 8)}  # ug/m3, hours
AHEAD = 6  # hours
WIDER = 1.3  # as the weather of the first week was one
ZONE = ZoneInfo("Africa/Casablanca")


def means(values: np.ndarray, hours: int) -> np.ndarray:
    """Return the mean over some hours at the end of each hour from then on."""
    return np.lib.stride_tricks.sliding_window_view(values, hours, axis=0).mean(axis=-1)


class Forecaster:
    """One seed: the air of its stations up to now, and what is learnt from the first week."""

    def __init__(self) -> None:
        self.stations: list[str] = []
        self.past: dict[str, list[np.ndarray]] = {name: [] for name in LIMITS}
        self.hours: list[float] = []
        self.models: dict[str, tuple[np.ndarray, float]] = {}

    def add(self, readings: list, time: datetime) -> None:
        """Take in an hour; a station that says nothing is as it was, or at first as the others."""
        found: dict[str, dict[str, float]] = {name: {} for name in LIMITS}
        for one in readings:
            if one.property in found and one.value is not None:
                found[one.property][one.sensor] = one.value
        self.stations += sorted({station for values in found.values() for station in values} - set(self.stations))
        for name, values in found.items():
            usual = float(np.median(list(values.values()))) if values else 1.0
            before = dict(zip(self.stations, self.past[name][-1], strict=False)) if self.past[name] else {}
            row = [values.get(station, before.get(station, usual)) for station in self.stations]
            self.past[name].append(np.array(row))
        self.hours.append(time.astimezone(ZONE).hour)

    def table(self, name: str, last: int) -> np.ndarray:
        """Return the last hours of a pollutant; a station that came later was as the others."""
        rows = self.past[name][-last:]
        width = len(self.stations)
        return np.array([np.pad(row, (0, width - len(row)), constant_values=np.median(row)) for row in rows]).clip(0.1)

    def features(self, values: np.ndarray, hours: int, clock: np.ndarray) -> np.ndarray:
        """Return what is known at the end of each hour, shape (n, stations, features)."""
        now = np.log(values[hours - 1 :])
        stays = np.log(means(values, hours - AHEAD)[AHEAD:])
        angle = 2 * np.pi * clock[hours - 1 :, None] / 24
        waves = [np.broadcast_to(wave(n * angle), now.shape) for n in (1, 2) for wave in (np.sin, np.cos)]
        city = np.broadcast_to(now.mean(axis=1, keepdims=True), now.shape)
        return np.stack([np.ones_like(now), np.log(means(values, hours)), stays, now, city, *waves], axis=-1)

    def fit(self) -> None:
        """Learn from what has been up to now."""
        for name, (_, hours) in LIMITS.items():
            values = self.table(name, len(self.hours))
            x = self.features(values, hours, np.array(self.hours))[:-AHEAD]
            highest = np.lib.stride_tricks.sliding_window_view(means(values, hours)[1:], AHEAD, axis=0).max(axis=-1)
            x, y = x.reshape(-1, x.shape[-1]), np.log(highest).ravel()
            weights = np.linalg.solve(x.T @ x + np.eye(x.shape[1]), x.T @ y)
            self.models[name] = weights, WIDER * float((y - x @ weights).std()) + 1e-6

    def alerts(self) -> list[dict]:
        """Return how likely each station is to exceed each limit."""
        if not self.models:
            self.fit()
        found = []
        for name, (limit, hours) in LIMITS.items():
            weights, spread = self.models[name]
            values = self.table(name, hours)
            expected = self.features(values, hours, np.array(self.hours[-hours:]))[-1] @ weights
            for station, log in zip(self.stations, expected.tolist(), strict=True):
                likely = NormalDist().cdf((log - np.log(limit)) / spread)
                found.append({"station": station, "pollutant": name, "probability": round(likely, 4)})
        return found


def serve(client: Client) -> None:
    """Answer a trial from its beginning to its score."""
    forecaster = Forecaster()
    for step in client.trial("air-alert"):
        if step.number == 1:  # of each seed, which is another city
            forecaster = Forecaster()
        forecaster.add(step.readings, step.time)
        if not step.warm_up:
            step.answer(alerts=forecaster.alerts())


if __name__ == "__main__":
    with Client() as client:
        serve(client)
