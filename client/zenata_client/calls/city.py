"""Calls about the city and what its sensors said."""

from typing import Unpack

from zenata_client.asked import Asked, Names, Which
from zenata_client.documents import City, District, Kind, Page, Reading, Sensor
from zenata_client.plan import Flow, Plan, at, get, items, whole

PAGE = 10_000
"""Readings of a page. A default, not a measured optimum."""


def city(*, world: str | None = None) -> Plan[City]:
    """Return what the city is, and how far a world's readings go."""
    return (yield from get(City, at("city"), world=world))


def districts() -> Plan[list[District]]:
    """Return the districts, with their outlines."""
    return (yield from whole(items(Page[District], at("districts"))))


def kinds() -> Plan[list[Kind]]:
    """Return the kinds of sensors: what they observe, and what they obey."""
    return (yield from whole(items(Page[Kind], at("kinds"))))


def sensors(
    *,
    kind: Names | None = None,
    district: Names | None = None,
    bbox: tuple[float, float, float, float] | None = None,
    near: tuple[float, float] | None = None,
    within: float | None = None,
) -> Plan[list[Sensor]]:
    """Return sensors, in the order of the city or, with `near`, by distance.

    Parameters
    ----------
    kind, district : str or list of str, optional
        Only these.
    bbox : tuple, optional
        West, south, east, north [deg].
    near : tuple, optional
        Longitude, latitude [deg].
    within : float, optional
        Only those as close to `near` [m].
    """
    asked = {"kind": kind, "district": district, "bbox": bbox, "near": near, "within": within, "limit": PAGE}
    return (yield from whole(items(Page[Sensor], at("sensors"), asked)))


def sensor(sensor: str, *, world: str | None = None) -> Plan[Sensor]:
    """Return one sensor, with the latest reading of each of its properties."""
    return (yield from get(Sensor, at("sensors", sensor), world=world))


def latest(**which: Unpack[Which]) -> Plan[list[Reading]]:
    """Return the newest reading of each series."""
    return (yield from get(Page[Reading], at("latest"), **which)).items


def readings(*, page: int = PAGE, **asked: Unpack[Asked]) -> Flow[Reading]:
    """Give readings, or aggregates of them, ordered by time; of the last hour without `start`.

    They are fetched in pages of up to `page`, as they are asked for; `arrow` and its kin are faster for many.
    """
    yield from items(Page[Reading], at("readings"), {**asked, "limit": page})
