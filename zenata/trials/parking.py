"""parking-forecast: how many of each district's parking bays will be taken in 15 and in 60 minutes.

The loss is the CRPS that deciles approximate (`zenata.trials.forecasts.crps`), the mean over steps, districts and times
ahead. Points are ``100 (1 - loss / loss of nothing)``: what a service does not forecast is taken from the climatology of
the warm-up, and the truth itself gets 100. Of several forecasts of one thing the lowest counts, compared decile by decile:
a service could have given that one alone, so repeats gain nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.random import Generator

from zenata.city.clock import SECOND
from zenata.city.model import City
from zenata.city.readings import FloatArray, IndexArray, IntArray
from zenata.contract.answers import ParkingAnswer, ParkingForecast
from zenata.contract.reports import Chart, Curve, Exhibit
from zenata.trials import exhibits
from zenata.trials.challenge import DAY, Actions, Challenge, Policy, Run, Score, Setting, Step, Table
from zenata.trials.forecasts import LEVELS, coverage, crps, filled, mase, skill
from zenata.trials.variants import planned

AHEAD = (15, 60)
"""Times ahead [min]."""

STEP = 900
"""Time between two forecasts [s]."""

NORMAL = np.array([NormalDist().inv_cdf(level) for level in LEVELS.tolist()])
"""Deciles of a standard normal number."""


def events(chance: Generator) -> tuple[Mapping[str, Any], ...]:
    """Return a gateway in the week that counts that loses the messages of a district's bays for some hours, and a festival."""
    start = int(chance.integers(7 * DAY, 13 * DAY))
    feast = int(chance.integers(7, 14)) * DAY + int(chance.integers(12, 18)) * 3600
    duration = int(chance.integers(2, 9)) * 3600
    return (
        planned("gateway_down", "hidden-gateway", start, duration, kinds=["parking"], lost=True),
        planned("festival", "hidden-festival", feast, 6 * 3600, radius=800),
    )


def check(answer: ParkingAnswer, time: int, city: City) -> None:
    """Raise ValueError if an answer cannot be scored."""
    known = set(districts(city))
    for forecast in answer.forecasts:
        if forecast.district not in known:
            raise ValueError(f"district {forecast.district!r} has no parking bays: use {', '.join(sorted(known))}")
        if forecast.minutes not in AHEAD:
            raise ValueError(f"minutes is {forecast.minutes}: forecast {' or '.join(map(str, AHEAD))} minutes ahead")
        values = np.array(forecast.quantiles)
        if not np.isfinite(values).all() or (np.diff(values) < 0).any():
            raise ValueError(f"quantiles of {forecast.district} must be finite and ascend, from level 0.1 to 0.9")


def districts(city: City) -> list[str]:
    """Return the districts with parking bays, in city order."""
    having = {sensor.district for sensor in city.sensors if sensor.kind == "parking"}
    return [district.id for district in city.districts if district.id in having]


def shares(city: City, taken: Table) -> FloatArray:
    """Return the share of bays that are taken in each district, shape (n_steps, n_districts).

    A bay whose sensor reports nothing in a step is as it was; one that has never reported does not count.
    """
    names = districts(city)
    of = np.array([names.index(city.sensor_by_id[sensor].district) for sensor in taken.sensors])
    values = filled(taken.values)
    member = (of[:, None] == np.arange(len(names))).astype(np.float64)
    known = np.isfinite(values).astype(np.float64) @ member
    return np.asarray(np.nan_to_num(values) @ member / np.maximum(known, 1))


