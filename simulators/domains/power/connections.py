"""Who hangs on which station of a city's grid: devices each by itself, customers by district."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simulators.domains.base import sensors_of
from simulators.domains.power.network import Layout, distances, lay_out
from simulators.domains.power.protection import first_cables
from simulators.world.parameters import read_table
from zenata.city.derived import once_per_city
from zenata.city.model import City, Sensor
from zenata.city.readings import FloatArray, IntArray

ROOM = 1.5
"""Power of the devices of one kind, over its rating, for which a station has room: roofs at noon, less what customers draw
even then, do not overload it (default)."""

DEVICES = {"charger": "watts", "streetlight": "watts", "pv": "watts_peak"}
"""Kinds that are connected each by itself, and the attribute that says how large one is [W]."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PowerParameters:
    """Table ``[power]`` of a city.

    Parameters
    ----------
    substations : tuple of tuple of float
        Longitude and latitude of each [deg].
    substation_kva : float
        Rating of each [kVA].
    feeder_kva : float
        Most that one cable from a substation feeds, as the sum of its stations' ratings [kVA].
    """

    substations: tuple[tuple[float, float], ...]
    substation_kva: float
    feeder_kva: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Connections:
    """The lay-out of a grid, and what hangs on it.

    Parameters
    ----------
    layout : Layout
    feeder : ndarray, shape (n_stations,)
        First cable of each station's feeder.
    district : ndarray, shape (n_stations,)
        Of each station, as an index.
    host : ndarray, shape (n_districts,)
        The district whose stations feed each district's customers.
    share : ndarray, shape (n_stations,)
        Of its district's customers that each station feeds.
    connected : ndarray, shape (n_devices,)
        Station of each charger, lamp and roof, in the order of `DEVICES`.
    source : ndarray, shape (n_sensors,)
        Station, among the stations, whose voltage each sensor has.
    """

    layout: Layout
    feeder: IntArray
    district: IntArray
    host: IntArray
    share: FloatArray
    connected: IntArray
    source: IntArray


@once_per_city
def connections(city: City) -> Connections | None:
    """Return the connections of a city; None if it has no stations."""
    parameters = read_table(city, "power", PowerParameters)
    stations = [city.sensors[number] for number in sensors_of(city, "power")]
    if not stations:
        return None
    rating = np.array([float(station.attributes["kva"]) for station in stations])
    positions = np.array([(station.longitude, station.latitude) for station in stations])
    roots = np.array(parameters.substations)
    layout = lay_out(positions, rating, roots, parameters.substation_kva, parameters.feeder_kva)
    number = {district.id: index for index, district in enumerate(city.districts)}
    district = np.array([number[station.district] for station in stations])
    host = hosts(city, stations)
    connected = np.concatenate([_connected(city, kind, positions, rating) for kind in DEVICES])
    return Connections(
        layout=layout,
        feeder=first_cables(layout),
        district=district,
        host=host,
        share=rating / np.bincount(district, rating)[district],
        connected=connected,
        source=_sources(city, positions, district, host, connected),
    )


def hosts(city: City, stations: Sequence[Sensor]) -> IntArray:
    """Return the district whose stations feed each district's customers: itself, or the nearest that has any."""
    having = sorted({[district.id for district in city.districts].index(station.district) for station in stations})
    middle = np.array([np.mean(district.ring[:-1], axis=0) for district in city.districts])
    away = distances(middle, middle[having])
    away[having, np.arange(len(having))] = -1.0
    return np.asarray(np.array(having)[away.argmin(axis=1)])


def connect(away: FloatArray, size: FloatArray, rating: FloatArray) -> IntArray:
    """Return the station each device is connected to: the nearest with room for it, shape (n_devices,).

    Parameters
    ----------
    away : ndarray, shape (n_devices, n_stations)
        Distances.
    size : ndarray, shape (n_devices,)
        Power of the devices [W].
    rating : ndarray, shape (n_stations,)
        Of the stations [kVA]; each has room for `ROOM` times that.
    """
    room = ROOM * 1000 * rating
    chosen = np.zeros(len(size), dtype=np.int64)
    for device, own in enumerate(size):
        full = room < own
        index = int(np.where(full, np.inf, away[device]).argmin()) if not full.all() else int(away[device].argmin())
        room[index] -= own
        chosen[device] = index
    return chosen


def _connected(city: City, kind: str, positions: FloatArray, rating: FloatArray) -> IntArray:
    """Return the station that each device of a kind is connected to."""
    devices = [city.sensors[number] for number in sensors_of(city, kind)]
    here = np.array([(device.longitude, device.latitude) for device in devices]).reshape(-1, 2)
    size = np.array([float(device.attributes[DEVICES[kind]]) for device in devices])
    return connect(distances(here, positions), size, rating)


def _sources(city: City, positions: FloatArray, district: IntArray, hosts: IntArray, connected: IntArray) -> IntArray:
    """Return the station whose voltage each sensor has, shape (n_sensors,).

    Devices have that of the station they are connected to, stations their own, all others that of the nearest one
    which feeds their district.
    """
    number = {district.id: index for index, district in enumerate(city.districts)}
    source: IntArray = np.full(len(city.sensors), -1, dtype=np.int64)
    source[sensors_of(city, "power")] = np.arange(len(positions))
    source[np.concatenate([sensors_of(city, kind) for kind in DEVICES])] = connected
    others = np.flatnonzero(source < 0)
    sensors = [city.sensors[index] for index in others.tolist()]
    here = np.array([(sensor.longitude, sensor.latitude) for sensor in sensors]).reshape(-1, 2)
    host = hosts[[number[sensor.district] for sensor in sensors]]
    away = distances(here, positions)
    source[others] = np.where(host[:, None] == district, away, np.inf).argmin(axis=1)
    return source
