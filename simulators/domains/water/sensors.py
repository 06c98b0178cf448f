"""Sensors in the water network: the pipe each sits in, and the station that powers each supply's pumps."""

from collections.abc import Sequence

import numpy as np

from simulators.domains.base import sensors_of
from simulators.domains.power.network import distances
from simulators.domains.water.network import Network
from zenata.city.model import City, Sensor
from zenata.city.readings import FloatArray, IndexArray, IntArray
from zenata.errors import CityError


def sensor_pipes(network: Network, sensors: Sequence[Sensor], city: str) -> tuple[IntArray, FloatArray, IntArray]:
    """Return the pipe of each sensor, which way it counts, and the tank it watches, shape (n_sensors,) each.

    Parameters
    ----------
    network : Network
    sensors : sequence of Sensor
        In a ``street``, or at a ``supply``: there their pipe is the main from the tank.
    city : str
        Its id, for errors.

    Returns
    -------
    pipe : ndarray
    direction : ndarray
        1.0 or -1.0 as the street runs from the pipe's start or to it.
    tank : ndarray
        -1 in streets.

    Raises
    ------
    CityError
        If there is no such pipe or supply.
    """
    tanks = int((network.start >= len(network.positions)).sum())
    found = [_sensor_pipe(network, tanks, sensor, city) for sensor in sensors]
    pipe, direction, tank = np.array(found, dtype=np.int64).reshape(-1, 3).T
    return pipe, direction.astype(np.float64), tank


def nearest_stations(city: City, positions: FloatArray) -> IndexArray:
    """Return the positions in ``city.sensors`` of the transformer stations nearest to positions, empty if there are none.

    Parameters
    ----------
    city : City
    positions : ndarray, shape (n, 2)
        Longitude and latitude [deg].
    """
    stations = sensors_of(city, "power")
    if not len(stations):
        return stations
    there = np.array([(city.sensors[index].longitude, city.sensors[index].latitude) for index in stations])
    return np.asarray(stations[distances(positions, there).argmin(axis=1)])


def _sensor_pipe(network: Network, tanks: int, sensor: Sensor, city: str) -> tuple[int, int, int]:
    if (supply := sensor.attributes.get("supply")) is not None:
        if supply not in range(1, tanks + 1):
            raise CityError(f"{city}: {sensor.id}: there is no supply {supply}; [[water.supplies]] has {tanks}")
        return len(network.length) - tanks + int(supply) - 1, 1, int(supply) - 1
    street = str(sensor.attributes["street"])
    if street not in network.pipe_of:
        raise CityError(f"{city}: {sensor.id}: no water pipe runs under its street, {street}")
    return *network.pipe_of[street], -1
