from dataclasses import FrozenInstanceError
from datetime import UTC, datetime, timedelta

import pytest

from zenata.city.model import City, District, Sensor

RING = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 0.0))


@pytest.fixture
def city() -> City:
    return City(
        id="small",
        name="Small",
        timezone="Africa/Casablanca",
        bbox=(0, 0, 1, 1),
        districts=(District(id="centre", name="Centre", category="living", population=1, ring=RING),),
        streets=(),
        sensors=tuple(
            Sensor(id=f"air-{n}", kind="air", district="centre", longitude=0.5, latitude=0.5) for n in range(3)
        ),
        parameters={},
    )


def test_lookups_find_the_very_objects(city: City) -> None:
    assert city.sensor_by_id["air-1"] is city.sensors[1]
    assert city.district_by_id["centre"] is city.districts[0]
    assert city.sensor_by_id.keys() == {"air-0", "air-1", "air-2"}


def test_zone_knows_the_moroccan_ramadan(city: City) -> None:
    assert datetime(2026, 1, 15, tzinfo=UTC).astimezone(city.zone).utcoffset() == timedelta(hours=1)
    assert datetime(2026, 3, 1, tzinfo=UTC).astimezone(city.zone).utcoffset() == timedelta(0)


def test_sensors_are_frozen(city: City) -> None:
    with pytest.raises(FrozenInstanceError):
        city.sensors[0].district = "elsewhere"
