"""GET /v1/map, as what draws it reads it."""

from collections.abc import Iterator

import httpx
import pytest
import shapely

from tests.api.documents import conforming
from tests.api.running import running
from zenata.contract.city import CityMap


@pytest.fixture
def pilot() -> Iterator[httpx.Client]:
    """A pilot with one device on the map and one without a place; another one has a device too."""
    with running() as api, api.client() as client, api.client("admin") as other:
        for whose, device in [
            (client, {"id": "roof", "name": "Sur le toit", "longitude": -7.45, "latitude": 33.62}),
            (client, {"id": "somewhere"}),
            (other, {"id": "cellar", "longitude": -7.45, "latitude": 33.62}),
        ]:
            assert whose.post("/v1/devices", json=device).status_code == 201
        yield client


def layers(pilot: httpx.Client, **params: object) -> list[tuple[str, str]]:
    found = conforming(pilot.get("/v1/map", params=params).raise_for_status().json(), CityMap)
    return [(feature.properties["layer"], feature.id) for feature in found.features]


def test_the_city_and_ones_own_devices_are_one_layer(pilot: httpx.Client) -> None:
    answer = pilot.get("/v1/map")
    assert answer.headers["content-type"] == "application/geo+json"
    shapes = shapely.from_geojson(answer.text)
    assert shapes.geom_type == "GeometryCollection"
    assert [shape.geom_type for shape in shapes.geoms] == ["Polygon"] * 2 + ["Point"] * 5
    assert layers(pilot) == [
        ("district", "la-ferme"),
        ("district", "coast"),
        ("sensor", "air-0001"),
        ("sensor", "air-0002"),
        ("sensor", "noise-0001"),
        ("sensor", "traffic-0001"),
        ("device", "device/roof"),
    ]
    roof = answer.json()["features"][-1]
    assert roof["geometry"]["coordinates"] == [-7.45, 33.62]
    assert (roof["properties"]["name"], roof["properties"]["state"]) == ("Sur le toit", "new")


def test_kinds_and_districts_choose(pilot: httpx.Client) -> None:
    districts = [("district", "la-ferme"), ("district", "coast")]
    assert layers(pilot, kind="device") == [*districts, ("device", "device/roof")]
    assert layers(pilot, kind="noise") == [*districts, ("sensor", "noise-0001")]
    assert layers(pilot, district="coast", kind="air,device") == [("district", "coast"), ("sensor", "air-0002")]
    assert layers(pilot, district="la-ferme", kind="device") == [("district", "la-ferme"), ("device", "device/roof")]


def test_c7_a_device_called_like_a_sensor_has_an_id_of_its_own(pilot: httpx.Client) -> None:
    device = {"id": "air-0001", "longitude": -7.45, "latitude": 33.62}
    assert pilot.post("/v1/devices", json=device).status_code == 201
    ids = [id_ for _, id_ in layers(pilot, kind="air,device")]
    assert {"air-0001", "device/air-0001"} <= set(ids)
    assert len(ids) == len(set(ids))


def test_what_is_not_there_is_named(pilot: httpx.Client) -> None:
    for params, word in (({"kind": "cat"}, "device"), ({"district": "moon"}, "coast")):
        refused = pilot.get("/v1/map", params=params)
        assert refused.status_code == 422
        assert word in refused.json()["allowed"]
