"""Demand variability: how days and districts depart from their usual course, shared by every domain of a world.

A domain keeps its usual course of the day and multiplies it by the factor of its sector::

    factors = now.demand_factors("water")                  # shape (n_districts,), mean 1 over many days
    demand = usual_course * factors[district_of_customer]  # rows in the order of city.districts

`Demand.absent` says which households of a sample are away on holiday, for domains that follow single households.

Factors are functions of the city, the seed and the local time alone: there is no state to save, and any chunking of a run
and any choice of domains gives the same ones. They are made of

- a day of the city and a day of each district, both with a memory of days, so that what a day is like can be learnt
  from the day before and from the neighbours (within some kilometres). Half of the variance is shared by all sectors (default): a busy day on the
  streets is one for parking bays too;
- hours of the city and of each district, with a memory of hours: a rush comes early or late, a place is busier than
  yesterday. So what was counted up to now tells of the next hour, more than the usual course does;
- the calendar: weekdays differ, a working day between two days of rest is quiet, the day before a holiday is busy, and
  households travel in summer;
- rain, where the sector is known to react to it. What else a domain does with the weather is its own.

Events act through `simulators.world.disturbance`, not here.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from simulators.world.calendar import Calendar
from simulators.world.draws import Stream, draws
from zenata.city.model import City
from zenata.city.readings import FloatArray

NODES = 12
"""Times of a local day at which factors are computed; between two they are interpolated."""

DAY_MEMORY, HOUR_MEMORY = 0.6, 3.0
"""Correlation of a day with the next; time after which the part of the hours has forgotten itself [h] (defaults)."""

REACH = 1_500.0
"""Distance over which the correlation of districts falls to 1/e [m] (default)."""

SHARED = 0.5
"""Share of the variance that all sectors have in common (default)."""

DAYS_BACK, NODES_BACK = 10, 12
"""How many earlier innovations are added up: what is older weighs less than 1 %."""

FORTNIGHT = 14
"""Length of the periods in which a household goes on holiday once at most [d]."""

HOLIDAY_SHARE = (0.03, 0.03, 0.05, 0.05, 0.04, 0.06, 0.20, 0.28, 0.06, 0.03, 0.03, 0.05)
"""Share of households that leave within a fortnight, J..D; they stay away 2 to 14 days (defaults)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sector:
    """How far the demand of one sector departs from its course.

    Parameters
    ----------
    city, district, city_hours, hours : float
        Standard deviations of the logarithm: of the city's days, of a district's days beside them, and of the hours of both.
    weekdays : tuple of float
        Factors of Monday to Friday when people work.
    bridge, eve : float
        Factors on a working day between two days of rest, and on the day before a public holiday.
    rain : float
        Relative change in rain of 1 mm/h and more.
    """

    city: float
    district: float
    city_hours: float
    hours: float
    weekdays: tuple[float, float, float, float, float] = (1.0, 1.0, 1.0, 1.0, 1.0)
    bridge: float = 1.0
    eve: float = 1.0
    rain: float = 0.0


