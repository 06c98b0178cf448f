"""air-alert: how likely each station is to exceed a limit of the air within six hours.

A limit is exceeded when the mean of the last 8 or 24 hourly values is above it at the end of an hour. The loss is the Brier
score (`zenata.trials.forecasts.brier`), the mean over hours, stations and pollutants. Points are
``100 (1 - loss / loss of nothing)``: what a service does not answer is taken from the climatology of the warm-up, and the truth
itself gets 100. Of several answers to one thing the lowest probability counts: a service could have given that one alone, so
repeats gain nothing.
"""

from collections.abc import Mapping
from datetime import datetime
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from zenata.city.clock import SECOND
from zenata.city.model import City
from zenata.city.readings import FloatArray
from zenata.contract.answers import AirAlert, AirAnswer
from zenata.contract.challenges import Factor
from zenata.contract.reports import Exhibit
from zenata.trials import exhibits
from zenata.trials.challenge import DAY, Actions, Challenge, Policy, Run, Score, Setting, Step, Table, Tables, learning
from zenata.trials.forecasts import brier, critical_success, filled, skill
from zenata.trials.variants import planned

LIMITS = {"no2": (25.0, 24), "pm10": (100.0, 24), "pm25": (37.5, 24), "o3": (100.0, 8)}
"""Limit [ug/m3] of the mean over so many hours, by pollutant: of the WHO global air quality guidelines (2021, ISBN
978-92-4-003422-8, table 3.26) the guideline itself for NO2 and O3, interim target 2 for PM10 and 3 for PM2.5, as they are
exceeded neither always nor hardly ever (docs/challenges.md)."""

POLLUTANTS = tuple(LIMITS)

AHEAD = 6
"""How far ahead is warned [h]."""

STEP = 3600
"""Time between two answers [s]."""

WARM_UP, DURATION = 7 * DAY, 7 * DAY
"""For learning, and what is scored [s]."""

WARNED = 0.5
"""Probability from which an answer is a warning, for the critical success index."""

RARE = 0.01
"""Share of events below which the skill of a pollutant says nothing, and is not stated (default)."""

LONGEST = max(hours for _, hours in LIMITS.values())
"""Hours after which all means are defined."""

WIDER = 1.3
"""By how much the reference takes forecasts to err more than in the warm-up, whose weather was one (default)."""

RIDGE = 1.0
"""Weight of the ridge of the reference's regression (default)."""


def events(chance: Generator) -> tuple[Mapping[str, Any], ...]:
    """Return one to three episodes of stagnant air, a heat wave, and a gateway that loses a district's messages for hours."""
    found: list[Mapping[str, Any]] = []
    for number in range(int(chance.integers(1, 4))):
        start, factor = int(chance.integers(0, 13 * DAY)), float(chance.uniform(1.2, 1.6))
        found.append(
            planned(
                "pollution_episode",
                f"hidden-episode-{number}",
                start,
                int(chance.integers(12, 31)) * 3600,
                no2=round((1 + factor) / 2, 2),
                pm10=round(factor, 2),
                pm25=round(factor, 2),
                wind=round(float(chance.uniform(0.6, 0.9)), 2),
            )
        )
    heat, gateway = int(chance.integers(5, 12)) * DAY, int(chance.integers(WARM_UP, WARM_UP + 6 * DAY))
    hours = int(chance.integers(2, 9))
    return (
        *found,
        planned("heatwave", "hidden-heatwave", heat, 2 * DAY),
        planned("gateway_down", "hidden-gateway", gateway, hours * 3600, kinds=["air"], lost=True),
    )


def check(answer: AirAnswer, time: int, city: City) -> None:
    """Raise ValueError if an answer cannot be scored."""
    for alert in answer.alerts:
        sensor = city.sensor_by_id.get(alert.station)
        if sensor is None or sensor.kind != "air":
            raise ValueError(f"unknown station {alert.station!r}: name an air quality station, such as air-0001")


