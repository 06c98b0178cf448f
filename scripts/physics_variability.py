"""Measures of how predictable the city is: how days, places, streets and seeds differ.

Usage: python -m scripts.physics_variability [june] [seeds] [january]; all of it takes some minutes.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from scripts import physics_runs
from scripts.physics_runs import MINUTE, QUARTER, SKY, run
from simulators.domains.base import Domain, sensors_of
from simulators.world.conditions import Conditions
from zenata.city.model import City
from zenata.city.pack import load_city
from zenata.city.readings import FloatArray

FORTNIGHT = ("2026-06-07T23:00Z", "2026-06-21T23:00Z")
"""Two weeks of June from a Monday on, one holiday among them (17 June)."""

WINTER = ("2026-01-11T23:00Z", "2026-02-08T23:00Z")
"""Four weeks from a Monday on, one holiday among them (14 January)."""

WORKING_DAYS = (0, 1, 2, 3, 4, 7, 8, 10, 11)
"""Working days of `FORTNIGHT`, counted from its beginning."""

GREEN = 4 / 9
"""Share of the cycle that a signal is green by default: half of 90 s less 5 s."""

CONGESTED = 0.25
"""Occupancy over which a detector sees a queue."""

NAMES = (*SKY, "drainage", "traffic", "parking", "crowd", "charger", "meter", "waste", "water")

Values = dict[str, float]


@dataclass(frozen=True, slots=True)
class Fortnight:
    """Two weeks of the whole city.

    Parameters
    ----------
    flow : ndarray, shape (336, n_detectors)
        Vehicles in each hour at each detector.
    links : ndarray, shape (336, n_streets)
        Vehicles that reach the end of each street in each hour.
    occupancy : ndarray, shape (20160, n_detectors)
        Of detectors in each minute.
    parked : ndarray, shape (1344, n_districts)
        Bays taken in each district, each quarter of an hour.
    people : ndarray, shape (336, n_counters)
        Hourly means of people at the counters.
    drawn : dict of str to ndarray, shape (336,)
        Hourly means of what the city draws and throws away.
    """

    flow: FloatArray
    links: FloatArray
    occupancy: FloatArray
    parked: FloatArray
    people: FloatArray
    drawn: dict[str, FloatArray]


def fortnight(city: City) -> Fortnight:
    """Simulate two weeks of June, a minute a tick."""
    districts = [district.id for district in city.districts]
    home = np.array([districts.index(city.sensors[place].district) for place in sensors_of(city, "parking")])
    flow, links, occupancy, parked, people = [], [], [], [], []
    drawn: dict[str, list[float]] = {name: [] for name in ("water", "charger", "customers", "waste")}
    for now, domains in run(city, NAMES, *FORTNIGHT, every=MINUTE):
        seen = domains["traffic"].observe(now)
        flow.append(seen[:, 0])
        links.append(now.link_flow / 60)
        occupancy.append(seen[:, 2])
        people.append(domains["crowd"].observe(now)[:, 0].copy())
        if now.time % QUARTER == 0:
            parked.append(np.bincount(home, domains["parking"].observe(now)[:, 0], len(districts)))
        drawn["water"].append(float(domains["water"].arrays["rates"][1]))
        drawn["charger"].append(float(now.charger_power.sum()))
        drawn["customers"].append(float(now.customer_load.sum()))
        drawn["waste"].append(float(domains["waste"].arrays["totals"][0]))
    drawn["waste"] = [float(part) for part in np.diff(drawn["waste"], prepend=drawn["waste"][0])]
    return Fortnight(
        flow=np.array(flow).reshape(336, 60, -1).sum(axis=1),
        links=np.array(links).reshape(336, 60, -1).sum(axis=1),
        occupancy=np.array(occupancy),
        parked=np.array(parked),
        people=np.array(people).reshape(336, 60, -1).mean(axis=1),
        drawn={name: np.array(rows).reshape(336, 60).mean(axis=1) for name, rows in drawn.items()},
    )


def variation(daily: FloatArray) -> FloatArray:
    """Return the coefficient of variation of daily totals, shape (n_days, ...), over the days [%]."""
    return np.asarray(100 * daily.std(axis=0, ddof=1) / np.maximum(daily.mean(axis=0), 1e-9))


def june(city: City) -> Values:
    """Return what two weeks of June say of days and streets."""
    weeks = fortnight(city)
    days = list(WORKING_DAYS)
    flow = weeks.flow.reshape(14, 24, -1)[days]
    busy = flow.sum(axis=1).mean(axis=0) > 500
    total = flow.sum(axis=1)
    floor = 100 / np.sqrt(total.mean(axis=0))
    values = {
        "traffic, whole city: CV of working days [%]": float(variation(total.sum(axis=1))),
        "traffic, median detector: CV of working days less Poisson [%]": float(
            np.median(np.sqrt(np.maximum(variation(total)[busy] ** 2 - floor[busy] ** 2, 0)))
        ),
        "traffic: error of climatology over the Poisson floor, hourly, median detector": float(
            np.median(_climatology(flow[:, 6:22])[busy])
        ),
    }
    for name, series in weeks.drawn.items():
        values[f"{name}: CV of working days [%]"] = float(variation(series.reshape(14, 24)[days].mean(axis=1)))
    people = weeks.people.reshape(14, 24, -1)[days].mean(axis=1)
    values["crowd, whole city: CV of working days [%]"] = float(variation(people.sum(axis=1)))
    values |= _parking(weeks.parked.reshape(14, 96, -1)[days])
    values["occupancy over 0.25: share of detector minutes [%]"] = 100 * float((weeks.occupancy > CONGESTED).mean())
    busiest = weeks.occupancy.reshape(14, 24, 60, -1)[days][:, [7, 8, 17, 18]]
    values["the same in the peaks of working days [%]"] = 100 * float((busiest > CONGESTED).mean())
    return values | _saturation(city, weeks.links.reshape(14, 24, -1)[days].mean(axis=0))


def _climatology(flow: FloatArray) -> FloatArray:
    """Return the error of the other days' mean at each hour over the Poisson floor, shape (n_detectors,)."""
    count = len(flow)
    mean = (flow.sum(axis=0) - flow) / (count - 1)
    floor = np.sqrt(flow.mean(axis=(0, 1)) * (1 + 1 / (count - 1)))
    return np.asarray(np.sqrt(((flow - mean) ** 2).mean(axis=(0, 1))) / np.maximum(floor, 1e-9))