SECTORS: dict[str, Sector] = {
    # Weekdays in town differ by some percent (Highway Capacity Manual 2010, chapter 3, exhibit 3-4); a wet day has 1.4 to
    # 2.1 % less traffic (Keay and Simmonds 2005, doi:10.1016/j.aap.2004.07.005).
    "traffic": Sector(
        city=0.025,
        district=0.03,
        city_hours=0.06,
        hours=0.14,
        weekdays=(0.98, 0.99, 1.0, 1.0, 1.03),
        bridge=0.85,
        eve=1.05,
        rain=-0.02,
    ),
    "parking": Sector(
        city=0.04,
        district=0.06,
        city_hours=0.04,
        hours=0.12,
        weekdays=(0.99, 1.0, 1.0, 1.0, 1.01),
        bridge=0.85,
        eve=1.03,
    ),
    "crowd": Sector(
        city=0.03,
        district=0.07,
        city_hours=0.05,
        hours=0.2,
        weekdays=(0.98, 0.98, 0.98, 1.0, 1.05),
        bridge=1.2,
        eve=1.1,
    ),
    "water": Sector(
        city=0.028,
        district=0.03,
        city_hours=0.03,
        hours=0.05,
        weekdays=(1.01, 1.0, 1.0, 1.0, 0.99),
        bridge=0.98,
    ),
    "waste": Sector(
        city=0.05,
        district=0.08,
        city_hours=0.0,
        hours=0.1,
        weekdays=(1.06, 1.0, 0.98, 0.98, 0.98),
        eve=1.08,
    ),
    "charger": Sector(
        city=0.05,
        district=0.08,
        city_hours=0.10,
        hours=0.20,
        weekdays=(0.97, 0.99, 1.0, 1.0, 1.04),
        bridge=0.9,
        eve=1.08,
    ),
    "meter": Sector(
        city=0.02,
        district=0.03,
        city_hours=0.01,
        hours=0.04,
        weekdays=(0.99, 1.0, 1.0, 1.0, 1.01),
        bridge=0.97,
    ),
    "bus": Sector(
        city=0.02,
        district=0.04,
        city_hours=0.04,
        hours=0.08,
        weekdays=(1.0, 1.01, 1.01, 1.0, 0.98),
        bridge=0.85,
        rain=0.02,
    ),
}
"""By name. All figures without a source beside them are defaults, chosen so that the working days of the whole city vary
by 3 to 8 % in traffic and 3 to 5 % in water. Their order is that of the draws: append only."""


