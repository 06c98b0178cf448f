"""Reference forecasts: how much a plain gradient-boosted model beats climatology and persistence, and what chance leaves.

Usage: python -m scripts.physics_forecast; takes some minutes. Forecasts are of the quarter of an hour that begins 15, 30 or
60 min ahead, from what a city could know: the hour, the kind of day, and what was seen up to now. The model is
scikit-learn's, with large leaves, as most of what it sees is chance; climatology is the mean of the same quarter and those beside it
on days of the same kind, persistence the newest quarter. No forecast can foresee chance: two futures of one moment, in which demand is the same and other numbers
are drawn, differ by what even one who knows all rates would be wrong by.
"""

from collections.abc import Callable, Collection
from copy import deepcopy
from dataclasses import dataclass, field

import numpy as np
from threadpoolctl import threadpool_limits

from scripts.physics_runs import MINUTE, QUARTER, SKY, run
from simulators.domains.base import Domain, sensors_of
from simulators.world.conditions import Conditions
from zenata.city.clock import parse_time
from zenata.city.model import City
from zenata.city.pack import load_city
from zenata.city.readings import FloatArray

SPAN = ("2026-04-05T23:00Z", "2026-05-10T23:00Z")
"""Five weeks from a Monday on, one holiday among them."""

DAY = 96
"""Quarters of an hour in a day."""

SERIES = 40
"""Sensors or districts of a domain at most, evenly spread."""

HORIZONS = {15: 1, 30: 2, 60: 4}
"""Minutes ahead, and in quarters of an hour."""

BESIDE = (0.1, 0.2, 0.4, 0.2, 0.1)
"""Weights of a quarter and those beside it in the climatology: a fortnight has too few days to know each by itself."""

TWINS_EVERY = 4
"""Quarters of an hour between two moments of which another future is looked at."""

Reader = Callable[[City, Conditions, dict[str, Domain]], FloatArray]


@dataclass(frozen=True, slots=True)
class History:
    """Means of quarters of an hour, from a local midnight on.

    Parameters
    ----------
    values : dict of str to ndarray, shape (n_quarters, n_series)
        By domain.
    rest : ndarray of bool, shape (n_quarters,)
        Whether most people do not work.
    hints : dict of str to ndarray, shape (n_quarters, n_series, len(HORIZONS))
        What else tells of each horizon, of some domains.
    chance : dict of str to ndarray, shape (n_moments, len(HORIZONS), n_series)
        By how much two futures of a moment differ at each horizon; empty where nobody has looked.
    """

    values: dict[str, FloatArray]
    rest: FloatArray
    hints: dict[str, FloatArray]
    chance: dict[str, FloatArray] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Margins:
    """By how much the model's error is smaller than those of climatology and persistence, as a share of theirs.

    Parameters
    ----------
    climatology, persistence : float
    possible : tuple of float
        The most that any forecast could gain over either; not a number where nobody has looked at what chance leaves.
    """

    climatology: float
    persistence: float
    possible: tuple[float, float]


def _districts(city: City, kind: str, values: FloatArray) -> FloatArray:
    """Return the sum over the sensors of each district."""
    names = [district.id for district in city.districts]
    home = [names.index(city.sensors[number].district) for number in sensors_of(city, kind)]
    return np.bincount(home, values, len(names)).astype(np.float64)


def _observed(kind: str) -> Reader:
    return lambda _city, now, domains: domains[kind].observe(now)[:, 0]


def _by_district(kind: str) -> Reader:
    return lambda city, now, domains: _districts(city, kind, domains[kind].observe(now)[:, 0])


def _traffic(city: City, now: Conditions, domains: dict[str, Domain]) -> FloatArray:
    roads = {street.id: street.road for street in city.streets}
    main = [roads[str(city.sensors[n].attributes["street"])] == "primary" for n in sensors_of(city, "traffic")]
    return domains["traffic"].observe(now)[main, 0]


READERS: dict[str, Reader] = {
    "traffic": _traffic,
    "parking": _by_district("parking"),
    "crowd": _observed("crowd"),
    "charger": _by_district("charger"),
    "water": lambda _city, _now, domains: np.array([float(domains["water"].arrays["rates"][1])]),
    "meter": lambda _city, now, _domains: now.customer_load.copy(),
    "air": _observed("air"),
}
"""What is forecast: flows of primary streets, bays taken and power of chargers in each district, people at counters, what
all draw of water, the load of each district, and NO2 at stations."""