def _parking(parked: FloatArray) -> Values:
    """Return how far a forecast of a district's bays an hour ahead is off: climatology and what is left of today's."""
    count = parked.max(axis=(0, 1))
    mean = parked.mean(axis=0)
    away = parked - mean
    share = np.clip(mean / np.maximum(count, 1), 0.01, 0.99)
    floor = np.sqrt((count * share * (1 - share)).mean(axis=0))
    before, after = away[:, 24:88], away[:, 28:92]
    slope = (before * after).sum(axis=(0, 1)) / np.maximum((before**2).sum(axis=(0, 1)), 1e-9)
    error = np.sqrt(((after - slope * before) ** 2).mean(axis=(0, 1)))
    full = count > 20
    return {
        "parking: error an hour ahead over the binomial floor, median district": float(
            np.median((error / floor)[full])
        ),
        "parking: error of climatology over the binomial floor, median district": float(
            np.median((np.sqrt((away[:, 24:92] ** 2).mean(axis=(0, 1))) / floor)[full])
        ),
    }


def _saturation(city: City, flow: FloatArray) -> Values:
    """Return volume over capacity of the streets in their busiest hour; `flow` is shaped (24, n_streets) [1/h]."""
    per_lane = {"motorway": 2000.0, "primary": 1800.0, "secondary": 1700.0, "residential": 1500.0}
    values: Values = {}
    ratio = np.array([
        busiest / (per_lane[street.road] * street.lanes * _open(street.road, signal=street.signal))
        for busiest, street in zip(flow.max(axis=0).tolist(), city.streets, strict=True)
    ])  # fmt: skip
    for road in per_lane:
        mine = ratio[[street.road == road for street in city.streets]]
        low, middle, high = np.percentile(mine, (50, 90, 100)).tolist()
        values[f"v/c in the busiest hour, {road}: median"] = low
        values[f"v/c in the busiest hour, {road}: 90th percentile"] = middle
        values[f"v/c in the busiest hour, {road}: highest"] = high
    return values


