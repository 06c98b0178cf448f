"""Who may use the broker of a running city, as keys and worlds come and go: the embedded broker, and a Mosquitto."""

import json
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from tests.broker.client import Client
from tests.broker.running import HOST, Running, password, running_broker, standard_users
from tests.system.running import RunningCity, running_city, wait_until
from zenata.broker.base import ADMINISTRATOR, SERVICES, Rights, User
from zenata.broker.mosquitto import Mosquitto
from zenata.pilots.keys import KeyRing, Role

pytestmark = pytest.mark.slow

ASKED = {"seed": 7, "start": "2026-07-01T06:00:00Z", "speed": 60, "kinds": ["weather"]}


@pytest.fixture(scope="module", params=["nats", "mosquitto"])
def city(request, tmp_path_factory) -> Iterator[tuple[RunningCity, Running]]:
    """A running city, and its broker."""
    folder = tmp_path_factory.mktemp("access")
    with ExitStack() as stack:
        if request.param == "nats":
            city = stack.enter_context(running_city(folder / "data"))
            yield city, city.broker
            return
        rights = [SERVICES[name] for name in ("simulators", "ingest")]
        both = Rights(
            publish=tuple(one for each in rights for one in each.publish),
            subscribe=tuple(one for each in rights for one in each.subscribe),
        )
        service = User(name="simulators", password_hash=Mosquitto().hash_password(password("simulators")), rights=both)
        broker = stack.enter_context(running_broker("mosquitto", folder / "broker", [service]))
        urls = {
            option: f"mqtt://{name}:{password(name).replace(' ', '%20')}@{HOST}:{broker.mqtt_port}"
            for option, name in (("--broker", "simulators"), ("--broker-admin", ADMINISTRATOR))
        }
        options = [word for pair in urls.items() for word in pair]
        yield stack.enter_context(running_city(folder / "data", *options)), broker


def demo(city: tuple[RunningCity, Running], **options: str) -> Client:
    return Client(city[1], "demo", **{"secret": city[0].key, **options})


def suspend(city: RunningCity, pilot: str) -> bytes:
    """Take the keys of a pilot away; return what brings them back."""
    file = city.folder / "keys.json"
    before = file.read_bytes()
    keys = [entry for entry in json.loads(before)["keys"] if entry["pilot"] != pilot]
    replace(file, json.dumps({"keys": keys}).encode())
    return before


def replace(file, content: bytes) -> None:
    draft = file.with_suffix(".draft")
    draft.write_bytes(content)
    draft.replace(file)


def enters(city: tuple[RunningCity, Running], user: str, secret: str) -> bool:
    with Client(city[1], user, secret=secret) as client:
        return client.connected


def test_the_first_keys_are_let_in(city):
    assert enters(city, "demo", city[0].key)
    assert enters(city, "admin", city[0].admin_key)
    assert not enters(city, "demo", city[0].admin_key)


def test_live_connections_of_whoever_is_suspended_are_cut_off(city):
    with demo(city) as device, demo(city, transport="websockets") as browser:
        assert device.subscribe("zenata/telemetry/#")
        assert browser.subscribe("zenata/telemetry/#")
        with Client(city[1], "admin", secret=city[0].admin_key) as admin:
            before = suspend(city[0], "demo")
            device.wait_closed()
            browser.wait_closed()
            assert not enters(city, "demo", city[0].key)
            replace(city[0].folder / "keys.json", before)
            wait_until(lambda: enters(city, "demo", city[0].key), "the pilot may come back")
            assert admin.connected


def test_a_private_world_is_heard_as_soon_as_it_is_made(city):
    headers = {"Authorization": f"Bearer {city[0].key}"}
    with httpx.Client(base_url=city[0].http, headers=headers, timeout=20) as api:
        world = api.post("/v1/worlds", json=ASKED).raise_for_status().json()["world"]
        with demo(city) as pilot, Client(city[1], "admin", secret=city[0].admin_key) as admin:
            wait_until(lambda: pilot.subscribe(f"{world}/clock"), "the world may be heard")
            pilot.wait_for_count(1)
            assert admin.subscribe("+/clock")
        assert api.delete(f"/v1/worlds/{world}").status_code == 204
        with demo(city) as pilot:
            wait_until(lambda: not pilot.subscribe(f"{world}/clock"), "the world is forgotten")


def test_the_banner_says_who_manages_users(city):
    assert "MQTT follows pilots, keys and worlds" in city[0].said


def test_nothing_secret_is_in_the_logs(city):
    said = city[0].said + "".join(log.read_text() for log in (city[0].folder / "logs").glob("*.log"))
    secrets = {password(name) for name in ("simulators", ADMINISTRATOR)} | {city[0].key, city[0].admin_key}
    assert not any(secret in said or secret.replace(" ", "%20") in said for secret in secrets)


def test_a_newcomer_is_let_in_by_the_embedded_broker_whoever_issued_the_key(tmp_path):
    with running_city(tmp_path / "data") as city:
        key = KeyRing(city.folder / "keys.json").issue("late", Role.PILOT)
        wait_until(lambda: enters((city, city.broker), "late", key), "the newcomer is let in")


def test_without_an_administrator_users_are_as_the_broker_has_them(tmp_path):
    everybody = standard_users("mosquitto")
    allowed = Rights(publish=("#",), subscribe=("#",))
    service = User(name="all", password_hash=Mosquitto().hash_password("all"), rights=allowed)
    with running_broker("mosquitto", tmp_path / "broker", [*everybody, service]) as broker:
        url = f"mqtt://all:all@{HOST}:{broker.mqtt_port}"
        with running_city(tmp_path / "data", "--broker", url) as city:
            assert "pilots, keys and worlds are unknown to it" in city.said
            assert enters((city, broker), "demo", password("demo"))
            assert not enters((city, broker), "demo", city.key)