def score(run: Run) -> Score:
    """Return the score of one seed."""
    truth = shares(run.city, run.truth["occupied"])
    training, day = truth[: run.first], DAY // STEP
    climate = np.quantile(training, LEVELS, axis=0).T  # (n_districts, n_levels)
    profile = _profile(training)
    forecast, answered = _forecasts(run, climate)
    measures: dict[str, tuple[float, str]] = {"answered": (answered, "/")}
    loss = idle = 0.0
    for column, minutes in enumerate(AHEAD):
        ahead = minutes * 60 // STEP
        made = np.arange(run.first, len(truth) - ahead)
        observed, quantiles = truth[made + ahead], forecast[made, :, column]
        of_this = float(crps(observed, quantiles).mean())
        loss += of_this / len(AHEAD)
        idle += float(crps(observed, climate[None]).mean()) / len(AHEAD)
        daily = float(crps(observed, profile[(made + ahead) % day]).mean())
        measures |= {
            f"crps_{minutes}": (of_this, "/"),
            f"coverage80_{minutes}": (coverage(observed, quantiles[..., 0], quantiles[..., 8]), "/"),
            f"mase_{minutes}": (mase(observed, quantiles[..., 4], training, day), "1"),
            f"skill_persistence_{minutes}": (skill(of_this, float(np.abs(observed - truth[made]).mean())), "1"),
            f"skill_climatology_{minutes}": (skill(of_this, daily), "1"),
        }
    measures["crps"] = (loss, "/")
    return Score(points=100 * skill(loss, idle) if idle > 0 else 0.0, measures=measures)


def exhibit(run: Run) -> Exhibit:
    """Return the forecasts an hour ahead of the districts that were forecast worst and best."""
    truth = shares(run.city, run.truth["occupied"])
    climate = np.quantile(truth[: run.first], LEVELS, axis=0).T
    forecast, _ = _forecasts(run, climate)
    ahead = AHEAD[-1] * 60 // STEP
    observed, made = truth[run.first + ahead :], forecast[run.first : -ahead, :, -1]
    loss, spread = crps(observed, made).mean(axis=0), observed.std(axis=0)
    order = np.argsort(loss / np.maximum(spread, 1e-9))
    charts = []
    for row in dict.fromkeys((int(order[-1]), int(order[0]))):
        low, middle, high = (exhibits.listed(made[:, row, level]) for level in (0, 4, 8))
        known = Curve(name="truth", values=exhibits.listed(observed[:, row]))
        service = Curve(name="forecast", values=middle, low=low, high=high)
        charts.append(Chart(name="occupied", unit="/", of=districts(run.city)[row], curves=[known, service]))
    events = exhibits.hidden(run)
    return exhibits.exhibit(run, events=events, charts=charts, places={})


def _forecasts(run: Run, climate: FloatArray) -> tuple[FloatArray, float]:
    """Return the forecasts, shape (n_steps, n_districts, n_ahead, n_levels), and the share of them that was given."""
    row = {name: number for number, name in enumerate(districts(run.city))}
    best: dict[tuple[int, int, int], tuple[float, ...]] = {}
    for step, answer in run.answers_of(ParkingAnswer):
        for one in answer.forecasts:
            key = step, row[one.district], AHEAD.index(one.minutes)
            best[key] = min(best.get(key, one.quantiles), one.quantiles)
    forecast = np.empty((len(run.times), len(row), len(AHEAD), len(LEVELS)))
    forecast[:] = climate[None, :, None]
    if best:
        forecast[tuple(np.array(list(best)).T)] = list(best.values())
    return forecast, len(best) / ((len(run.times) - run.first) * len(row) * len(AHEAD))


