"""Users of the broker as pilots, keys and worlds come and go."""

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import bcrypt
import pytest

from sandbox.broker_users import EmbeddedUsers, MosquittoUsers
from sandbox.settings import Settings
from simulators.host.worlds import Limits, Worlds
from simulators.record.record import Pace, Recipe
from tests.waiting import wait_until
from tests.zenata.broker.client import Client
from tests.zenata.broker.running import HOST, Running, administrator, password, running_broker, standard_users
from zenata.broker.base import ADMINISTRATOR, wait_ready
from zenata.broker.dynsec import DynamicSecurity
from zenata.broker.mosquitto import Mosquitto
from zenata.city.clock import WallClock
from zenata.control.keys import MqttUser, Role
from zenata.errors import BrokerError
from zenata.process.ports import free_ports
from zenata.wire.address import Address
from zenata.worlds.folders import WorldFolders


@dataclass
class Register:
    entries: dict[str, MqttUser] = field(default_factory=dict)
    on_key = staticmethod(lambda *_: None)

    def refresh(self) -> None: ...

    def users(self) -> list[MqttUser]:
        return list(self.entries.values())

    def issue(self, user: str, role: str = "pilot", key: str = "") -> str:
        key = key or f"zk_of_{user}"
        hashed = bcrypt.hashpw(key.encode(), bcrypt.gensalt(4)).decode()
        pilot = user.partition("_")[0]
        self.entries[user] = MqttUser(
            user,
            pilot,
            Role(role),
            reads=True,
            writes=True,
            actuators=(),
            bcrypt=hashed,
            pbkdf2=Mosquitto().hash_password(key),
        )
        self.on_key(user, key)
        return key


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


@pytest.fixture
def register() -> Register:
    register = Register()
    for name, role in (("demo", "pilot"), ("eve", "pilot"), ("admin", "admin")):
        register.issue(name, role)
    return register


@pytest.fixture
def access(settings: Settings, register: Register) -> EmbeddedUsers:
    return embedded(settings, register)


def embedded(settings: Settings, register: Register, monitor: "Slow | None" = None) -> EmbeddedUsers:
    ports = {"--mqtt-port": 1, "--ws-port": 2}
    return EmbeddedUsers(settings, register, {"simulators": "secret"}, ports, monitor=monitor)


class Slow:
    """A broker that takes in users when it is told so."""

    def __init__(self) -> None:
        self.time = 0
        self.cut: list[set[str]] = []

    def loaded(self) -> int:
        return self.time

    def disconnect(self, users: Mapping[str, int], until: int | None = None) -> int:
        self.cut.append(set(users))
        return len(users)


def test_users_change_one_reload_after_the_other_and_whoever_loses_rights_is_disconnected(settings, register):
    broker = Slow()
    access = embedded(settings, register, broker)
    access.renew()
    broker.time = WallClock().now()
    register.issue("admin", "guest")
    assert access.renew()
    del register.entries["eve"]
    access.disconnect()
    assert not access.renew()
    assert broker.cut == [{"admin"}]
    assert "eve" in lines(settings)
    broker.time = WallClock().now()
    assert access.renew()
    assert "eve" not in lines(settings)
    access.disconnect()
    assert {"eve"} in broker.cut


class Deaf(Slow):
    """A broker whose monitoring does not answer."""

    def loaded(self) -> int:
        raise BrokerError("it does not answer")


@pytest.mark.parametrize("broker", [Slow(), Deaf()], ids=["a reload that does not end", "monitoring is silent"])
def test_who_loses_access_does_not_wait_for_a_reload_of_which_nobody_hears(settings, register, monkeypatch, broker):
    now = [1000.0]
    monkeypatch.setattr("sandbox.broker_users.time.monotonic", lambda: now[0])
    access = embedded(settings, register, broker)
    assert access.renew()
    del register.entries["eve"]
    for _ in range(2):
        assert not access.renew()
        access.disconnect()
    assert broker.cut == [{"eve"}, {"eve"}]
    now[0] += 5.0
    assert access.renew()
    assert "eve" not in lines(settings)
    register.issue("late")
    now[0] += 5.0
    assert not access.renew(), "who only gains something waits"


