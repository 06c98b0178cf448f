from dataclasses import FrozenInstanceError
from datetime import UTC, datetime, timedelta

import pytest

from zenata.city.clock import load_zone
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


def test_the_zone_has_the_rules_of_the_package(city: City) -> None:
    rules = load_zone("Africa/Casablanca")
    for day in range(0, 2000, 7):
        moment = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=day)
        assert moment.astimezone(city.zone).utcoffset() == moment.astimezone(rules).utcoffset()


def test_sensors_are_frozen(city: City) -> None:
    with pytest.raises(FrozenInstanceError):
        city.sensors[0].district = "elsewhere"
