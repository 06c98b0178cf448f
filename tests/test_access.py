from pathlib import Path

import pytest

from simulators.record import Pace, Recipe
from simulators.worlds import Limits, Worlds
from zenata.access import Access
from zenata.pilots.keys import KeyRing, Role
from zenata.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


@pytest.fixture
def access(settings: Settings) -> Access:
    keys = KeyRing(settings.keys_file)
    for name, role in (("demo", Role.PILOT), ("eve", Role.PILOT), ("admin", Role.ADMIN)):
        keys.issue(name, role)
    return Access(settings, keys, {"simulators": "secret"}, {"--mqtt-port": 1883, "--ws-port": 9001})


def make(settings: Settings, owner: str) -> str:
    recipe = Recipe(city="zenata", seed=1, start=0, live=False, owner=owner)
    return Worlds(settings.worlds_dir, Limits()).make(recipe, Pace())


def lines(settings: Settings) -> dict[str, str]:
    """Return what the broker knows of each user."""
    text = (settings.data_dir / "broker" / "users.conf").read_text()
    return {name: line for line in text.splitlines() for name in ("simulators", "demo", "eve") if f'"{name}"' in line}


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
    Worlds(settings.worlds_dir, Limits()).folder(world).rename(settings.data_dir / "elsewhere")
    assert access.renew()
    assert lines(settings) == before


def test_worlds_of_before_are_known_from_the_start(settings, access):
    world = make(settings, "eve")
    assert access.renew()
    assert f"{world}.telemetry" in lines(settings)["eve"]


def test_only_pilots_with_a_key_are_users(settings, access):
    make(settings, "nobody")
    access.renew()
    assert set(lines(settings)) == {"simulators", "demo", "eve"}
    assert "nobody" not in (settings.data_dir / "broker" / "users.conf").read_text()
