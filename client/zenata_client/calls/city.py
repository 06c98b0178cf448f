"""Calls about the city and its readings."""

from typing import Unpack

from zenata_client.contract.base import Page
from zenata_client.contract.city import City, CityMap, District, Kind, Sensor, SensorWithLatest
from zenata_client.contract.networks import Layer, NetworkGraph
from zenata_client.contract.readings import Reading
from zenata_client.parameters import Names, Selection, Which, documented
from zenata_client.plan import Flow, Plan, collect, get, items, route

PAGE = 10_000
"""Readings of a page. A default, not a measured optimum."""


def city(*, world: str | None = None) -> Plan[City]:
    """Return the city, and the time of the newest reading of a world.

    Parameters
    ----------
    world : str, optional
        The shared city if left out.
    """
    return (yield from get(City, route("city"), world=world))


def districts() -> Plan[list[District]]:
    """Return the districts, with their outlines."""
    return (yield from collect(items(Page[District], route("districts"))))


def kinds() -> Plan[list[Kind]]:
    """Return the kinds of sensors: what they observe, and the setpoints they obey."""
    return (yield from collect(items(Page[Kind], route("kinds"))))


def sensors(
    *,
    kind: Names | None = None,
    district: Names | None = None,
    property: Names | None = None,  # noqa: A002 - the API's word
    bbox: tuple[float, float, float, float] | None = None,
    near: tuple[float, float] | None = None,
    within: float | None = None,
    limit: int | None = None,
) -> Plan[list[Sensor]]:
    """Return sensors, in the order of the city or, with `near`, by distance.

    Parameters
    ----------
    kind, district : str or list of str, optional
        Only these.
    property : str or list of str, optional
        Only those that observe one of these.
    bbox : tuple of float, optional
        West, south, east, north [deg].
    near : tuple of float, optional
        Longitude, latitude [deg].
    within : float, optional
        Only those as close to `near` [m].
    limit : int, optional
        At most so many.
    """
    which = {"kind": kind, "district": district, "property": property, "bbox": bbox, "near": near, "within": within}
    return (yield from collect(items(Page[Sensor], route("sensors"), {**which, "limit": PAGE}, limit)))


def sensor(sensor: str, *, world: str | None = None) -> Plan[SensorWithLatest]:
    """Return one sensor, with the latest reading of each of its properties.

    Parameters
    ----------
    sensor : str
    world : str, optional
        The shared city if left out.
    """
    return (yield from get(SensorWithLatest, route("sensors", sensor), world=world))


def map(*, kind: Names | None = None, district: Names | None = None) -> Plan[CityMap]:  # noqa: A001 - the API's word
    """Return districts, sensors and your devices as GeoJSON.

    Parameters
    ----------
    kind : str or list of str, optional
        Only these kinds of sensors; ``device`` for your devices.
    district : str or list of str, optional
        Only these.
    """
    return (yield from get(CityMap, route("map"), kind=kind, district=district))


def buildings() -> Plan[Layer]:
    """Return the footprints of the buildings as GeoJSON, with their heights [m]."""
    return (yield from get(Layer, route("buildings")))


def land() -> Plan[Layer]:
    """Return sea, shore, beach, parks and railway as GeoJSON."""
    return (yield from get(Layer, route("land")))


def streets() -> Plan[NetworkGraph]:
    """Return the network of streets as node-link JSON: nodes, and edges with their lengths and lanes."""
    return (yield from get(NetworkGraph, route("streets"), format="node-link"))


def network(network: str) -> Plan[NetworkGraph]:
    """Return a network of the city as node-link JSON.

    Parameters
    ----------
    network : str
        Such as ``water`` or ``power``.
    """
    return (yield from get(NetworkGraph, route("networks", network), format="node-link"))


@documented
def latest(**which: Unpack[Which]) -> Plan[list[Reading]]:
    """Return the newest reading of each series.

    Parameters
    ----------
    {series}
    """
    return (yield from get(Page[Reading], route("latest"), **which)).items


@documented
def readings(
    *,
    limit: int | None = None,
    page: int = PAGE,
    **selection: Unpack[Selection],
) -> Flow[Reading]:
    """Give readings, or aggregates of them, one by one, ordered by time.

    `pandas`, `polars` and `arrow` are faster for many.

    Parameters
    ----------
    {series}
    {range}
    limit : int, optional
        At most so many.
    page : int
        How many are fetched at once.
    """
    size = page if limit is None else max(min(page, limit), 1)
    yield from items(Page[Reading], route("readings"), {**selection, "limit": size}, limit)
