"""Reference forecasts: how much a plain gradient-boosted model beats climatology and persistence, domain by domain.

Usage: python -m scripts.physics_forecast; takes some minutes. Forecasts are of the next hour, from what a city could know:
the hour, the kind of day, and what was seen up to now. The model is scikit-learn's with its defaults.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor

from scripts.physics_runs import QUARTER, SKY, run
from simulators.domains.base import Domain, sensors_of
from simulators.world.conditions import Conditions
from zenata.city.model import City
from zenata.city.pack import load_city
from zenata.city.readings import FloatArray

SPAN = ("2026-04-05T23:00Z", "2026-05-24T23:00Z")
"""Seven weeks from a Monday on, one holiday among them."""

TRAINED = 5 * 168
"""Hours that are learnt from; the others are forecast."""

SERIES = 40
"""Sensors of a domain at most, evenly spread."""

Reader = Callable[[City, Conditions, dict[str, Domain]], FloatArray]


@dataclass(frozen=True, slots=True)
class History:
    """Hourly means.

    Parameters
    ----------
    values : dict of str to ndarray, shape (n_hours, n_series)
        By domain.
    rest : ndarray of bool, shape (n_hours,)
        Whether most people do not work.
    """

    values: dict[str, FloatArray]
    rest: FloatArray


def _flow(city: City, now: Conditions, domains: dict[str, Domain]) -> FloatArray:
    roads = {street.id: street.road for street in city.streets}
    main = [roads[str(city.sensors[n].attributes["street"])] == "primary" for n in sensors_of(city, "traffic")]
    return domains["traffic"].observe(now)[main, 0]


def _districts(city: City, kind: str, values: FloatArray) -> FloatArray:
    """Return the sum over the sensors of each district."""
    names = [district.id for district in city.districts]
    home = [names.index(city.sensors[number].district) for number in sensors_of(city, kind)]
    return np.bincount(home, values, len(names))


READERS: dict[str, Reader] = {
    "traffic": _flow,
    "parking": lambda city, now, domains: _districts(city, "parking", domains["parking"].observe(now)[:, 0]),
    "crowd": lambda _, now, domains: domains["crowd"].observe(now)[:, 0],
    "air": lambda _, now, domains: domains["air"].observe(now)[:, 0],
    "charger": lambda city, now, _: _districts(city, "charger", now.charger_power),
    "meter": lambda _, now, _domains: now.customer_load.copy(),
    "water": lambda _, _now, domains: np.array([float(domains["water"].arrays["rates"][1])]),
}
"""What is forecast: flows of primary streets, bays taken and power of chargers in each district, people at counters, NO2 at
stations, the load of each district, and what all draw of water."""


def history(city: City, names: tuple[str, ...], span: tuple[str, str] = SPAN) -> History:
    """Simulate some domains, a quarter of an hour a tick."""
    rows: dict[str, list[FloatArray]] = {name: [] for name in names}
    rest = []
    needed = {*SKY, "drainage", *names} | ({"traffic"} if "air" in names else set())
    for now, domains in run(city, tuple(needed), *span, every=QUARTER):
        for name in names:
            rows[name].append(READERS[name](city, now, domains).copy())
        rest.append(now.rest_day)
    values = {}
    for name, taken in rows.items():
        hourly = np.array(taken).reshape(len(taken) // 4, 4, -1).mean(axis=1)
        alive = hourly[:, hourly.mean(axis=0) > 1]
        values[name] = alive[:, np.unique(np.linspace(0, alive.shape[1] - 1, SERIES).astype(int))]
    return History(values, np.array(rest).reshape(-1, 4)[:, 0])


def margins(values: FloatArray, rest: FloatArray) -> tuple[float, float]:
    """Return by how much the model's error is smaller than climatology's and than persistence's, as a share of theirs.

    Errors are root mean squares over all series, each over its own mean.

    Parameters
    ----------
    values : ndarray, shape (n_hours, n_series)
    rest : ndarray of bool, shape (n_hours,)
    """
    scaled = values / values[:TRAINED].mean(axis=0)
    slot = np.arange(len(rest)) % 24 + 24 * rest
    usual = np.zeros((48, scaled.shape[1]))
    for number in range(48):
        some = np.flatnonzero(slot[:TRAINED] == number)
        usual[number] = scaled[some].mean(axis=0) if len(some) else scaled[:TRAINED].mean(axis=0)
    climatology = usual[slot]
    away = scaled - climatology
    hours = np.arange(169, len(scaled))
    features = np.stack([
        climatology[hours], climatology[hours - 1], away[hours - 1], away[hours - 2], away[hours - 24], away[hours - 168],
        np.broadcast_to(_last_day(away)[hours - 1], away[hours].shape),
        np.broadcast_to(away[hours - 1].mean(axis=1, keepdims=True), away[hours].shape),
        np.broadcast_to((hours % 24)[:, None], away[hours].shape),
        np.broadcast_to((hours // 24 % 7)[:, None], away[hours].shape),
        np.broadcast_to(rest[hours, None], away[hours].shape),
    ], axis=-1)  # fmt: skip
    known = hours < TRAINED
    model = HistGradientBoostingRegressor(random_state=1)
    model.fit(features[known].reshape(-1, features.shape[-1]), away[hours][known].ravel())
    later = hours[~known]
    forecast = climatology[later] + model.predict(features[~known].reshape(-1, features.shape[-1])).reshape(
        len(later), -1
    )
    errors = [
        float(np.sqrt(((scaled[later] - guess) ** 2).mean()))
        for guess in (forecast, climatology[later], scaled[later - 1])
    ]
    return 1 - errors[0] / errors[1], 1 - errors[0] / errors[2]


def _last_day(away: FloatArray) -> FloatArray:
    """Return the mean of the last 24 hours up to each, shape (n_hours, n_series)."""
    total = np.cumsum(np.concatenate([np.zeros((1, away.shape[1])), away]), axis=0)
    first = np.maximum(np.arange(len(away)) - 23, 0)
    return np.asarray((total[1:] - total[first]) / (np.arange(len(away)) - first + 1)[:, None])


def main() -> None:
    """Print the margins of every domain."""
    known = history(load_city("zenata"), tuple(READERS))
    print(f"{'next hour':<10} {'over climatology':>18} {'over persistence':>18}")
    for name, values in known.values.items():
        climatology, persistence = margins(values, known.rest)
        print(f"{name:<10} {100 * climatology:>16.0f} % {100 * persistence:>16.0f} %", flush=True)


if __name__ == "__main__":
    main()
