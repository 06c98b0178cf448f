"""Sensor quality in a trial: each sensor foretold by those most like it, and suspected when it departs as never before.

What the contents of a container warm it is taken from its temperature first. Run it with ``zenata trial run sensor-quality
--exec "python sensor_quality.py"``, or alone with ``ZENATA_URL`` and ``ZENATA_KEY``.
"""

from collections.abc import Iterable

import numpy as np

from zenata_client import Client

WATCHED = ("temperature", "people", "humidity", "pressure")  # fill goes up and down as containers are emptied
PEERS, WINDOWS = 16, (1, 4, 16)  # sensors each is compared with, and steps over which means are taken
BEYOND, ABOVE = 9.0, 1.5  # times the standard deviation, and the highest mean, of the first days
HOLD, SAME = 24, 10  # steps for which a suspicion outlasts its cause, and equal readings that are called stuck
LAGS = (1.0, 2.0, 3.0, 4.0, 6.0)  # hours after which contents have warmed a container


class Ferment:
    """How much its contents warm each container, by a lag and a slope that all share."""

    def __init__(self, fill: np.ndarray, temperature: np.ndarray) -> None:
        beyond = temperature - np.nanmedian(temperature, axis=1)[:, None]
        beyond -= np.nanmean(beyond, axis=0)
        known, best = np.isfinite(beyond), np.inf
        for lag in LAGS:
            self.keep, self.state = np.exp(-0.25 / lag), np.nan_to_num(fill[0])
            states = np.array([self.follow(row) for row in fill])
            apart = states - states.mean(axis=0)
            slope = (apart[known] * beyond[known]).sum() / max((apart[known] ** 2).sum(), 1e-9)
            left = np.std(beyond[known] - slope * apart[known])
            if left < best:
                best, chosen, self.slope, self.past = left, (self.keep, states[-1]), slope, slope * states
        self.keep, self.state = chosen

    def follow(self, fill: np.ndarray) -> np.ndarray:
        """Return the lagged fill at the next step."""
        self.state = np.where(np.isfinite(fill), self.keep * self.state + (1 - self.keep) * fill, self.state)
        return self.state


class Peers:
    """Sensors of one kind and property, and how far each is from what its peers foretell."""

    def __init__(self, past: np.ndarray) -> None:
        self.mean = np.nanmean(past, axis=0)
        apart = np.nan_to_num(past - self.mean)
        covariance = apart.T @ apart / len(apart)
        spread = np.sqrt(covariance.diagonal()) + 1e-9
        alike = covariance / np.outer(spread, spread)
        np.fill_diagonal(alike, -np.inf)
        self.peers = np.argsort(-alike, axis=1)[:, : min(PEERS, len(alike) - 1)]
        self.slope = np.take_along_axis(covariance, self.peers, axis=1) / spread[self.peers] ** 2
        left = np.array([self.departures(row) for row in past])
        self.recent, self.limits = left[-max(WINDOWS) :], []
        for window in WINDOWS:
            means = np.abs(np.lib.stride_tricks.sliding_window_view(left, window, axis=0).mean(axis=-1))
            usual = np.sqrt((means**2).mean(axis=0))
            self.limits.append(np.maximum(BEYOND * usual, ABOVE * means.max(axis=0)) + 1e-6)

    def departures(self, row: np.ndarray) -> np.ndarray:
        """Return how far each sensor is from the median of what its peers foretell, 0 where nothing came."""
        foretold = self.mean[:, None] + self.slope * (row - self.mean)[self.peers]
        foretold[~np.isfinite(foretold).any(axis=1)] = 0.0
        return np.nan_to_num(row - np.nanmedian(foretold, axis=1))

    def suspects(self, row: np.ndarray) -> np.ndarray:
        """Return which sensors depart beyond their limits, by window, shape (n_windows, n_sensors)."""
        self.recent = np.concatenate([self.recent[1:], self.departures(row)[None]])
        means = [np.abs(self.recent[-window:].mean(axis=0)) for window in WINDOWS]
        return np.array(means) > np.array(self.limits)


class Watch:
    """One seed: all that was read, and who is suspected since when."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], list[dict[str, float]]] = {}  # by kind and property, a dict a step
        self.sensors: dict[tuple[str, str], list[str]] = {}
        self.peers: dict[tuple[str, str], Peers] = {}
        self.ferment: Ferment | None = None
        self.suspected: dict[str, tuple[int, str]] = {}
        self.steps = 0

    def add(self, readings: Iterable) -> None:
        """Take in the readings of a step."""
        for key in self.rows:
            self.rows[key].append({})
        for one in readings:
            key = one.kind, one.property
            if one.value is not None and (one.property in WATCHED or one.property == "fill"):
                if key not in self.rows:
                    self.rows[key] = [{} for _ in range(self.steps + 1)]
                self.rows[key][-1][one.sensor] = one.value
        self.steps += 1

    def values(self, key: tuple[str, str], steps: int) -> np.ndarray:
        """Return the last steps of a kind and property, shape (n_steps, n_sensors)."""
        sensors = self.sensors[key]
        return np.array([[row.get(sensor, np.nan) for sensor in sensors] for row in self.rows[key][-steps:]])

    def learn(self) -> None:
        """Take all up to now for sound."""
        self.sensors = {key: sorted(set().union(*rows)) for key, rows in self.rows.items()}
        for key in [key for key in self.rows if key[1] in WATCHED]:
            past = self.values(key, self.steps)
            if key == ("waste", "temperature"):
                self.ferment = Ferment(self.values(("waste", "fill"), self.steps), past)
                past = past - self.ferment.past
            self.peers[key] = Peers(np.sqrt(past) if key[1] == "people" else past)  # numbers of people are Poisson

    def suspects(self) -> dict[str, str]:
        """Return who is suspected at the step that was added last, and how it seems to be broken."""
        for key, peers in self.peers.items():
            recent = self.values(key, SAME)
            row = np.sqrt(recent[-1]) if key[1] == "people" else recent[-1]
            if self.ferment and key == ("waste", "temperature"):
                row = row - self.ferment.slope * self.ferment.follow(self.values(("waste", "fill"), 1)[0])
            beyond = peers.suspects(row)
            for place in np.flatnonzero(beyond.any(axis=0)).tolist():
                sensor = self.sensors[key][place]
                same = (recent[:, place] == recent[0, place]).all()
                how = "stuck" if same else "step" if beyond[-1, place] else "noise"
                self.suspected[sensor] = self.steps, self.suspected.get(sensor, (0, how))[1]
        self.suspected = {
            sensor: (last, how) for sensor, (last, how) in self.suspected.items() if last >= self.steps - HOLD
        }
        return {sensor: how for sensor, (_, how) in self.suspected.items()}


def serve(client: Client) -> None:
    """Answer a trial from its beginning to its score."""
    watch = Watch()
    for step in client.trial("sensor-quality"):
        if step.number == 1:  # of each seed, which is another city
            watch = Watch()
        if not step.warm_up and not watch.peers:
            watch.learn()
        watch.add(step.readings)
        if watch.peers and (suspects := watch.suspects()):
            step.answer(suspects=[{"sensor": one, "score": 1.0, "fault": how} for one, how in suspects.items()])


if __name__ == "__main__":
    with Client() as client:
        serve(client)