def make(settings: Settings, owner: str) -> str:
    recipe = Recipe(city="zenata", seed=1, start=0, live=False, owner=owner)
    return Worlds(WorldFolders(settings.worlds_dir), Limits()).make(recipe, Pace())


def lines(settings: Settings) -> dict[str, str]:
    """Return what the broker knows of each user."""
    text = (settings.data_dir / "broker" / "users.conf").read_text()
    return {line.split('"')[3]: line for line in text.splitlines() if line.strip().startswith('{"user"')}


def test_rights_follow_the_worlds_there_are(settings, access):
    access.program()
    before = lines(settings)
    assert not access.renew()
    world = make(settings, "demo")
    assert access.renew()
    after = lines(settings)
    assert f"{world}.commands" in after["demo"]
    assert {name: line for name, line in after.items() if name != "demo"} == {
        name: line for name, line in before.items() if name != "demo"
    }
    assert not access.renew()
    WorldFolders(settings.worlds_dir).folder(world).rename(settings.data_dir / "elsewhere")
    assert access.renew()
    assert lines(settings) == before


def test_worlds_of_before_are_known_from_the_start(settings, register):
    world = make(settings, "eve")
    embedded(settings, register).program()
    assert f"{world}.telemetry" in lines(settings)["eve"]


def test_a_world_of_nobody_changes_nothing(settings, access):
    access.program()
    make(settings, "nobody")
    assert not access.renew()


def test_what_cannot_be_written_is_tried_again(settings, register, access, caplog):
    access.program()
    folder = settings.data_dir / "broker"
    folder.rename(settings.data_dir / "kept")
    folder.write_text("in the way")
    register.issue("late")
    assert not access.renew()
    assert "cannot be renewed" in caplog.text
    folder.unlink()
    assert access.renew()
    assert "late" in lines(settings)


def test_users_follow_the_register(settings, register, access):
    access.program()
    assert set(lines(settings)) == {"simulators", "demo", "eve", "admin"}
    register.issue("demo_phone")
    assert access.renew()
    assert "pilots.demo.>" in lines(settings)["demo_phone"]
    before = lines(settings)["eve"]
    register.issue("eve", key="another")
    assert access.renew()
    assert lines(settings)["eve"] != before
    del register.entries["eve"]
    assert access.renew()
    assert "eve" not in lines(settings)
    assert not access.renew()


def test_a_role_gives_its_rights(settings, register, access):
    register.issue("saz", "engineer")
    register.issue("visitor", "guest")
    assert access.renew()
    assert "truth.>" in lines(settings)["saz"]
    assert "truth" not in lines(settings)["visitor"]


@pytest.mark.parametrize("name", ["ingest", "simulators", ADMINISTRATOR])
def test_a_pilot_with_the_name_of_a_service_does_not_stop_the_others(settings, register, access, name, caplog):
    register.issue(name)
    register.issue("late")
    assert access.renew()
    assert {"late", "demo"} <= set(lines(settings))
    assert "that name is a service's" in caplog.text


@pytest.fixture(scope="module")
def mosquitto(tmp_path_factory) -> Iterator[Running]:
    with running_broker("mosquitto", tmp_path_factory.mktemp("mosquitto"), standard_users("mosquitto")) as running:
        yield running


@pytest.fixture
def address(mosquitto) -> Iterator[Address]:
    """The address of a Mosquitto to manage; afterwards nobody is left in it."""
    yield mosquitto.address(ADMINISTRATOR)
    with administrator(mosquitto.mqtt_port) as questions:
        DynamicSecurity(questions.request, lambda _: None).renew([])


@pytest.fixture
def remote(settings, register, address) -> Iterator[MosquittoUsers]:
    for name in ("demo", "admin"):
        (settings.data_dir / f"{name}.key").write_text(f"zk_of_{name}\n")
    with MosquittoUsers(settings, register, address) as remote:
        remote.connect(10)
        yield remote


def enters(broker: Running, user: str, key: str = "") -> bool:
    with Client(broker, user, secret=key or f"zk_of_{user}") as client:
        return client.connected


def test_keys_in_files_are_known_to_a_broker_elsewhere(mosquitto, remote, caplog):
    assert [name for name in ("demo", "admin", "eve") if enters(mosquitto, name)] == ["demo", "admin"]
    logged = "".join(record.getMessage() for record in caplog.get_records("setup"))
    assert "does not know the key of eve" in logged
    assert "zk_of" not in logged


