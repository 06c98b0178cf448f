"""One key holder attacks a broker by MQTT in every way we know, and another pilot goes on."""

import json
from itertools import count
from threading import Thread

import pytest

from tests.system.mqtt_attack import ATTACKS, Attacker, attack
from tests.system.test_access import Place, city, tell  # noqa: F401 - a fixture
from tests.waiting import wait_until
from tests.zenata.broker.client import Client

pytestmark = pytest.mark.slow

IN_THE_GATE = ("unacknowledged",)
NUMBERS = count(1)


def pilot(place: Place, name: str) -> str:
    """Make a pilot, and return its key once the broker has it."""
    running, broker, _ = place
    tell(running, "/v1/pilots", name=name)
    key: str = tell(running, f"/v1/pilots/{name}/keys", name="k")["key"]

    def is_known() -> bool:
        with Client(broker, f"{name}_k", secret=key) as one:
            return one.connected

    wait_until(is_known, "the broker knows it")
    return key


@pytest.fixture(scope="module")
def other(city: Place) -> str:  # noqa: F811
    key = pilot(city, "other")
    with city[0].client(key) as http:
        http.post("/v1/devices", json={"id": "home"}).raise_for_status()
    return key


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in IN_THE_GATE else pytest.mark.soak) for name in ATTACKS]
)
def test_another_pilot_goes_on_while_one_attacks(city: Place, other: str, name: str) -> None:  # noqa: F811
    running, broker, _ = city
    bad = f"bad-{name.replace('_', '-')}"
    seconds = 5.0 if name in IN_THE_GATE else 20.0
    one = Attacker(broker.host, broker.mqtt_port, f"{bad}_k", pilot(city, bad), bad, seconds)
    before = running.pids.get("broker")  # none where it is not ours
    with running.client(other) as http:

        def is_stored() -> bool:
            """Return whether a new message comes through, over a new connection."""
            number = next(NUMBERS)
            with Client(broker, "other_k", secret=other) as device:
                if not device.connected:
                    return False
                device.publish("pilots/other/telemetry/home", [json.dumps({"level": number})])

            def came() -> bool:
                items = http.get("/v1/latest", params={"world": "p-other"}).raise_for_status().json()["items"]
                return any(item["value"] == number for item in items)

            wait_until(came, "it is stored")
            return True

        thread = Thread(target=attack, args=(name, one))
        thread.start()
        try:
            while thread.is_alive():
                wait_until(is_stored, "the broker takes a message of the other")
        finally:
            thread.join()
        wait_until(is_stored, "it goes on afterwards")
    running.wait_for_more()
    assert running.pids.get("broker") == before, "the broker was started again"
    if before and name in ("unacknowledged", "sessions"):
        wait_until(lambda: "subscriptions at QoS 1" in reasons(city, bad), "the reason is reported")


def reasons(place: Place, name: str) -> str:
    """Return what engineers are told about a pilot."""
    with place[0].client(place[0].admin_key) as admin:
        items = admin.get("/v1/alerts").raise_for_status().json()["items"]
    return " ".join(one["detail"] for one in items if one["pilot"] == name)
