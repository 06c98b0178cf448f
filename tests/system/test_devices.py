"""A pilot's own devices in a running city: made, heard in every format over MQTT and HTTP, and seen in every query."""

import json
from collections.abc import Iterator

import httpx
import pytest

from tests.system.running import SMALL, RunningCity, running_city
from tests.waiting import wait_until
from tests.zenata.broker.client import Client
from tests.zenata.wire.uplinks import test_chirpstack, test_things

pytestmark = pytest.mark.slow

THINGS = {"end_device_ids": test_things.IDS, "uplink_message": test_things.MESSAGE}
SAID = {
    "roof": (b'{"temperature": 21.5, "door": true}', {"temperature": 21.5, "door": 1}),
    "meter": (b'[{"bn":"meter/","n":"volume","u":"m3","v":7}]', {"volume": 7}),
    "lora": (json.dumps(test_chirpstack.UP).encode(), {"temperatureSensor/3": 27.2}),
    "things": (json.dumps(THINGS).encode(), {"temperature": 1.0, "luminosity": 0.64}),
    "lpp": (bytes.fromhex("03670110"), {"temperature_3": 27.2}),
    "box": (b"cpu,cpu=cpu0 usage_idle=98", {"cpu/usage_idle;cpu=cpu0": 98}),
}
DEVICES = [
    {"id": "roof", "longitude": -7.747, "latitude": 38.646},
    {"id": "meter"},
    {"id": "lora", "external": test_chirpstack.INFO["devEui"]},
    {"id": "things", "external": "dev1"},
    {"id": "lpp", "codec": "cayenne"},
    {"id": "box", "codec": "influx"},
]


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCity]:
    with running_city(tmp_path_factory.mktemp("devices") / "data", *SMALL) as running:
        yield running


@pytest.fixture
def demo(city: RunningCity) -> Iterator[httpx.Client]:
    """The demo pilot, with its devices made anew."""
    with city.client() as client:
        for device in DEVICES:
            client.delete(f"/v1/devices/{device['id']}")
            assert client.post("/v1/devices", json=device).status_code == 201
        yield client


def latest(demo: httpx.Client, device: str) -> dict[str, float]:
    found = demo.get(f"/v1/devices/{device}").raise_for_status().json()["latest"]
    return {row["property"]: row["value"] for row in found}


def test_every_format_is_received_over_mqtt(city: RunningCity, demo: httpx.Client) -> None:
    with Client(city.broker, "demo", secret=city.key) as mqtt:
        for device, (payload, _) in SAID.items():
            mqtt.publish(f"pilots/demo/telemetry/{device}", [payload])
        for device, (_, expected) in SAID.items():
            wait_until(lambda device=device, expected=expected: latest(demo, device) == expected, f"{device} is heard")
        mqtt.publish("pilots/demo/telemetry/cellar", [b'{"a": 1}'])
        mqtt.publish("pilots/demo/telemetry/roof", [b"nothing"])
        wait_until(lambda: len(dead_letters(demo)) == 2, "what is refused is reported")
    assert sorted(dead_letters(demo)) == [("cellar", "device"), ("roof", "schema")]
    items = {item["id"]: item for item in demo.get("/v1/devices").json()["items"]}
    assert {item["state"] for item in items.values()} == {"online"}
    assert {item["messages"] for item in items.values()} == {1}
    assert (items["things"]["battery"], items["things"]["rssi"], items["lora"]["rssi"]) == (52.4, -35, -48)
    assert demo.get("/v1/ledger").json()["items"][0]["rejected"] == 0


def dead_letters(demo: httpx.Client) -> list[tuple[str, str]]:
    items = demo.get("/v1/dead-letters", params={"world": "p-demo"}).json()["items"]
    return [(item["sensor"], item["code"]) for item in items]


def test_every_format_is_received_over_http(city: RunningCity, demo: httpx.Client) -> None:
    for device, (payload, expected) in SAID.items():
        answer = demo.post("/v1/telemetry", params={"device": device}, content=payload)
        assert answer.json()["readings"] == len(expected)
        chosen = {"world": "p-demo", "sensor": device, "start": "2026-01-01T00:00:00Z"}
        rows = demo.get("/v1/readings", params=chosen).json()["items"]
        assert {row["property"]: row["value"] for row in rows}.items() >= expected.items()
    line = "device,device=box level=5"
    write = httpx.post(
        f"{city.http}/api/v2/write", content=line, headers={"Authorization": f"Token {city.key}"}, trust_env=False
    )
    assert write.status_code == 204
    assert latest(demo, "box")["level"] == 5
    assert {row["world"] for row in demo.get("/v1/latest").json()["items"]} == {"zenata"}


def test_what_was_published_is_streamed_and_outlives_the_city(city: RunningCity, demo: httpx.Client) -> None:
    with demo.stream("GET", "/v1/stream", params={"world": "p-demo"}) as stream:
        lines = stream.iter_lines()
        demo.post("/v1/telemetry", params={"device": "roof"}, json={"level": 3}).raise_for_status()
        row = json.loads(
            next(line for line in lines if line.startswith("data:") and '"sensor"' in line).removeprefix("data:")
        )
    assert (row["sensor"], row["property"], row["value"], row["seq"]) == ("roof", "level", 3, 0)
    city.kill("api")
    wait_until(lambda: answers(demo), "the API is back")
    assert latest(demo, "roof")["level"] == 3
    assert demo.get("/v1/devices/roof").json()["messages"] == 1


def answers(demo: httpx.Client) -> bool:
    try:
        return demo.get("/readyz").status_code == 200
    except httpx.HTTPError:
        return False