def _profile(training: FloatArray) -> FloatArray:
    """Return the deciles of each step of the day, shape (n_steps a day, n_districts, n_levels)."""
    day = DAY // STEP
    days = training[: len(training) // day * day].reshape(-1, day, training.shape[1])
    return np.asarray(np.moveaxis(np.quantile(days, LEVELS, axis=0), 0, -1))


def _answer(names: Sequence[str], quantiles: FloatArray) -> ParkingAnswer:
    """Return an answer of quantiles, shape (n_districts, n_ahead, n_levels)."""
    rounded = np.clip(np.round(quantiles, 5), 0, 1).tolist()
    return ParkingAnswer(
        forecasts=tuple(
            ParkingForecast(district=name, minutes=minutes, quantiles=tuple(row[column]))
            for name, row in zip(names, rounded, strict=True)
            for column, minutes in enumerate(AHEAD)
        )
    )


class _Shares:
    """The shares of taken bays as the sensors tell them, step by step.

    Parameters
    ----------
    city : City
    """

    def __init__(self, city: City) -> None:
        self._city = city
        self._bays = np.zeros((1, 0))
        self.past: list[FloatArray] = []

    def add(self, step: Step) -> FloatArray:
        """Take in a step, and return the share of each district, shape (n_districts,)."""
        taken = step.readings["occupied"]
        new = taken.values[-1:]
        self._bays = np.where(np.isfinite(new), new, self._bays) if self.past else new
        self.past.append(shares(self._city, Table(sensors=taken.sensors, values=self._bays))[0])
        return self.past[-1]


def naive(setting: Setting) -> Policy:
    """Return the policy that says that nothing will change."""
    names, seen = districts(setting.city), _Shares(setting.city)

    def act(step: Step) -> Actions:
        now = seen.add(step)
        return Actions(answers=[_answer(names, np.broadcast_to(now[:, None, None], (len(now), 2, len(LEVELS))))])

    return act


def reference(setting: Setting) -> Policy:
    """Return the policy of a daily profile, from which what is left of today's departure fades, with the spread of the warm-up.

    Departures from the profile are taken as autoregressive (AR(1)), weekends as days of their own.
    """
    names, zone, seen = districts(setting.city), setting.city.zone, _Shares(setting.city)
    day, ahead = DAY // STEP, [minutes * 60 // STEP for minutes in AHEAD]
    fitted: list[tuple[FloatArray, FloatArray, FloatArray]] = []

    def rest(times: IntArray) -> IndexArray:
        return np.array([datetime.fromtimestamp(time / SECOND, zone).isoweekday() > 5 for time in times.tolist()], int)

    def fit(step: Step, past: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        times = step.time - (len(past) - 1 - np.arange(len(past))) * STEP * SECOND
        profile = np.zeros((2, day, len(names)))
        for kind in (0, 1):
            for slot in range(day):
                near = (np.abs((np.arange(len(past)) - slot + day // 2) % day - day // 2) <= 1) & (rest(times) == kind)
                profile[kind, slot] = past[near].mean(axis=0) if near.any() else past[slot::day].mean(axis=0)
        departure = past - profile[rest(times), np.arange(len(past)) % day]
        fade, spread = np.zeros((2, len(names))), np.zeros((2, len(names)))
        for column, steps in enumerate(ahead):
            before, after = departure[:-steps], departure[steps:]
            fade[column] = (before * after).sum(axis=0) / np.maximum((before**2).sum(axis=0), 1e-12)
            spread[column] = (after - fade[column] * before).std(axis=0)
        return profile, fade, spread

    def act(step: Step) -> Actions:
        now = seen.add(step)
        if step.index < step.first:
            return Actions()
        if not fitted:
            fitted.append(fit(step, np.array(seen.past)))
        profile, fade, spread = fitted[0]
        steps = np.array([0, *ahead])
        kind = rest(step.time + steps * STEP * SECOND)
        usual = profile[kind, (step.index + steps) % day]
        middle = usual[1:] + fade * (now - usual[0])
        return Actions(answers=[_answer(names, np.moveaxis(middle[..., None] + spread[..., None] * NORMAL, 0, 1))])

    return act


def oracle(setting: Setting) -> Policy:
    """Return the policy that knows what will be."""
    names, truth = districts(setting.city), shares(setting.city, setting.known.truth["occupied"])

    def act(step: Step) -> Actions:
        later = [truth[min(step.index + minutes * 60 // STEP, len(truth) - 1)] for minutes in AHEAD]
        known = np.repeat(np.stack(later, axis=1)[..., None], len(LEVELS), axis=-1)
        return Actions(answers=[_answer(names, known)])

    return act


CHALLENGE = Challenge(
    name="parking-forecast",
    title="Parking forecast",
    summary="Forecast the share of taken parking bays of each district, 15 and 60 minutes ahead, as deciles.",
    kinds=("parking",),
    tick=STEP,
    step=STEP,
    warm_up=7 * DAY,
    duration=7 * DAY,
    events=events,
    answer=ParkingAnswer,
    check=check,
    score=score,
    policies={"naive": naive, "reference": reference, "oracle": oracle},
    exhibit=exhibit,
)
