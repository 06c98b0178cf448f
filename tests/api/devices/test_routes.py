from collections.abc import Iterator

import httpx
import pytest

from tests.api.documents import conforming, pages
from zenata.contract.base import Page
from zenata.contract.devices import Device, DeviceWithLatest


def clean(api, role) -> Iterator[httpx.Client]:
    """A client whose devices are removed when a test is over."""
    with api.client(role) as client:
        yield client
        for item in client.get("/v1/devices").json()["items"]:
            if item["pilot"] == f"test-{role}":
                client.delete(f"/v1/devices/{item['id']}")


@pytest.fixture
def client(api) -> Iterator[httpx.Client]:
    yield from clean(api, "pilot")


@pytest.fixture
def admin(api) -> Iterator[httpx.Client]:
    yield from clean(api, "admin")


def make(client, id_="roof", **members):
    return client.post("/v1/devices", json={"id": id_, **members})


def test_a_device_is_made_and_found(client):
    made = make(client, "first", longitude=-7.45, latitude=33.62, external="70B3D57ED0051234", name="On the roof")
    assert made.status_code == 201
    document = conforming(made.json(), Device)
    assert made.headers["Location"] == "/v1/devices/first"
    assert (document.district, document.state, document.seen) == ("la-ferme", "new", None)
    assert (document.world, document.topic) == ("p-test-pilot", "pilots/test-pilot/telemetry/first")
    found = conforming(client.get("/v1/devices/first").json(), DeviceWithLatest)
    assert found.latest == []
    assert conforming(client.get("/v1/devices").json(), Page[Device]).items == [document]


@pytest.mark.parametrize(
    ("body", "status", "about"),
    [
        ({"id": "a/b"}, 422, "cannot name a device"),
        ({"id": ""}, 422, "cannot name a device"),
        ({"id": "x" * 64}, 422, "id"),
        ({"id": "x", "longitude": 2.35, "latitude": 48.85}, 422, "far from the city"),
        ({"id": "x", "longitude": -7.45}, 422, "longitude and latitude"),
        ({"id": "x", "codec": "morse"}, 422, "codec"),
        ({"id": "x", "offline_after": 0}, 422, "offline_after"),
        ({"id": "x", "colour": "red"}, 422, "colour"),
        ({"id": "roof"}, 409, "already"),
        ({"id": "x", "external": "TAKEN"}, 409, "external id"),
    ],
)
def test_what_cannot_be_made_says_why(client, body, status, about):
    assert make(client, external="taken").status_code == 201
    answer = client.post("/v1/devices", json=body)
    assert answer.status_code == status
    assert about in answer.json()["detail"]
    assert len(client.get("/v1/devices").json()["items"]) == 1


def test_a_device_is_changed_and_removed(client):
    make(client, longitude=-7.45, latitude=33.62, external="a")
    changed = client.patch("/v1/devices/roof", json={"name": "Top", "offline_after": 60, "external": None}).json()
    assert (changed["name"], changed["offline_after"], changed["external"], changed["district"]) == (
        "Top",
        60,
        None,
        "la-ferme",
    )
    assert client.patch("/v1/devices/roof", json={"longitude": None, "latitude": None}).json()["district"] == ""
    for wrong in ({"longitude": -7.4}, {"name": None}, {"id": "new"}):
        assert client.patch("/v1/devices/roof", json=wrong).status_code == 422
    assert client.delete("/v1/devices/roof").status_code == 204
    for again in (client.delete("/v1/devices/roof"), client.patch("/v1/devices/roof", json={})):
        assert again.status_code == 404


def test_who_watches_sees_all_and_guests_make_none(api, client, admin):
    make(client)
    make(admin)
    with api.client("engineer") as engineer, api.client("guest") as guest:
        assert [item["pilot"] for item in engineer.get("/v1/devices").json()["items"]] == ["test-admin", "test-pilot"]
        assert len(engineer.get("/v1/devices", params={"pilot": "test-pilot"}).json()["items"]) == 1
        assert engineer.get("/v1/devices/roof", params={"pilot": "test-pilot"}).json()["pilot"] == "test-pilot"
        assert engineer.get("/v1/devices/roof").status_code == 404
        assert engineer.get("/v1/latest", params={"world": "p-nobody"}).status_code == 404
        assert make(engineer).status_code == make(guest).status_code == 403
        assert guest.get("/v1/devices").json()["items"] == []
    with api.client(None) as nobody:
        assert nobody.get("/v1/devices").status_code == 401


def test_devices_come_in_pages_and_by_state(client):
    for number in range(5):
        make(client, f"d{number}")
    found = [[item["id"] for item in page["items"]] for page in pages(client, "/v1/devices", limit=3, state="new")]
    assert found == [["d0", "d1", "d2"], ["d3", "d4"]]
    assert client.get("/v1/devices", params={"state": "offline"}).json()["items"] == []
    assert client.get("/v1/devices", params={"cursor": "x"}).status_code == 422


def test_a_device_that_speaks_is_online_and_in_every_query(client, admin):
    make(client, offline_after=60)
    payload = {"temperature": 21.5, "level": 2, "battery_percent": 80, "time": "2026-01-01T00:00:00Z"}
    assert client.post("/v1/telemetry", params={"device": "roof"}, json=payload).status_code == 200
    found = conforming(client.get("/v1/devices/roof").json(), DeviceWithLatest)
    assert (found.state, found.battery, found.messages, found.readings) == ("online", 80, 1, 3)
    assert {row.property: (row.value, row.unit) for row in found.latest}["temperature"] == (21.5, "")
    for params in ({}, {"sensor": "roof"}, {"property": "level"}, {"kind": "device"}):
        own = {"world": "p-test-pilot"} | params
        rows = client.get("/v1/readings", params=own).json()["items"]
        assert {"level", "temperature", "battery_percent"} >= {row["property"] for row in rows} >= {"level"}
        assert client.get("/v1/latest", params=own).json()["items"] == [row | {} for row in rows]
        assert admin.get("/v1/readings", params=own).json()["items"] == rows


@pytest.mark.parametrize("path", ["/v1/readings?sensor=roof", "/v1/latest?sensor=roof", "/v1/sensors/roof"])
def test_a_device_that_is_asked_for_among_sensors_is_named_with_its_world_to_its_owner_alone(client, admin, path):
    make(client)
    own = client.get(path)
    assert own.status_code == 404
    assert own.json()["detail"] == (
        "The city has no sensor 'roof', but you have a device of this name: /v1/devices/roof. "
        "Its readings are found with world=p-test-pilot."
    )
    assert "device" not in admin.get(path).json()["detail"]


@pytest.mark.parametrize("params", [{"sensor": "cellar"}, {"property": "colour"}, {"kind": "toaster"}])
def test_what_no_device_has_sent_is_named(client, params):
    make(client)
    assert client.get("/v1/readings", params={"world": "p-test-pilot"} | params).status_code in {404, 422}