def test_a_key_that_is_issued_here_is_known_there(mosquitto, register, remote):
    key = register.issue("late")
    remote.renew()
    assert enters(mosquitto, "late", key)
    assert remote._learned == {}
    rotated = register.issue("late", key="zk_another")
    remote.renew()
    assert not enters(mosquitto, "late", key)
    assert enters(mosquitto, "late", rotated)


def test_whoever_is_suspended_is_cut_off_there_and_may_come_back(mosquitto, register, remote):
    entry = register.entries["demo"]
    with Client(mosquitto, "demo", secret="zk_of_demo", transport="websockets") as demo:
        del register.entries["demo"]
        remote.renew()
        demo.wait_closed()
    assert not enters(mosquitto, "demo")
    register.entries["demo"] = entry
    remote.renew()
    assert enters(mosquitto, "demo")


def test_a_world_is_received_there_as_soon_as_it_is_made(mosquitto, settings, remote):
    with Client(mosquitto, "demo", secret="zk_of_demo") as demo, Client(mosquitto, "simulators") as simulators:
        world = make(settings, "demo")
        assert not demo.subscribe(f"{world}/clock")
        remote.renew()
        assert demo.subscribe(f"{world}/clock")
        simulators.publish(f"{world}/clock", ["noon"])
        demo.wait_for("noon")


def test_services_stay_as_they_are_there(mosquitto, remote):
    assert [name for name in ("simulators", "ingest") if enters(mosquitto, name, password(name))] == [
        "simulators",
        "ingest",
    ]


def test_changes_are_followed_by_itself(mosquitto, register, remote):
    remote.start()
    with Client(mosquitto, "demo", secret="zk_of_demo") as demo:
        del register.entries["demo"]
        demo.wait_closed()


def test_a_broker_that_comes_back_is_followed_again(settings, register, tmp_path, monkeypatch):
    monkeypatch.setattr("zenata.wire.mqtt.requests._PATIENCE", 0.5)
    with (
        running_broker("mosquitto", tmp_path / "broker", []) as running,
        MosquittoUsers(settings, register, running.address(ADMINISTRATOR)) as remote,
    ):
        remote.connect(10)
        remote.start()
        running.process.kill()
        running.process.wait()
        register.issue("late")
        with subprocess.Popen(running.process.args, stderr=subprocess.DEVNULL) as again:
            wait_ready(HOST, running.mqtt_port, 10)
            wait_until(lambda: enters(running, "late"), "the newcomer is let in")
            again.terminate()


def test_a_broker_that_cannot_be_managed_is_reported(settings, register, address, monkeypatch):
    monkeypatch.setattr("zenata.wire.mqtt.requests._PATIENCE", 0.5)
    nobody = replace(address, port=free_ports(HOST, {"nobody": 0})["nobody"])
    with MosquittoUsers(settings, register, nobody) as remote, pytest.raises(BrokerError, match="cannot be reached"):
        remote.connect(0.3)
    other = replace(address, username="ingest", password=password("ingest"))
    with MosquittoUsers(settings, register, other) as remote, pytest.raises(BrokerError, match="does not answer on"):
        remote.connect(10)


def test_whoever_is_kept_out_is_no_user_until_then(settings, register, access):
    register.issue("demo_phone")
    access.program()
    access.excluded = lambda: {"demo"}
    assert access.renew()
    assert set(lines(settings)) == {"simulators", "eve", "admin"}
    assert not access.renew()
    access.excluded = frozenset
    assert access.renew()
    assert {"demo", "demo_phone"} <= set(lines(settings))


def test_many_newcomers_are_let_in_together(settings, register, access, monkeypatch):
    """Reloads come a few at once and then at intervals; whoever loses access does not wait for the next."""
    now = [1000.0]
    monkeypatch.setattr("sandbox.broker_users.time.monotonic", lambda: now[0])
    access._rate.time = now[0]
    access.program()
    reloads = 0
    for second in range(60):
        register.issue(f"new{second}")
        reloads += access.renew()
        now[0] += 1.0
    assert 15 <= reloads <= 25
    del register.entries["new1"]
    assert access.renew()
    assert "new1" not in lines(settings)
    now[0] += 4.0
    access.renew()
    assert "new59" in lines(settings)
