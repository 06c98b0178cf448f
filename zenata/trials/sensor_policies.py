"""Policies of `sensor-quality`: a threshold on the distance to its kind, and a comparison with the sensors most alike."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from zenata.city.readings import FloatArray, IntArray
from zenata.contract.answers import SensorAnswer, SuspectSensor
from zenata.trials.challenge import Actions, Policy, Setting, Step, Table, Tables, learning

CHECKED = ("temperature", "people", "humidity", "pressure")
"""Properties that are watched; the fill of a container goes up and down as it is emptied."""

FAR = 6.0
"""Standard deviations that the naive policy takes for a fault (default)."""

PEERS = 16
"""How many sensors each is compared with (default)."""

WINDOWS = (1, 4, 16)
"""Steps over which the reference takes means (default)."""

BEYOND, ABOVE = 9.0, 1.5
"""Times the standard deviation, and times the highest mean of the warm-up, that are taken for a fault (defaults)."""

HOLD = 24
"""Steps for which a suspicion outlasts its cause, as an alarm that comes and goes is several (default)."""

SAME = 10
"""Equal readings in a row that are called stuck (default)."""

LAGS = (1.0, 2.0, 3.0, 4.0, 6.0)
"""Times after which the contents have warmed a container, of which the warm-up chooses one [h] (defaults)."""


def naive(_: Setting) -> Policy:
    """Return the policy that suspects a sensor that is farther from the median of its kind than in the warm-up."""

    def learn(step: Step) -> dict[str, tuple[FloatArray, FloatArray]]:
        learnt = {}
        for name in [name for name in CHECKED if name in step.readings]:
            table = step.readings[name]
            past = less_median(table.values[: step.first], groups_of(table))
            learnt[name] = np.nanmean(past, axis=0), np.nanstd(past, axis=0) + 1e-6
        return learnt

    def act(step: Step, learnt: dict[str, tuple[FloatArray, FloatArray]]) -> Actions:
        suspects: list[str] = []
        for name, (mean, spread) in learnt.items():
            table = step.readings[name]
            now = less_median(table.values[-1:], groups_of(table))[0]
            far = np.nan_to_num(np.abs(now - mean) / spread) > FAR
            suspects += [table.sensors[number] for number in np.flatnonzero(far).tolist()]
        named = [SuspectSensor(sensor=sensor, score=1.0) for sensor in dict.fromkeys(suspects)]
        return Actions(answers=[SensorAnswer(suspects=tuple(named))] if named else [])

    return learning(learn, act)


def groups_of(table: Table) -> list[IntArray]:
    """Return the columns of each kind of sensor."""
    kinds = [sensor.partition("-")[0] for sensor in table.sensors]
    return [np.flatnonzero([kind == one for kind in kinds]) for one in dict.fromkeys(kinds)]


def less_median(values: FloatArray, groups: Sequence[IntArray]) -> FloatArray:
    """Return values less the median of their kind at each step, shape (n_steps, n_sensors); that of nothing known is 0."""
    left = values.copy()
    for group in groups:
        known = np.isfinite(values[:, group]).any(axis=1)
        left[np.ix_(known, group)] -= np.nanmedian(values[np.ix_(known, group)], axis=1)[:, None]
    return left


STEP_HOURS = 0.25
"""Length of a step [h]."""


class _Ferment:
    """How much the contents of each container warm it, learnt from the warm-up.

    Parameters
    ----------
    fill, temperature : ndarray, shape (n_steps, n_containers) [/], [Cel]
        Of the warm-up.
    """

    def __init__(self, fill: FloatArray, temperature: FloatArray) -> None:
        beyond = temperature - np.nanmedian(temperature, axis=1)[:, None]
        beyond = beyond - np.nanmean(beyond, axis=0)
        best = np.inf
        for lag in LAGS:
            keep = float(np.exp(-STEP_HOURS / lag))
            state = np.array(list(_lagged(fill, keep)))
            apart = state - state.mean(axis=0)
            known = np.isfinite(beyond)
            slope = float((apart[known] * beyond[known]).sum() / max((apart[known] ** 2).sum(), 1e-9))
            if (left := float(np.std(beyond[known] - slope * apart[known]))) < best:
                best, self._keep, self._slope, self.past = left, keep, slope, slope * state
        self._last = self.past[-1] / (self._slope or 1.0)

    def add(self, fill: FloatArray) -> FloatArray:
        """Return what contents add to each temperature at the next step [K]."""
        self._last = np.where(np.isfinite(fill), self._keep * self._last + (1 - self._keep) * fill, self._last)
        return np.asarray(self._slope * self._last)


def _lagged(values: FloatArray, keep: float) -> Iterator[FloatArray]:
    """Give the exponential mean of each column at each step, from its first value on."""
    state = np.nan_to_num(values[0])
    for row in values:
        state = np.where(np.isfinite(row), keep * state + (1 - keep) * row, state)
        yield state


class _Peers:
    """Departures of the sensors of one kind and property from what those most like them show.

    Each sensor is foretold by the median of straight lines through each of its peers, and its departures are compared with
    those of the warm-up, by their means over some windows.

    Parameters
    ----------
    past : ndarray, shape (n_steps, n_sensors)
        Values of the warm-up.
    """

    def __init__(self, past: FloatArray) -> None:
        self._mean = np.nanmean(past, axis=0)
        apart = np.nan_to_num(past - self._mean)
        covariance = apart.T @ apart / len(apart)
        spread = np.sqrt(covariance.diagonal()) + 1e-9
        alike = covariance / np.outer(spread, spread)
        np.fill_diagonal(alike, -np.inf)
        self._peers = np.argsort(-alike, axis=1, kind="stable")[:, : min(PEERS, len(alike) - 1)]
        self._slope = np.take_along_axis(covariance, self._peers, axis=1) / spread[self._peers] ** 2
        left = np.array([self._departures(row) for row in past])
        self._recent = left[-max(WINDOWS) :]
        self._limits = {}
        for window in WINDOWS:
            means = np.abs(np.lib.stride_tricks.sliding_window_view(left, window, axis=0).mean(axis=-1))
            usual = np.sqrt((means**2).mean(axis=0))
            self._limits[window] = np.maximum(BEYOND * usual, ABOVE * means.max(axis=0)) + 1e-6

    def _departures(self, row: FloatArray) -> FloatArray:
        """Return how far each sensor is from what its peers foretell, shape (n_sensors,); 0 where nothing came."""
        foretold = self._mean[:, None] + self._slope * (row - self._mean)[self._peers]
        foretold[~np.isfinite(foretold).any(axis=1)] = 0.0
        return np.asarray(np.nan_to_num(row - np.nanmedian(foretold, axis=1)))

    def suspects(self, row: FloatArray) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Return which sensors depart from their peers at the next step, and which of them only for a moment."""
        self._recent = np.concatenate([self._recent[1:], self._departures(row)[None]])
        beyond = [np.abs(self._recent[-window:].mean(axis=0)) > limit for window, limit in self._limits.items()]
        return np.any(beyond, axis=0), ~beyond[-1]


