"""Water demand: what customers draw, where, when and how irregularly."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simulators.domains.base import daily
from simulators.domains.water.network import area, territories
from simulators.world.conditions import Conditions
from simulators.world.parameters import Hourly
from zenata.city.model import City
from zenata.city.readings import FloatArray
from zenata.errors import CityError

USE = 20.0
"""Volume that a customer draws at a time [l] (default): what makes the demand of few customers irregular."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WaterUse:
    """Table ``[[water.uses]]`` of a city: how districts of some categories draw water.

    Parameters
    ----------
    categories : tuple of str
        Of the districts, which share it by population, or by area where nobody lives.
    share : float
        Of all water consumed, over the sum of those of uses that the city has.
    working_day, rest_day : tuple of float
        Demand in each local hour, in any unit.
    """

    categories: tuple[str, ...]
    share: float
    working_day: Hourly
    rest_day: Hourly

    def course(self, now: Conditions) -> float:
        """Return the demand now over that of a mean hour of the week."""
        shape = self.rest_day if now.rest_day else self.working_day
        return daily(shape, now.working_hour(now.hour)) / self.mean_hour

    @property
    def mean_hour(self) -> float:
        """Demand of a mean hour of the week."""
        return (5 * sum(self.working_day) + 2 * sum(self.rest_day)) / 168

    @property
    def peak(self) -> float:
        """Demand of the highest hour over that of a mean hour."""
        return max(self.working_day + self.rest_day) / self.mean_hour


def mean_demand(city: City, uses: Sequence[WaterUse], litres_per_person: float, positions: FloatArray) -> FloatArray:
    """Return the mean demand of each use in each district at each junction [l/s], shape (n_uses, n_districts, n_junctions).

    Parameters
    ----------
    city : City
    uses : sequence of WaterUse
    litres_per_person : float
        Consumption of all uses for each inhabitant and day [l].
    positions : ndarray, shape (n_junctions, 2)
        Longitude and latitude of the junctions [deg].

    Raises
    ------
    CityError
        If no use names the category of a district.
    """
    if unknown := {district.category for district in city.districts} - {
        name for use in uses for name in use.categories
    }:
        raise CityError(f"city.toml of {city.id}: no [[water.uses]] for district category {', '.join(sorted(unknown))}")
    people = np.array([float(district.population) for district in city.districts])
    ground = np.array([area(district) for district in city.districts])
    weight = np.zeros((len(uses), len(people)))
    for row, use in zip(weight, uses, strict=True):
        mine = np.array([district.category in use.categories for district in city.districts])
        size = mine * (people if (mine * people).any() else ground)
        row[:] = use.share * size / max(size.sum(), 1e-300)
    total = litres_per_person * people.sum() / 86400
    share = total * weight / weight.sum()
    return np.asarray(share[:, :, None] * territories(city.districts, positions))


def irregular(mean: FloatArray, seconds: float, normal: FloatArray) -> FloatArray:
    """Return what customers draw over some time [l/s].

    Single uses begin at random (Poisson pulses: Buchberger and Wu 1995, doi:10.1061/(ASCE)0733-9429(1995)121:3(232)), so
    the volume of a time has the variance of its mean times the volume of a use; many are nearly normal.

    Parameters
    ----------
    mean : ndarray, shape (n,)
        [l/s]
    seconds : float
        [s]
    normal : ndarray, shape (n,)
        Standard normal numbers.
    """
    return np.asarray(np.maximum(mean + np.sqrt(mean * USE / seconds) * normal, 0.0))
