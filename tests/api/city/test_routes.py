from datetime import datetime

import httpx
import pytest

from tests.api.documents import conforming, pages
from tests.api.running import MINUTE, MINUTES, START
from zenata.city.clock import format_time
from zenata.city.kinds import KINDS
from zenata.contract.base import Page
from zenata.contract.city import City, District, Kind, Sensor, SensorWithLatest

NEWEST = datetime.fromisoformat(format_time(START + (MINUTES - 1) * MINUTE))


def get(client: httpx.Client, path: str, **params: object) -> dict:
    response = client.get(path, params=params)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    return response.json()


def names(page: dict) -> list[str]:
    return [item["id"] for item in page["items"]]


def test_the_city_says_what_it_is_and_what_time_it_is_there(client: httpx.Client) -> None:
    city = conforming(get(client, "/v1/city"), City)
    assert (city.id, city.world, city.sensors, city.districts) == ("zenata", "zenata", 4, 2)
    assert city.newest == NEWEST
    assert get(client, "/v1/city", world="w-1")["newest"] == format_time(START)


def test_districts_have_their_outline(client: httpx.Client) -> None:
    page = conforming(get(client, "/v1/districts"), Page[District])
    assert [district.id for district in page.items] == ["la-ferme", "coast"]
    assert page.items[0].geometry.coordinates[0][0] == (-7.5, 33.5)
    assert page.items[0].geometry.coordinates[0][0] == page.items[0].geometry.coordinates[0][-1]


def test_kinds_have_their_properties_with_units_and_ranges(client: httpx.Client) -> None:
    page = conforming(get(client, "/v1/kinds"), Page[Kind])
    assert [kind.name for kind in page.items] == list(KINDS)
    air = next(kind for kind in page.items if kind.name == "air")
    assert air.period == 60
    assert {p.name: p.unit for p in air.properties}["pm25"] == "ug/m3"
    assert all(p.low < p.high for kind in page.items for p in kind.properties)


def test_sensors_are_filtered(client: httpx.Client) -> None:
    everything = conforming(get(client, "/v1/sensors"), Page[Sensor])
    assert [sensor.id for sensor in everything.items] == ["air-0001", "air-0002", "noise-0001", "traffic-0001"]
    assert everything.items[1].attributes == {"n": 1}
    assert everything.next is None
    assert names(get(client, "/v1/sensors", kind="air")) == ["air-0001", "air-0002"]
    assert names(get(client, "/v1/sensors", kind="air,noise", district="la-ferme")) == ["air-0001", "noise-0001"]
    assert names(get(client, "/v1/sensors", kind=["air", "noise"], district="coast")) == ["air-0002"]
    assert names(get(client, "/v1/sensors", bbox="-7.46,33.605,-7.44,33.625")) == ["air-0002", "noise-0001"]


@pytest.mark.parametrize(
    "params", [{"near": "33.65,-7.45"}, {"near": "33.6,-7.5", "within": "500"}, {"bbox": "33.605,-7.46,33.625,-7.44"}]
)
def test_q1_latitude_first_is_refused_with_the_right_order(client: httpx.Client, params: dict[str, str]) -> None:
    refused = client.get("/v1/sensors", params=params)
    assert refused.status_code == 422
    assert "longitude" in refused.json()["detail"]


def test_sensors_near_a_place_come_nearest_first(client: httpx.Client) -> None:
    page = conforming(get(client, "/v1/sensors", near="-7.45,33.625"), Page[Sensor])
    assert [sensor.id for sensor in page.items][0::3] == ["noise-0001", "air-0001"]
    distances = [sensor.distance for sensor in page.items]
    assert distances == sorted(distances)
    assert names(get(client, "/v1/sensors", near="-7.45,33.625", within=600)) == ["noise-0001", "traffic-0001"]


@pytest.mark.parametrize("params", [{}, {"near": "-7.45,33.64"}, {"kind": "air,noise"}])
def test_pages_have_each_sensor_once(client: httpx.Client, params: dict[str, str]) -> None:
    everything = names(get(client, "/v1/sensors", **params))
    assert [names(page) for page in pages(client, "/v1/sensors", limit=1, **params)] == [[one] for one in everything]


