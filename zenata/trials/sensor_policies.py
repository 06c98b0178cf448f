"""Policies of `sensor-quality`: a threshold on the distance to its kind, and a comparison with its days and peers."""

from collections import deque
from collections.abc import Sequence

import numpy as np

from zenata.city.readings import FloatArray, IntArray
from zenata.contract.answers import SensorAnswer, SuspectSensor
from zenata.trials.challenge import DAY, Actions, Policy, Setting, Step, Table

SLOTS = DAY // 900
"""Steps of a day."""

CHECKED = ("temperature", "people", "humidity", "pressure")
"""Properties that are watched; the fill of a container goes up and down as it is emptied."""

FAR, BEYOND = 6.0, 8.0
"""Standard deviations that the naive policy and the reference take for a fault (defaults)."""

LEVEL, SPREAD, SAME = 16, 24, 10
"""Steps over which a mean and a spread are taken, and equal readings that are taken for stuck (defaults)."""

ROUGHER = 4.0
"""Times its usual spread at which a sensor is taken for noisy (default)."""


def naive(_: Setting) -> Policy:
    """Return the policy that suspects a sensor that is farther from the median of its kind than in the warm-up."""
    learnt: dict[str, tuple[FloatArray, FloatArray]] = {}

    def act(step: Step) -> Actions:
        if step.index < step.first:
            return Actions()
        suspects: list[str] = []
        for name in [name for name in CHECKED if name in step.readings]:
            table = step.readings[name]
            groups = groups_of(table)
            if name not in learnt:
                past = less_median(table.values[: step.first], groups)
                learnt[name] = np.nanmean(past, axis=0), np.nanstd(past, axis=0) + 1e-6
            mean, spread = learnt[name]
            now = less_median(table.values[-1:], groups)[0]
            far = np.nan_to_num(np.abs(now - mean) / spread) > FAR
            suspects += [table.sensors[number] for number in np.flatnonzero(far).tolist()]
        named = [SuspectSensor(sensor=sensor, score=1.0) for sensor in dict.fromkeys(suspects)]
        return Actions(answers=[SensorAnswer(suspects=tuple(named))] if named else [])

    return act


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


class _Peers:
    """Departures of the sensors of one property from the usual and from their peers.

    Parameters
    ----------
    table : Table
        Readings of the warm-up, from the first step of a day.
    """

    def __init__(self, table: Table) -> None:
        self._groups = groups_of(table)
        values = table.values
        days = values[: len(values) // SLOTS * SLOTS].reshape(-1, SLOTS, values.shape[1])
        self._usual = np.nanmedian(days, axis=0)
        past = np.array([self._departure(row, index) for index, row in enumerate(values)])
        windows = np.lib.stride_tricks.sliding_window_view(np.nan_to_num(past), LEVEL, axis=0).mean(axis=-1)
        self._level = windows.std(axis=0) + 0.02
        self._rough = np.nanstd(np.diff(past, axis=0), axis=0) + 0.02
        self._recent: deque[FloatArray] = deque(past[-SPREAD:], SPREAD)
        self._raw: deque[FloatArray] = deque(table.values[-SAME:], SAME)

    def _departure(self, row: FloatArray, index: int) -> FloatArray:
        """Return a step's departures, less those that peers share, shape (n_sensors,)."""
        return np.asarray(less_median((row - self._usual[index % SLOTS])[None], self._groups)[0])

    def suspects(self, row: FloatArray, index: int) -> dict[int, str]:
        """Return the sensors that seem to be broken at a step, and how."""
        self._recent.append(self._departure(row, index))
        self._raw.append(row)
        recent, raw = np.array(self._recent), np.array(self._raw)
        level = np.abs(np.nan_to_num(recent[-LEVEL:]).mean(axis=0)) / self._level > BEYOND
        steps = np.nan_to_num(np.diff(recent, axis=0))
        rough = np.sqrt((steps**2).mean(axis=0)) / self._rough > ROUGHER
        same = (raw == raw[0]).all(axis=0) & (raw[0] != 0) & (np.ptp(recent[-SAME:], axis=0) > BEYOND * self._rough)
        found = dict.fromkeys(np.flatnonzero(level).tolist(), "step")
        found |= dict.fromkeys(np.flatnonzero(rough).tolist(), "noise")
        return found | dict.fromkeys(np.flatnonzero(same).tolist(), "stuck")


def reference(_: Setting) -> Policy:
    """Return the policy that compares each sensor with its own days and with what its peers depart from theirs.

    A mean over hours far from the usual is taken for a step, a spread far above the usual for noise, equal readings while
    the peers change for stuck, unless there is simply nobody.
    """
    peers: dict[str, _Peers] = {}

    def act(step: Step) -> Actions:
        if step.index < step.first:
            return Actions()
        found: dict[str, str] = {}
        for name in [name for name in CHECKED if name in step.readings]:
            table = step.readings[name]
            if name not in peers:
                peers[name] = _Peers(Table(sensors=table.sensors, values=table.values[: step.first]))
            suspects = peers[name].suspects(table.values[-1], step.index)
            found |= {table.sensors[number]: how for number, how in suspects.items()}
        named = [SuspectSensor(sensor=sensor, score=1.0, fault=how) for sensor, how in found.items()]  # type: ignore[arg-type] # the words are those of the contract
        return Actions(answers=[SensorAnswer(suspects=tuple(named))] if named else [])

    return act