def means(tables: Tables) -> FloatArray:
    """Return the mean of each pollutant over the hours of its limit, shape (n_steps, n_stations, n_pollutants) [ug/m3].

    NaN in the first hours, in which it is not defined.
    """
    found = []
    for name, (_, hours) in LIMITS.items():
        values = tables[name].values
        total = np.concatenate([np.zeros((1, values.shape[1])), values.cumsum(axis=0)])
        mean = np.full(values.shape, np.nan)
        mean[hours - 1 :] = (total[hours:] - total[:-hours]) / hours
        found.append(mean)
    return np.stack(found, axis=-1)


def exceeded(tables: Tables) -> npt.NDArray[np.bool_]:
    """Return whether each limit is exceeded at the end of each step, shape (n_steps, n_stations, n_pollutants)."""
    return np.asarray(means(tables) > [limit for limit, _ in LIMITS.values()])


def within(over: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return whether anything happens in the steps ahead, shape (n_steps - AHEAD, ...)."""
    return np.asarray(np.lib.stride_tricks.sliding_window_view(over[1:], AHEAD, axis=0).any(axis=-1))


def climate(over: npt.NDArray[np.bool_]) -> FloatArray:
    """Return how often each station exceeded each limit within the time ahead, shape (n_stations, n_pollutants).

    Parameters
    ----------
    over : ndarray of bool, shape (n_steps, n_stations, n_pollutants)
        Of the warm-up.
    """
    return np.asarray(within(over)[LONGEST - 1 :].mean(axis=0))


def score(run: Run) -> Score:
    """Return the score of one seed."""
    over = exceeded(run.truth)
    usual = climate(over[: run.first])
    made = slice(run.first, len(over) - AHEAD)
    event, lasting = within(over)[made].astype(np.float64), over[made].astype(np.float64)
    stated = _answers(run)[made]
    answered = np.isfinite(stated)
    unmoved = np.broadcast_to(usual, event.shape)
    probability = np.where(answered, stated, unmoved)
    loss, idle = brier(event, probability), brier(event, unmoved)
    warned, onset = (probability >= WARNED).astype(np.float64), lasting == 0
    measures: dict[str, tuple[float, str]] = {
        "answered": (float(answered.mean()), "1"),
        "base_rate": (float(event.mean()), "1"),
        "brier": (loss, "1"),
        "skill_climatology": (skill(loss, idle), "1"),
        "skill_persistence": (skill(loss, brier(event, lasting)), "1"),
        "csi": (critical_success(event, warned), "1"),
        "csi_climatology": (critical_success(event, (unmoved >= WARNED).astype(np.float64)), "1"),
        "csi_persistence": (critical_success(event, lasting), "1"),
        "csi_onset": (critical_success(event[onset], warned[onset]), "1"),
    }
    for column, name in enumerate(POLLUTANTS):
        one, of_this = event[..., column], brier(event[..., column], unmoved[..., column])
        rare = one.mean() < RARE
        measures[f"skill_{name}"] = np.nan if rare else skill(brier(one, probability[..., column]), of_this), "1"
    hours = [foreseen(over[made], chance >= WARNED) for chance in (probability, unmoved)]
    return Score(
        points=100 * skill(loss, idle) if idle > 0 else -100 * loss,
        measures=measures,
        impact={"hours_foreseen": (hours[0] - hours[1], "h")},
    )


def foreseen(over: npt.NDArray[np.bool_], warned: npt.NDArray[np.bool_]) -> float:
    """Return for how many hours stations exceeded a limit that a warning of the hours ahead had named [h].

    Parameters
    ----------
    over, warned : ndarray of bool, shape (n_steps, n_stations, n_pollutants)
        Whether a limit is exceeded at the end of each step, and whether a warning was given then.
    """
    before = np.concatenate([np.zeros((AHEAD, *warned.shape[1:]), dtype=np.bool_), warned])
    named = np.asarray(np.lib.stride_tricks.sliding_window_view(before, AHEAD, axis=0).any(axis=-1))[: len(over)]
    return float((over & named).sum()) * STEP / 3600


def exhibit(run: Run) -> Exhibit:
    """Return the share of stations that come to exceed each limit, and the share that was forecast."""
    over = exceeded(run.truth)
    made = slice(run.first, len(over) - AHEAD)
    event, stated = within(over)[made].astype(np.float64), _answers(run)[made]
    probability = np.where(np.isfinite(stated), stated, climate(over[: run.first]))
    charts = [
        exhibits.chart(
            name,
            "/",
            {"truth": event[..., column].mean(axis=1), "forecast": probability[..., column].mean(axis=1)},
            f"> {limit:g} ug/m3",
        )
        for column, (name, (limit, _)) in enumerate(LIMITS.items())
        if event[..., column].mean() >= RARE
    ]
    return exhibits.exhibit(run, events=exhibits.hidden(run), charts=charts, places={})


def _answers(run: Run) -> FloatArray:
    """Return the probabilities, infinite where none was stated, shape (n_steps, n_stations, n_pollutants)."""
    row = {name: number for number, name in enumerate(run.truth[POLLUTANTS[0]].sensors)}
    column = {name: number for number, name in enumerate(POLLUTANTS)}
    stated = np.full((len(run.times), len(row), len(column)), np.inf)
    for step, answer in run.answers_of(AirAnswer):
        for alert in answer.alerts:
            at = step, row[alert.station], column[alert.pollutant]
            stated[at] = min(stated[at], alert.probability)
    return stated


def _answer(stations: tuple[str, ...], probability: FloatArray) -> Actions:
    """Return an answer of probabilities, shape (n_stations, n_pollutants)."""
    rounded = np.clip(np.round(probability, 4), 0, 1).tolist()
    alerts = tuple(
        AirAlert(station=station, pollutant=name, probability=value)  # type: ignore[arg-type] # the words are those of the contract
        for station, values in zip(stations, rounded, strict=True)
        for name, value in zip(POLLUTANTS, values, strict=True)
    )
    return Actions(answers=[AirAnswer(alerts=alerts)])


def known(tables: Tables, steps: int) -> Tables:
    """Return the last readings, those that did not come being taken from the hour before, or else from the other stations."""
    found = {}
    for name in POLLUTANTS:
        values = filled(tables[name].values[-steps:])
        values = np.where(np.isfinite(values), values, np.nanmedian(values, axis=1, keepdims=True))
        found[name] = Table(sensors=tables[name].sensors, values=values)
    return found


def naive(setting: Setting) -> Policy:
    """Return the policy of the better of climatology and persistence, which the warm-up shows for each pollutant."""

    def learn(step: Step) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
        over = exceeded(known(step.readings, step.index + 1))
        usual, lasting = climate(over), over[LONGEST - 1 : -AHEAD]
        event = within(over)[LONGEST - 1 :].astype(np.float64)
        losses = [((guess - event) ** 2).mean(axis=(0, 1)) for guess in (usual, lasting.astype(np.float64))]
        return usual, losses[1] <= losses[0]

    def act(step: Step, learnt: tuple[FloatArray, npt.NDArray[np.bool_]]) -> Actions:
        usual, lasts = learnt
        now = exceeded(known(step.readings, LONGEST))[-1]
        return _answer(step.readings[POLLUTANTS[0]].sensors, np.where(lasts, now, usual))

    return learning(learn, act)


class _Regression:
    """Linear regression of the logarithm of the highest mean ahead, for one pollutant and all stations together.

    So it learns from every hour, also where a limit was never exceeded; its normal errors give the probability.

    Parameters
    ----------
    name : str
        The pollutant.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._limit, self._hours = LIMITS[name]
        self._weights = np.zeros((0, 0))
        self._spread = 1.0

    def _features(self, values: FloatArray, hours: FloatArray) -> FloatArray:
        """Return what is known at the end of each step that has the hours of a mean behind it, shape (n, n_stations, k).

        Parameters
        ----------
        values : ndarray, shape (n_steps, n_stations) [ug/m3]
        hours : ndarray, shape (n_steps,)
            Time of day [h].
        """
        logs = np.log(np.maximum(values, 0.1))
        windows = np.lib.stride_tricks.sliding_window_view(values, self._hours, axis=0)
        stay = np.log(np.maximum(windows[..., AHEAD:].mean(axis=-1), 0.1))  # what will still be in the mean then
        mean = np.log(np.maximum(windows.mean(axis=-1), 0.1))
        now = logs[self._hours - 1 :]
        recent = np.lib.stride_tricks.sliding_window_view(logs, 3, axis=0).mean(axis=-1)[self._hours - 3 :]
        everywhere = np.broadcast_to(now.mean(axis=1, keepdims=True), now.shape)
        angle = 2 * np.pi * hours[self._hours - 1 :, None] / 24
        courses = [np.broadcast_to(wave(n * angle), now.shape) for n in (1, 2) for wave in (np.sin, np.cos)]
        leading = [mean, stay, now, recent, everywhere]
        return np.stack([np.ones_like(now), *leading, *courses, *(wave * now for wave in courses[:2])], axis=-1)

    def fit(self, values: FloatArray, hours: FloatArray) -> None:
        """Learn from the warm-up."""
        features = self._features(values, hours)[:-AHEAD]
        means = np.lib.stride_tricks.sliding_window_view(values, self._hours, axis=0).mean(axis=-1)
        highest = np.lib.stride_tricks.sliding_window_view(means[1:], AHEAD, axis=0).max(axis=-1)
        x, y = features.reshape(-1, features.shape[-1]), np.log(np.maximum(highest, 0.1)).ravel()
        self._weights = np.linalg.solve(x.T @ x + RIDGE * np.eye(x.shape[1]), x.T @ y)
        self._spread = WIDER * float((y - x @ self._weights).std()) + 1e-6

    def probability(self, values: FloatArray, hours: FloatArray) -> FloatArray:
        """Return how likely the limit is exceeded, shape (n_stations,), from the readings of the hours of its mean."""
        expected = self._features(values, hours)[-1] @ self._weights
        z = (expected - np.log(self._limit)) / self._spread
        return np.array([NormalDist().cdf(one) for one in z.tolist()])


def reference(setting: Setting) -> Policy:
    """Return the policy that regresses the highest mean ahead on what is known now, and takes its errors for normal."""

    def hours(step: Step, count: int) -> FloatArray:
        times = step.time - STEP * SECOND * np.arange(count)[::-1]
        local = [datetime.fromtimestamp(time / SECOND, setting.city.zone) for time in times.tolist()]
        return np.array([one.hour + one.minute / 60 for one in local])

    def learn(step: Step) -> dict[str, _Regression]:
        past, models = known(step.readings, step.index + 1), {name: _Regression(name) for name in POLLUTANTS}
        for name, model in models.items():
            model.fit(past[name].values, hours(step, step.index + 1))
        return models

    def act(step: Step, models: dict[str, _Regression]) -> Actions:
        now, at = known(step.readings, LONGEST), hours(step, LONGEST)
        chances = [model.probability(now[name].values, at) for name, model in models.items()]
        return _answer(now[POLLUTANTS[0]].sensors, np.stack(chances, axis=-1))

    return learning(learn, act)


def oracle(setting: Setting) -> Policy:
    """Return the policy that knows what will be."""
    stations = setting.known.truth[POLLUTANTS[0]].sensors
    event = within(exceeded(setting.known.truth)).astype(np.float64)

    def act(step: Step) -> Actions:
        return _answer(stations, event[step.index]) if step.index < len(event) else Actions()

    return act


CHALLENGE = Challenge(
    name="air-alert",
    title="Air alert",
    summary="Say how likely each station is to exceed a limit of NO2, PM10, PM2.5 or O3 within the next six hours.",
    kinds=("air",),
    tick=900,
    step=STEP,
    warm_up=WARM_UP,
    duration=DURATION,
    events=events,
    answer=AirAnswer,
    check=check,
    score=score,
    policies={"naive": naive, "reference": reference, "oracle": oracle},
    exhibit=exhibit,
    factors=tuple(
        Factor(
            name=name,
            value=limit,
            unit=f"ug/m3, mean of {hours} h",
            source="WHO global air quality guidelines 2021, table 3.26",
        )
        for name, (limit, hours) in LIMITS.items()
    ),
)