class Demand:
    """Departures of demand from its usual course.

    Parameters
    ----------
    city : City
    seed : int
        Of the world.
    calendar : Calendar
        Of the city.
    """

    def __init__(self, city: City, seed: int, calendar: Calendar) -> None:
        self._seed, self._calendar = seed, calendar
        self._spread = _spatial(city)
        self._numbers = {name: number for number, name in enumerate(SECTORS)}
        self._days: dict[int, FloatArray] = {}
        self._innovations: dict[int, tuple[FloatArray, FloatArray]] = {}

    def factors(self, sector: str, day: date, hour: float, rain: float = 0.0) -> FloatArray:
        """Return the factor on the usual demand of a sector, shape (n_districts,), in the order of ``city.districts``.

        Parameters
        ----------
        sector : str
            Key of `SECTORS`.
        day : date
            The local day.
        hour : float
            Hours since its beginning; may be negative, and beyond its end [h].
        rain : float
            [mm/h]

        Raises
        ------
        KeyError
            If there is no such sector.
        """
        later, node = divmod(hour / 24 * NODES, NODES)
        number, part = divmod(node, 1)
        index = int(number)
        nodes = self._nodes(day.toordinal() + int(later))[self._numbers[sector]]
        wet = 1 + SECTORS[sector].rain * min(rain, 1.0)
        return np.asarray((nodes[index] * (1 - part) + nodes[index + 1] * part) * wet)

    def absent(self, households: int, day: date, sample: int) -> npt.NDArray[np.bool_]:
        """Return which households of a sample are on holiday on a local day, shape (households,).

        Parameters
        ----------
        households : int
        day : date
        sample : int
            Number of the sample, from 0 to 99: two samples are of different households.
        """
        away = np.zeros(households, dtype=np.bool_)
        period, since = divmod(day.toordinal(), FORTNIGHT)
        for ago in (0, 1):
            first = date.fromordinal((period - ago) * FORTNIGHT)
            leave, start, length = draws(
                self._seed, Stream.ABSENCE, (period - ago) * 100 + sample
            ).random((3, households))  # fmt: skip
            begin = np.floor(start * FORTNIGHT)
            end = begin + 2 + np.floor(length * (FORTNIGHT - 1))
            here = since + ago * FORTNIGHT
            away |= (leave < HOLIDAY_SHARE[first.month - 1]) & (begin <= here) & (here < end)
        return away

    def _nodes(self, day: int) -> FloatArray:
        """Return the factors at the nodes of a day, with the first of the next, shape (n_sectors, NODES + 1, n_districts)."""
        if day not in self._days:
            if len(self._days) > 3:
                self._days.clear()
            today, tomorrow = self._day(day), self._day(day + 1)
            self._days[day] = np.concatenate([today, tomorrow[:, :1]], axis=1)
        return self._days[day]

    def _day(self, day: int) -> FloatArray:
        """Return the factors at the nodes of a day, shape (n_sectors, NODES, n_districts)."""
        weights = np.sqrt(1 - DAY_MEMORY**2) * DAY_MEMORY ** np.arange(DAYS_BACK)
        past = [self._innovation(day - ago) for ago in range(DAYS_BACK)]
        days = _shared(np.einsum("k,ksd->sd", weights, np.array([part[0] for part in past])))
        remembered = float(np.exp(-24 / NODES / HOUR_MEMORY))
        fading = np.sqrt(1 - remembered**2) * remembered ** np.arange(NODES_BACK)
        nodes = np.concatenate([past[ago][1] for ago in range(-(-NODES_BACK // NODES), -1, -1)], axis=1)
        windows = np.lib.stride_tricks.sliding_window_view(nodes, NODES_BACK, axis=1)[:, -NODES:, :, ::-1]
        hours = _shared(np.einsum("k,sndk->snd", fading, windows))
        sizes = np.array([
            (sector.city, sector.district, sector.city_hours, sector.hours) for sector in SECTORS.values()
        ])  # fmt: skip
        log = (
            (sizes[:, 0, None] * days[:, :1] + sizes[:, 1, None] * days[:, 1:])[:, None]
            + sizes[:, 2, None, None] * hours[:, :, :1]
            + sizes[:, 3, None, None] * hours[:, :, 1:]
            - (sizes**2).sum(axis=1)[:, None, None] / 2
        )
        usual = np.array([self._calendar_factor(sector, day) for sector in SECTORS.values()])
        return np.asarray(usual[:, None, None] * np.exp(log))

    def _calendar_factor(self, sector: Sector, day: int) -> float:
        """Return what the calendar makes of the demand of a day."""
        today = date.fromordinal(day)
        rest = [self._calendar.rests(today + timedelta(days=step)) for step in (-1, 0, 1)]
        factor = 1.0 if rest[1] or today.isoweekday() > 5 else sector.weekdays[today.isoweekday() - 1]
        if not rest[1] and rest[0] and rest[2]:
            factor *= sector.bridge
        tomorrow = self._calendar.day(today + timedelta(days=1))
        return factor * (sector.eve if tomorrow.holiday and not rest[1] else 1.0)

    def _innovation(self, day: int) -> tuple[FloatArray, FloatArray]:
        """Return the fresh part of a day and of its nodes, of the city and then of districts, one row more than sectors.

        Their shapes are (1 + n_sectors, 1 + n_districts) and (1 + n_sectors, NODES, 1 + n_districts).
        """
        if day not in self._innovations:
            if len(self._innovations) > 3 * DAYS_BACK:
                self._innovations.clear()
            rng = draws(self._seed, Stream.DEMAND, day)
            rows, districts = 1 + len(SECTORS), len(self._spread)
            city = rng.standard_normal((rows, 1))
            local = np.einsum("de,sne->snd", self._spread, rng.standard_normal((rows, 1 + NODES, districts)))
            city_hours = rng.standard_normal((rows, NODES, 1))
            self._innovations[day] = (
                np.concatenate([city, local[:, 0]], axis=1),
                np.concatenate([city_hours, local[:, 1:]], axis=2),
            )
        return self._innovations[day]


def _shared(normals: FloatArray) -> FloatArray:
    """Return standard normals of sectors that share a part, of those with a first row for that part."""
    return np.asarray(np.sqrt(SHARED) * normals[:1] + np.sqrt(1 - SHARED) * normals[1:])


def _spatial(city: City) -> FloatArray:
    """Return what makes independent normals of districts correlated by their distance, shape (n_districts, n_districts)."""
    centres = np.array([np.mean(district.ring[:-1], axis=0) for district in city.districts]).reshape(-1, 2)
    metres = 111_195.0 * np.array([np.cos(np.radians(centres[:1, 1].sum())), 1.0])
    distance = np.hypot(*np.moveaxis((centres[:, None] - centres) * metres, 2, 0))
    return np.asarray(np.linalg.cholesky(np.exp(-distance / REACH) + 1e-9 * np.eye(len(centres))))
