"""Water parameters of a city: consumption, losses, ground and supplies."""

from dataclasses import dataclass

import numpy as np

from simulators.domains.water.demand import WaterUse
from simulators.domains.water.hydraulics import Plant
from simulators.domains.water.tanks import START

PUMP_SHARE = 0.8
"""Rated flow of a pump over its tank's share of the mean supply (default)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Supply:
    """Table ``[[water.supplies]]`` of a city: a tank, which its pumps fill.

    Parameters
    ----------
    place : tuple of float
        Where its main arrives, as longitude and latitude [deg].
    main : float
        Length of that main [m].
    bottom, depth : float
        Elevation of the tank's floor [m]; its depth [m].
    source : float
        Head that its pumps draw from [m].
    """

    place: tuple[float, float]
    main: float
    bottom: float
    depth: float
    source: float


@dataclass(frozen=True, kw_only=True, slots=True)
class WaterParameters:
    """Table ``[water]`` of a city.

    Parameters
    ----------
    litres_per_person : float
        Consumption of all uses for each inhabitant and day [l].
    losses : float
        Share of the supply that leaks.
    heat : float
        By which demand rises for each kelvin above `WARM`, as a share.
    aid : float
        Demand at Aid el-Kebir over that of any other day.
    roughness : float
        Coefficient of Hazen and Williams.
    storage : float
        Time for which full tanks could give the mean supply [h].
    low, high : tuple of float
        Two points, as longitude, latitude [deg] and elevation [m], between which the ground rises evenly.
    supplies : tuple of Supply
    uses : tuple of WaterUse
    """

    litres_per_person: float
    losses: float
    heat: float
    aid: float
    roughness: float
    storage: float
    low: tuple[float, float, float]
    high: tuple[float, float, float]
    supplies: tuple[Supply, ...]
    uses: tuple[WaterUse, ...]


def plant_of(parameters: WaterParameters, supply: float) -> Plant:
    """Return tanks and pumps sized for a mean `supply` [l/s], of which each tank gives an equal part."""
    columns = ("bottom", "depth", "source")
    bottom, depth, source = (np.array([getattr(supply, name) for supply in parameters.supplies]) for name in columns)
    each = supply / len(bottom)
    return Plant(
        bottom=bottom,
        depth=depth,
        area=each / 1000 * 3600 * parameters.storage / depth,
        source=source,
        pumps=len(START),
        rated=np.full(len(bottom), PUMP_SHARE * each),
    )