def _open(road: str, *, signal: bool) -> float:
    """Return the share of the saturation flow that a street's end lets through."""
    if signal:
        return GREEN
    return 1.0 if road == "motorway" else 0.6


def seeds(city: City) -> Values:
    """Return how much a working day differs over twenty seeds."""
    rows = []
    for seed in range(20):
        totals = np.zeros(3)
        for now, domains in _seeded(city, seed):
            totals += (
                now.link_flow.sum(),
                domains["parking"].observe(now).sum(),
                domains["crowd"].observe(now).sum(),
            )
        rows.append(totals)
    return {
        f"{name}: CV of a day over twenty seeds [%]": float(value)
        for name, value in zip(("traffic", "parking", "crowd"), variation(np.array(rows)), strict=True)
    }


def _seeded(city: City, seed: int) -> Iterator[tuple[Conditions, dict[str, Domain]]]:
    """Return the ticks of a working day of a seed, a quarter of an hour each."""
    before, physics_runs.SEED = physics_runs.SEED, seed
    try:
        span = "2026-06-08T23:00Z", "2026-06-09T23:00Z"
        yield from run(city, (*SKY, "traffic", "parking", "crowd"), *span, every=QUARTER)
    finally:
        physics_runs.SEED = before


def january(city: City) -> Values:
    """Return what four weeks of January say of the air."""
    numbers = sensors_of(city, "air")
    level = np.array([
        domains["air"].observe(now).copy()
        for now, domains in run(city, (*SKY, "traffic", "air"), *WINTER, every=QUARTER)
    ]).reshape(28, 24, 4, len(numbers), 5).mean(axis=2)  # fmt: skip
    stations = [city.sensors[number] for number in numbers]
    roads = {street.id: street.road for street in city.streets}
    road = np.array([roads.get(str(station.attributes.get("street")), "") for station in stations])
    hourly = level.reshape(28 * 24, len(numbers), 5)
    scale = 111_195.0 * np.array([np.cos(np.radians(33.65)), 1.0])
    where = np.array([(station.longitude, station.latitude) for station in stations]) * scale
    distance = np.hypot(*np.moveaxis(where[:, None] - where, 2, 0))
    values: Values = {}
    away = road == ""
    for name, place in (("NO2", 0), ("PM10", 1)):
        mean = hourly[..., place].mean(axis=0)
        values[f"{name}: stations at primaries over those away from streets [%]"] = 100 * float(
            mean[road == "primary"].mean() / mean[away].mean() - 1
        )
        correlation = np.corrcoef(hourly[..., place].T)
        for low, high in ((0, 500), (500, 1500), (1500, 3000), (3000, 9000)):
            some = (distance > low) & (distance <= high) & away[:, None] & away
            values[f"{name}: correlation of hours over {low} to {high} m"] = float(np.median(correlation[some]))
    daily = level.mean(axis=1)
    fine = [np.corrcoef(daily[:, n, 2], daily[:, n, 1])[0, 1] for n in range(len(numbers))]
    values["PM2.5 and PM10: correlation of days, median station"] = float(np.median(fine))
    values["PM2.5 over PM10: mean"] = float((level[..., 2] / level[..., 1]).mean())
    values["PM2.5 above PM10: share of hours [%]"] = 100 * float((level[..., 2] > level[..., 1]).mean())
    values["NO2: highest hour, median station [ug/m3]"] = float(np.median(hourly[..., 0].max(axis=0)))
    return values


PARTS: Mapping[str, Callable[[City], Values]] = {"june": june, "seeds": seeds, "january": january}


def main(names: list[str]) -> None:
    """Print what is named, or all."""
    city = load_city("zenata")
    for name in names or PARTS:
        for quantity, value in PARTS[name](city).items():
            print(f"{quantity:<90} {value:10.3f}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