class _Watch:
    """The sensors of one property, kind by kind."""

    def __init__(self, name: str, readings: Tables, first: int) -> None:
        self._name = name
        table = readings[name]
        self._groups = groups_of(table)
        self._ferment: dict[int, _Ferment] = {}
        self._peers: list[_Peers] = []
        for number, group in enumerate(self._groups):
            past = self._even(table.values[:first, group])
            if (
                name == "temperature"
                and "fill" in readings
                and readings["fill"].sensors == tuple(np.array(table.sensors)[group])
            ):
                self._ferment[number] = _Ferment(readings["fill"].values[:first], past)
                past = past - self._ferment[number].past
            self._peers.append(_Peers(past))

    def _even(self, values: FloatArray) -> FloatArray:
        """Return values whose noise does not grow with them: of numbers of people, which are Poisson, the root."""
        return np.sqrt(values) if self._name == "people" else values

    def suspects(self, readings: Tables) -> dict[str, str]:
        """Return the sensors that seem to be broken at the next step, and how."""
        table, found = readings[self._name], {}
        for number, (group, peers) in enumerate(zip(self._groups, self._peers, strict=True)):
            row = self._even(table.values[-1, group])
            if number in self._ferment:
                row = row - self._ferment[number].add(readings["fill"].values[-1])
            beyond, brief = peers.suspects(row)
            recent = table.values[-SAME:, group]
            same = (recent == recent[0]).all(axis=0)
            for index in np.flatnonzero(beyond).tolist():
                how = "stuck" if same[index] else "noise" if brief[index] else "step"
                found[table.sensors[group[index]]] = how
        return found


def reference(_: Setting) -> Policy:
    """Return the policy that foretells each sensor by those most like it, and suspects what departs as never in the warm-up.

    Containers are compared without what their contents warm them. Equal readings are called stuck, departures of a
    moment noise, others a step.
    """
    suspected: dict[str, tuple[int, str]] = {}  # the last step of the cause, and what it was called first

    def learn(step: Step) -> list[_Watch]:
        return [_Watch(name, step.readings, step.first) for name in CHECKED if name in step.readings]

    def act(step: Step, watched: list[_Watch]) -> Actions:
        for watch in watched:
            for sensor, how in watch.suspects(step.readings).items():
                suspected[sensor] = step.index, suspected.get(sensor, (0, how))[1]
        for sensor in [sensor for sensor, (last, _) in suspected.items() if last < step.index - HOLD]:
            del suspected[sensor]
        named = [SuspectSensor(sensor=sensor, score=1.0, fault=how) for sensor, (_, how) in suspected.items()]  # type: ignore[arg-type] # the words are those of the contract
        return Actions(answers=[SensorAnswer(suspects=tuple(named))] if named else [])

    return learning(learn, act)