def _sessions(city: City, now: Conditions, domains: dict[str, Domain]) -> FloatArray:
    """Return the power of sessions that will go on, as drivers' apps say, shape (n_districts, len(HORIZONS)) [W]."""
    power, _, _, wanted, departure = domains["charger"].observe(now).T
    goes_on = [(departure > minutes) & (1000 * wanted > power * minutes / 60) for minutes in HORIZONS]
    return np.stack([_districts(city, "charger", power * part) for part in goes_on], axis=1)


HINTS: dict[str, Reader] = {"charger": _sessions}

DISTRICTS = READERS | {"traffic": _by_district("traffic")}
"""The same with flows of all detectors of a district: in ticks of a quarter of an hour each counts its last minute alone."""


def history(
    city: City,
    names: Collection[str],
    span: tuple[str, str] = SPAN,
    *,
    every: int = QUARTER,
    readers: dict[str, Reader] = READERS,
    series: int = SERIES,
    twins_from: float = 1.0,
) -> History:
    """Simulate some domains, `every` a tick [us]; from a share of the time on, other futures too."""
    rows: dict[str, list[FloatArray]] = {name: [] for name in names}
    rest: list[bool] = []
    hints: dict[str, list[FloatArray]] = {name: [] for name in names if name in HINTS}
    needed = {*SKY, "drainage", *names} | ({"traffic"} if "air" in names else set())
    apart: dict[str, list[FloatArray]] = {name: [] for name in names}
    begin, end = (parse_time(moment) for moment in span)
    twins = range(int(begin + twins_from * (end - begin)), end - max(HORIZONS) * MINUTE)
    for now, domains in run(city, tuple(needed), *span, every=every):
        for name in names:
            rows[name].append(readers[name](city, now, domains).copy())
        rest.append(now.rest_day)
        for name, seen in hints.items():
            seen.append(HINTS[name](city, now, domains))
        if now.time in twins and now.time % (TWINS_EVERY * QUARTER) == 0:
            one, other = (
                _future(city, now, domains, {name: readers[name] for name in names}, every, n) for n in (1, 2)
            )
            for name in names:
                apart[name].append(one[name] - other[name])
    ticks = QUARTER // every
    values, known, chance = {}, {}, {}
    for name, taken in rows.items():
        means = np.array(taken).reshape(len(taken) // ticks, ticks, -1).mean(axis=1)
        alive = np.flatnonzero(means.mean(axis=0) > 1)
        chosen = alive[np.unique(np.linspace(0, len(alive) - 1, series).astype(int))]
        values[name] = means[:, chosen]
        if name in hints:
            known[name] = np.array(hints[name])[ticks - 1 :: ticks, chosen]
        if apart[name]:
            chance[name] = np.array(apart[name])[:, :, chosen]
    return History(values, np.array(rest)[::ticks], known, chance)


def _future(
    city: City, now: Conditions, domains: dict[str, Domain], readers: dict[str, Reader], every: int, number: int
) -> dict[str, FloatArray]:
    """Return what will be seen at each horizon if other numbers are drawn from now on, shape (len(HORIZONS), n_series).

    Sky and demand follow from the seed that they were made with, and are what they will be.
    """
    now, domains = deepcopy((now, domains), {id(shared): shared for shared in (city, now.zone)})
    now.seed += 1000 * number
    seen: dict[str, list[FloatArray]] = {name: [] for name in readers}
    for _ in range(max(HORIZONS.values())):
        sums = {name: np.zeros(1) for name in readers}
        for _ in range(QUARTER // every):
            now.move_to(now.time + every)
            for domain in domains.values():
                domain.step(now)
            for name, read in readers.items():
                sums[name] = sums[name] + read(city, now, domains)
        for name, total in sums.items():
            seen[name].append(total * every / QUARTER)
    return {name: np.array(rows)[[ahead - 1 for ahead in HORIZONS.values()]] for name, rows in seen.items()}


def margins(known: History, name: str, ahead: int, *, trained: float = 0.75) -> Margins:
    """Train a model on the first weeks and return its margins on the others.

    Errors are root mean squares over all series, each over its own mean.

    Parameters
    ----------
    known : History
    name : str
        Of the domain.
    ahead : int
        Quarters of an hour.
    trained : float
        Share of the time that is learnt from.
    """
    values, rest = known.values[name], known.rest
    split = int(len(values) * trained)
    usual_level = values[:split].mean(axis=0)
    scaled = values / usual_level
    slot = np.arange(len(rest)) % DAY + DAY * rest
    usual = np.zeros((2 * DAY, scaled.shape[1]))
    for number in range(2 * DAY):
        some = np.flatnonzero(slot[:split] == number)
        usual[number] = scaled[some].mean(axis=0) if len(some) else scaled[:split].mean(axis=0)
    by_kind = usual.reshape(2, DAY, -1)  # the last quarter of a day is beside the first
    beside = [weight * np.roll(by_kind, place - 2, axis=1) for place, weight in enumerate(BESIDE)]
    usual = np.sum(beside, axis=0).reshape(usual.shape)
    climatology = usual[slot]
    away = scaled - climatology
    newest = np.arange(DAY, len(scaled) - ahead)
    wanted = newest + ahead
    recent = _mean_of_last(away, 4)
    columns = (
        climatology[wanted] - climatology[newest], climatology[newest], away[newest], away[newest - 1], away[newest - 2],
        away[newest - 3], recent[newest], _mean_of_last(away, 8)[newest], away[wanted - DAY], _mean_of_last(away, DAY)[newest], away[newest].mean(axis=1, keepdims=True),
        recent[newest].mean(axis=1, keepdims=True), (wanted % DAY)[:, None], rest[wanted, None],
    )  # fmt: skip
    features = np.stack([np.broadcast_to(column, away[newest].shape) for column in columns], axis=-1)
    if name in known.hints:
        features = np.concatenate([features, known.hints[name][newest] / usual_level[:, None]], axis=-1)
    past = wanted < split
    from sklearn.ensemble import HistGradientBoostingRegressor  # here alone: every worker of the tests reads this file

    model = HistGradientBoostingRegressor(
        learning_rate=0.05, max_iter=150, max_leaf_nodes=15, min_samples_leaf=_leaf(away[newest][past]), random_state=1
    )
    change = away[wanted] - away[newest]
    with threadpool_limits(1):  # threads that wait for each other take far longer on a busy machine
        model.fit(features[past].reshape(-1, features.shape[-1]), change[past].ravel())
    found = model.predict(features[~past].reshape(-1, features.shape[-1])).reshape((~past).sum(), -1)
    later = wanted[~past]
    errors = [
        float(np.sqrt(((scaled[later] - guess) ** 2).mean()))
        for guess in (climatology[later] + away[later - ahead] + found, climatology[later], scaled[later - ahead])
    ]
    chance = np.nan
    if name in known.chance:
        apart = known.chance[name][:, list(HORIZONS.values()).index(ahead)] / usual_level
        chance = float(np.sqrt((apart**2).mean() / 2))  # each of two is off by as much
    return Margins(
        1 - errors[0] / errors[1], 1 - errors[0] / errors[2], (1 - chance / errors[1], 1 - chance / errors[2])
    )


def _leaf(learnt: FloatArray) -> int:
    """Return the least number of samples in a leaf: a sixtieth of what is learnt, 20 (the default) to 200."""
    return int(np.clip(learnt.size // 60, 20, 200))


def _mean_of_last(values: FloatArray, count: int) -> FloatArray:
    """Return the mean of the last `count` rows up to each, shape (n, n_series)."""
    total = np.cumsum(np.concatenate([np.zeros((1, values.shape[1])), values]), axis=0)
    first = np.maximum(np.arange(len(values)) - count + 1, 0)
    return np.asarray((total[1:] - total[first]) / (np.arange(len(values)) - first + 1)[:, None])


def main() -> None:
    """Print the margins of every domain."""
    city = load_city("zenata")
    minutes = ("traffic", "crowd")  # where a tick of a quarter of an hour shows its last minute alone
    rest = [name for name in READERS if name not in (*minutes, "water")]
    parts = [
        history(city, minutes, every=MINUTE, twins_from=0.75),
        history(city, rest, twins_from=0.75),
        history(city, ["water"]),  # EPANET's networks have no twins
    ]
    print(f"{'domain':<10} {'min ahead':>10} {'over climatology, possible':>28} {'over persistence, possible':>28}")
    for known in parts:
        for name in known.values:
            for minutes_ahead, ahead in HORIZONS.items():
                found = margins(known, name, ahead)
                print(
                    f"{name:<10} {minutes_ahead:>10} {100 * found.climatology:>18.0f} of {100 * found.possible[0]:>3.0f} %"
                    f" {100 * found.persistence:>18.0f} of {100 * found.possible[1]:>3.0f} %",
                    flush=True,
                )


if __name__ == "__main__":
    main()
