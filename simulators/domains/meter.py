"""Electricity meters, and the load of all customers that they sample."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from simulators.domains.base import Arrays, daily, described, district_rows, sensors_of
from simulators.world.conditions import Conditions
from simulators.world.draws import Stream, draws
from simulators.world.emission import span
from simulators.world.parameters import Hourly, read_table
from zenata.city.model import City
from zenata.city.readings import FloatArray

MINUTE, PHASE = 6, 1
"""Ticks for which a customer's load stays as it is, and the tick of them at which it changes."""

MEMORY = 1800.0
"""Time after which a customer's departure from the mean course has forgotten itself [s] (default)."""

COOLING_ABOVE, HEATING_BELOW = 22.0, 15.0
"""Temperatures from which buildings are cooled and heated [Cel] (defaults)."""

INERTIA = 6 * 3600.0
"""Time constant with which buildings follow the outdoor air [s] (default)."""

DUSK = 6.0
"""Half width of the span of the sun's elevation in which lights are switched, round the horizon [deg] (default)."""

ABSENT, METERS = 0.25, 0
"""Load of a household on holiday over its course: a refrigerator and standby (default); and its sample's number."""

HISTORY = (0.5, 5.0)
"""Years that a meter has been counting (default)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MeterUse:
    """Table ``[[meter.uses]]`` of a city: the load of one use in some districts.

    Parameters
    ----------
    use : str
        As in the attribute of the meters.
    categories : tuple of str
        Of the districts.
    mean : float
        Load of a mean customer over a week, before `lighting`, `cooling` and `heating` [W].
    spread : float
        Standard deviation of the logarithm of customers' levels.
    noise : float
        Standard deviation of the logarithm of a customer's load round its course.
    lighting : float
        What is added when it is dark, as a share.
    cooling, heating : float
        What is added for each kelvin above `COOLING_ABOVE` and below `HEATING_BELOW`, as a share.
    working_day, rest_day : tuple of float
        Load in each local hour, in any unit.
    ramadan : tuple of float
        The same on every day of Ramadan; empty where only the working hours move.
    """

    use: str
    categories: tuple[str, ...]
    mean: float
    spread: float
    noise: float
    lighting: float
    cooling: float
    heating: float
    working_day: Hourly
    rest_day: Hourly
    ramadan: Hourly = ()

    def at(self, now: Conditions) -> float:
        """Return the load of the hour, in the unit of the courses."""
        if now.ramadan and self.ramadan:
            return daily(self.ramadan, now.hour)
        return daily(self.rest_day if now.rest_day else self.working_day, now.working_hour(now.hour))


@dataclass(frozen=True, kw_only=True, slots=True)
class MeterParameters:
    """Table ``[meter]`` of a city: persons in a household, and the uses."""

    household: float
    uses: tuple[MeterUse, ...]


def weather_factor(
    temperature: float, elevation: float, lighting: FloatArray, cooling: FloatArray, heating: FloatArray
) -> FloatArray:
    """Return by how much weather and darkness raise the load of each use, shape (n_uses,).

    Straight lines from two balance temperatures (Kissock, Haberl and Claridge 2003, ASHRAE Transactions 109(2): the
    five-parameter change-point model), and lights that are switched as the sun crosses the horizon.

    Parameters
    ----------
    temperature : float
        To which buildings have come [Cel].
    elevation : float
        Of the sun [deg].
    lighting, cooling, heating : ndarray, shape (n_uses,)
        As in `MeterUse`.
    """
    dark = min(max(0.5 - elevation / (2 * DUSK), 0.0), 1.0)
    hot, cold = max(temperature - COOLING_ABOVE, 0.0), max(HEATING_BELOW - temperature, 0.0)
    return np.asarray(1 + lighting * dark + cooling * hot + heating * cold)


def customers_each(city: City, household: float) -> dict[str, float]:
    """Return for how many customers a meter of each district stands.

    Where people live it is a sample: as many dwellings as the population needs, over the households metered there. Elsewhere
    every customer is metered.
    """
    metered: dict[str, int] = {}
    for sensor in city.sensors:
        if sensor.kind == "meter" and sensor.attributes["use"] == "household":
            metered[sensor.district] = metered.get(sensor.district, 0) + 1
    return {
        district.id: max(district.population / household / metered[district.id], 1.0) if district.id in metered else 1.0
        for district in city.districts
    }


class Meter:
    """The electricity meters of the city.

    A meter's load is its customer's level x the mean course of its use x its own noise. What the grid carries is the sum
    over all customers of level x course: the noise of thousands is averaged out. Without voltage nothing is drawn.

    Parameters
    ----------
    city : City
    now : Conditions

    Raises
    ------
    CityError
        If no use names a meter's use in the category of its district.
    """

    kind: ClassVar[str | None] = "meter"

    def __init__(self, city: City, now: Conditions) -> None:
        parameters = read_table(city, "meter", MeterParameters)
        self._uses = parameters.uses
        self._table = np.array(
            [(use.lighting, use.cooling, use.heating, use.mean, use.spread, use.noise) for use in self._uses]
        )
        week = [5 * sum(use.working_day) + 2 * sum(use.rest_day) for use in self._uses]
        self._mean_hour = np.array(week) / 168
        index = sensors_of(city, self.kind)
        self._positions = span(index)
        meters = [city.sensors[number] for number in index]
        known = {f"{use.use} in {one}": number for number, use in enumerate(self._uses) for one in use.categories}
        uses = (f"{meter.attributes['use']} in {city.district_by_id[meter.district].category}" for meter in meters)
        self._use = described(city, "meter.uses", "", uses, known)
        mean, spread, self._spread = self._table[self._use, 3:].T
        rng = draws(now.seed, Stream.METER)
        self._level = mean * np.exp(spread * rng.standard_normal(len(meters)) - spread**2 / 2)
        each = customers_each(city, parameters.household)
        self._district = district_rows(city, meters)
        self._household = np.array([meter.attributes["use"] == "household" for meter in meters], dtype=np.bool_)
        self._day, self._away = -1, np.zeros(len(meters), dtype=np.bool_)  # households that are on holiday on that day
        self._cell = self._district * len(self._uses) + self._use
        self._stands_for = self._level * [each[meter.district] for meter in meters]
        self._levels = np.zeros((len(city.districts), len(self._uses)))
        self._indoor = np.array([now.temperature])  # to which buildings have come [Cel]
        self._departure = rng.standard_normal(len(meters))  # from the course, standardised
        self._load = np.zeros(len(meters))  # with voltage
        self._power = np.zeros(len(meters))
        self._energy = rng.uniform(*HISTORY, len(meters)) * 8.766 * self._level
        self.arrays: Arrays = {
            "indoor": self._indoor,
            "departure": self._departure,
            "load": self._load,
            "energy": self._energy,
        }
        self._set_absent(now)
        self._set_load(self._course(now), now)

    def step(self, now: Conditions) -> None:
        """Let customers draw, count it, and write the load of each district."""
        self._indoor += (now.temperature - self._indoor) * (1 - np.exp(-now.seconds / INERTIA))
        self._set_absent(now)
        if self.kind in now.unread:  # the load follows from the tick and the buildings, and nobody reads a meter
            now.postponed[self.kind] = lambda: self._write_load(self._course(now), now)
            return
        course = self._course(now)
        self._write_load(course, now)
        if now.passes(MINUTE, PHASE):
            keep = float(np.exp(-now.since(MINUTE) / MEMORY))
            noise = now.draws(Stream.METER).standard_normal(len(self._departure))
            self._departure[:] = keep * self._departure + np.sqrt(1 - keep**2) * noise
            self._set_load(course, now)
        self._power[:] = self._load * now.powered[self._positions]
        self._energy += self._power * (now.seconds / 3.6e6)

    def observe(self, now: Conditions) -> FloatArray:
        """Return power [W] and energy drawn [kWh], shape (n_meters, 2)."""
        return np.stack([self._power, self._energy], axis=1)

    def _write_load(self, course: FloatArray, now: Conditions) -> None:
        """Write the load of each district."""
        now.customer_load = (self._levels * course).sum(axis=1) * now.demand_factors("meter")

    def _course(self, now: Conditions) -> FloatArray:
        """Return the load of each use now, over its mean, shape (n_uses,)."""
        hourly = np.array([use.at(now) for use in self._uses])
        factor = weather_factor(float(self._indoor[0]), now.sun_elevation, *self._table[:, :3].T)
        return np.asarray(hourly / self._mean_hour * factor)

    def _set_absent(self, now: Conditions) -> None:
        """Set which households are on holiday on the local day, and what all customers draw at the mean without them."""
        if (day := now.date.toordinal()) != self._day:
            self._day, self._away = day, now.demand.absent(len(self._level), now.date, METERS) & self._household
            drawn = np.where(self._away, ABSENT, 1.0) * self._stands_for
            self._levels[:] = np.bincount(self._cell, drawn, self._levels.size).reshape(self._levels.shape)

    def _set_load(self, course: FloatArray, now: Conditions) -> None:
        """Set every meter's load to its share of the course, its own departure from it, and little while nobody is there."""
        own = np.exp(self._spread * self._departure - self._spread**2 / 2)
        own = np.where(self._away, ABSENT, own)
        self._load[:] = self._level * course[self._use] * now.demand_factors("meter")[self._district] * own
