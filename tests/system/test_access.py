"""Who may use the broker of a running city, as keys and worlds come and go: the embedded broker, and a Mosquitto."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import pytest

from tests.system.running import SMALL, RunningCity, running_city, zenata
from tests.waiting import wait_until
from tests.zenata.broker.client import Client
from tests.zenata.broker.running import HOST, Running, password, running_broker, standard_users
from zenata.broker.base import ADMINISTRATOR, SERVICES, Rights, User
from zenata.broker.mosquitto import Mosquitto

pytestmark = pytest.mark.slow

Place = tuple[RunningCity, Running, Sequence[str]]

NEW_WORLD = {"seed": 7, "start": "2026-07-01T06:00:00Z", "speed": 60, "kinds": ["weather"]}


@pytest.fixture(scope="module", params=["nats", "mosquitto"])
def city(request, tmp_path_factory) -> Iterator[Place]:
    """A running city, its broker, and what commands need to manage that."""
    folder = tmp_path_factory.mktemp("access")
    with ExitStack() as stack:
        if request.param == "nats":
            city = stack.enter_context(running_city(folder / "data", *SMALL))
            yield city, city.broker, ()
            return
        rights = [SERVICES[name] for name in ("simulators", "ingest")]
        both = Rights(
            publish=tuple(one for each in rights for one in each.publish),
            subscribe=tuple(one for each in rights for one in each.subscribe),
        )
        service = User(name="simulators", password_hash=Mosquitto().hash_password(password("simulators")), rights=both)
        broker = stack.enter_context(running_broker("mosquitto", folder / "broker", [service]))
        urls = {
            option: broker.url(name) for option, name in (("--broker", "simulators"), ("--broker-admin", ADMINISTRATOR))
        }
        options = [word for pair in urls.items() for word in pair]
        yield stack.enter_context(running_city(folder / "data", *SMALL, *options)), broker, options[2:]


def demo(city: Place, **options: str) -> Client:
    return Client(city[1], "demo", **{"secret": city[0].key, **options})


def tell(city: RunningCity, path: str, **body: object) -> dict[str, Any]:
    """Ask the API for a change, as an administrator."""
    with city.client(city.admin_key) as admin:
        return admin.post(path, json=body or None).raise_for_status().json()


def enters(city: Place, user: str, secret: str) -> bool:
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
            tell(city[0], "/v1/pilots/demo/suspend", reason="tried out")
            device.wait_closed()
            browser.wait_closed()
            wait_until(lambda: not enters(city, "demo", city[0].key), "the broker has taken the suspension in")
            assert not any(enters(city, "demo", city[0].key) for _ in range(5))
            tell(city[0], "/v1/pilots/demo/resume")
            wait_until(lambda: enters(city, "demo", city[0].key), "the pilot may come back")
            assert admin.connected


def test_who_is_connected_is_reported_where_the_broker_tells(city):
    with city[0].client(city[0].admin_key) as api:

        def connected() -> list[str] | None:
            connections = api.get("/v1/pilots/demo/activity").json()["mqtt"]
            return connections and sorted(one["client"] for one in connections)

        with demo(city, session="roof"), demo(city, session="page", transport="websockets"):
            assert connected() == (["page", "roof"] if not city[2] else None)
        wait_until(lambda: not connected(), "they are gone")


def test_a_private_world_is_received_as_soon_as_it_is_made(city):
    with city[0].client() as api:
        world = api.post("/v1/worlds", json=NEW_WORLD).raise_for_status().json()["world"]
        with demo(city) as pilot, Client(city[1], "admin", secret=city[0].admin_key) as admin:
            wait_until(lambda: pilot.subscribe(f"{world}/clock"), "the world may be heard")
            pilot.wait_for_count(1)
            assert admin.subscribe("+/clock")
        assert api.delete(f"/v1/worlds/{world}").status_code == 204
        with demo(city) as pilot:
            wait_until(lambda: not pilot.subscribe(f"{world}/clock"), "the world is forgotten")


def test_a_command_over_mqtt_is_in_the_audit_log(city):
    with city[0].client(city[0].admin_key) as api:
        (lamp,) = api.get("/v1/sensors", params={"kind": "streetlight", "limit": 1}).json()["items"]
        change = {"actuators": [lamp["id"]]}
        api.patch("/v1/pilots/demo", json=change).raise_for_status()
        topic = f"zenata/commands/streetlight/{lamp['id']}"
        with Client(city[1], "admin", secret=city[0].admin_key) as admin:
            wait_until(lambda: admin.subscribe(topic), "the broker has taken the rights in")

            def is_heard() -> bool:
                with demo(city) as pilot:  # anew each time: Mosquitto cuts off whoever may not yet
                    pilot.publish(topic, ['{"id": "x1", "set": {"dim": 0.5}}'])
                return bool(admin.messages)

            wait_until(is_heard, "the pilot may command it")

        def lines() -> list[dict[str, Any]]:
            items = api.get("/v1/audit").json()["items"]
            return [item["detail"] for item in items if (item["who"], item["target"]) == ("mqtt", topic)]

        wait_until(lines, "it is in the log")
        assert (lines()[0]["set"], lines()[0]["id"], lines()[0]["may"]) == ({"dim": 0.5}, "x1", ["demo"])


def test_the_banner_says_who_manages_users(city):
    assert "MQTT follows pilots, keys and worlds" in city[0].printed


def test_nothing_secret_is_in_the_logs(city):
    printed = city[0].printed + "".join(log.read_text() for log in (city[0].folder / "logs").glob("*.log"))
    secrets = {password(name) for name in ("simulators", ADMINISTRATOR)} | {city[0].key, city[0].admin_key}
    assert not any(secret in printed or secret.replace(" ", "%20") in printed for secret in secrets)


def test_a_newcomer_is_let_in_whoever_issued_the_key(city):
    def ask(*words: str) -> str:
        done = zenata(*words, "--data-dir", str(city[0].folder), *city[2])
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def enters_now(secret: str) -> bool:
        return enters(city, "late", secret)

    first = ask("pilot", "add", "late")
    wait_until(lambda: enters_now(first), "the newcomer is let in")
    second = ask("key", "rotate", "late")
    wait_until(lambda: enters_now(second), "the new key is let in")
    assert not enters_now(first)
    third = tell(city[0], "/v1/pilots/late/keys/main/rotate")["key"]
    wait_until(lambda: enters_now(third), "the newest key is let in")
    assert not enters_now(second)


def test_without_an_administrator_users_are_as_the_broker_has_them(tmp_path):
    everybody = standard_users("mosquitto")
    allowed = Rights(publish=("#",), subscribe=("#",))
    service = User(name="all", password_hash=Mosquitto().hash_password("all"), rights=allowed)
    with running_broker("mosquitto", tmp_path / "broker", [*everybody, service]) as broker:
        url = f"mqtt://all:all@{HOST}:{broker.mqtt_port}"
        with running_city(tmp_path / "data", *SMALL, "--broker", url) as city:
            assert "pilots, keys and worlds are unknown to it" in city.printed
            assert enters((city, broker, ()), "demo", password("demo"))
            assert not enters((city, broker, ()), "demo", city.key)