def test_a_sensor_comes_with_its_latest_readings(client: httpx.Client) -> None:
    sensor = conforming(get(client, "/v1/sensors/air-0002"), SensorWithLatest)
    assert sensor.district == "coast"
    assert {row.property for row in sensor.latest} == set(KINDS["air"].properties)
    assert {row.time for row in sensor.latest} == {NEWEST}
    private = conforming(get(client, "/v1/sensors/air-0002", world="w-1"), SensorWithLatest)
    assert {(row.world, row.seq) for row in private.latest} == {("w-1", 1)}


def test_an_unknown_sensor_is_404_with_similar_names(client: httpx.Client) -> None:
    response = client.get("/v1/sensors/air-0003")
    problem = response.json()
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert problem["type"] == "/problems/unknown-sensor"
    assert problem["instance"] == "/v1/sensors/air-0003"
    assert set(problem["allowed"]) == {"air-0001", "air-0002"}
    assert "Did you mean" in problem["detail"]


@pytest.mark.parametrize(
    ("path", "params", "word"),
    [
        ("/v1/sensors", {"kind": "airs"}, "weather"),
        ("/v1/sensors", {"district": "x"}, "la-ferme"),
        ("/v1/sensors", {"kind": ""}, "empty name"),
        ("/v1/sensors", {"kind": "air,,noise"}, "empty name"),
        ("/v1/sensors", {"bbox": "1,2,3"}, "west,south,east,north"),
        ("/v1/sensors", {"bbox": "1,2,3,x"}, "west,south,east,north"),
        ("/v1/sensors", {"bbox": "nan,0,1,1"}, "west,south,east,north"),
        ("/v1/sensors", {"bbox": "5,0,1,1"}, "is empty"),
        ("/v1/sensors", {"near": "33.6,-7.45,1"}, "longitude,latitude"),
        ("/v1/sensors", {"near": "-7.45,133"}, "longitude,latitude"),
        ("/v1/sensors", {"within": "10"}, "needs near"),
        ("/v1/sensors", {"near": "-7.45,33.6", "within": "0"}, "greater than 0"),
        ("/v1/sensors", {"limit": "0"}, "greater than or equal to 1"),
        ("/v1/sensors", {"limit": "many"}, "integer"),
        ("/v1/sensors", {"cursor": "AAAA"}, "no cursor of this query"),
        ("/v1/sensors", {"colour": "red"}, "use kind, district, property, bbox, near, within, limit, cursor"),
        ("/v1/districts", {"kind": "air"}, "takes none"),
        ("/v1/kinds", {"x": "1"}, "takes none"),
        ("/v1/city", {"x": "1"}, "use world"),
        ("/v1/sensors/air-0001", {"kind": "air"}, "use world"),
    ],
)
def test_bad_parameters_are_422_and_say_what_to_do(
    client: httpx.Client, path: str, params: dict[str, str], word: str
) -> None:
    response = client.get(path, params=params)
    assert response.status_code == 422, response.text
    problem = response.json()
    assert problem["type"] == "/problems/invalid-parameter"
    assert word in problem["detail"]
    assert problem["parameter"] in params
    assert problem["detail"].startswith(problem["parameter"])


def test_a_cursor_of_another_query_is_422(client: httpx.Client) -> None:
    cursor = get(client, "/v1/sensors", limit=1)["next"]
    assert client.get("/v1/sensors", params={"kind": "air", "cursor": cursor}).status_code == 422


@pytest.mark.parametrize("path", ["/v1/city", "/v1/sensors/air-0001"])
def test_an_unknown_world_is_404_naming_the_worlds(client: httpx.Client, path: str) -> None:
    response = client.get(path, params={"world": "atlantis"})
    assert response.status_code == 404
    assert response.json()["type"] == "/problems/unknown-world"
    assert response.json()["allowed"] == ["zenata", "w-1"]
