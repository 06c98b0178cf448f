"""`zenata init`: secrets that are made once, config from others, and fit together."""

import json
import os
import stat
from pathlib import Path

import pytest

from sandbox.init import FIRST, first_keys, init, keep_key, open_register
from sandbox.settings import Settings
from tests.compose import services, variables_in
from zenata.broker.base import ADMINISTRATOR, SERVICES, pilot_user
from zenata.broker.dynsec import MANAGING
from zenata.control.keys import Principal, Role, new_key
from zenata.errors import SetupError
from zenata.wire.address import parse_url


@pytest.fixture
def folder(tmp_path) -> Path:
    mask = os.umask(0)
    try:
        assert init(tmp_path / ".compose")
    finally:
        os.umask(mask)
    return tmp_path / ".compose"


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_only_the_owner_may_read_anything(folder):
    paths = [folder, *folder.rglob("*")]
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths if path.is_dir()} == {0o700}
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths if path.is_file()} == {0o600}
    owners = {path.stat().st_uid for path in paths}
    assert owners == {int(variables_in(folder / ".env")["ZENATA_UID"])}
    assert 0 not in owners


def test_what_is_there_is_left_as_it_is(folder):
    before = contents(folder)
    assert not init(folder)
    assert contents(folder) == before


def test_no_two_folders_share_a_secret(folder, tmp_path):
    init(tmp_path / "other")
    values = [set(variables_in(made / "influxdb.env").values()) for made in (folder, tmp_path / "other")]
    assert not values[0] & values[1]
    assert all(len(value) >= 43 for value in values[0])  # 256 bits


def test_nothing_secret_is_reported(tmp_path, run):
    folder = tmp_path / "made"
    ((first, *made), (second, *left)) = (run("init", str(folder)) for _ in range(2))
    assert (first, second) == (0, 0)
    output = "".join(made + left)
    assert "is made" in output
    assert "is there already" in output
    secrets = [value for file in folder.glob("?*.env") for value in variables_in(file).values()]
    secrets += [file.read_text().strip() for file in (folder / "city").glob("*.key")]
    assert len(secrets) == 9
    assert not any(secret in output for secret in secrets)


def test_everybody_has_the_rights_of_the_table(folder):
    config = json.loads((folder / "mosquitto" / "dynamic-security.json").read_text())
    roles = {role["rolename"]: {(acl["acltype"], acl["topic"]) for acl in role["acls"]} for role in config["roles"]}
    output = {client["username"]: roles[client["roles"][0]["rolename"]] for client in config["clients"]}
    people = {name: pilot_user(name, "hash", role=role).rights for name, role in FIRST.items()}
    assert output == {
        name: {("publishClientSend", one) for one in rights.publish}
        | {(type_, one) for one in rights.subscribe for type_ in ("subscribePattern", "publishClientReceive")}
        for name, rights in {**SERVICES, ADMINISTRATOR: MANAGING, **people}.items()
    }


def test_only_the_api_may_manage_the_broker(folder):
    address = parse_url(variables_in(folder / "access.env")["ZENATA_BROKER_ADMIN"])
    assert (address.username, address.host) == (ADMINISTRATOR, "mosquitto")
    assert [name for name, service in services(folder).items() if "ZENATA_BROKER_ADMIN" in service.environment] == [
        "api"
    ]


def test_each_service_knows_its_own_password_and_the_token(folder):
    simulators, ingest, influxdb = (
        variables_in(folder / f"{name}.env") for name in ("simulators", "ingest", "influxdb")
    )
    for name, variables in {"simulators": simulators, "ingest": ingest}.items():
        address = parse_url(variables["ZENATA_BROKER"])
        assert (address.username, address.host) == (name, "mosquitto")
        assert variables["ZENATA_INFLUX_TOKEN"] == influxdb["DOCKER_INFLUXDB_INIT_ADMIN_TOKEN"]
    assert simulators["ZENATA_BROKER"] != ingest["ZENATA_BROKER"]


def test_keys_open_the_api(folder):
    register = open_register(Settings(data_dir=folder / "city"))
    output = {
        name: register.authenticate((folder / "city" / f"{name}.key").read_text().strip()) for name in ("admin", "demo")
    }
    assert output == {
        "admin": Principal(pilot="admin", role=Role.ADMIN),
        "demo": Principal(pilot="demo", role=Role.PILOT),
    }


def test_keys_are_made_once(folder):
    register = open_register(Settings(data_dir=folder / "city"))
    before, users = contents(folder / "city"), register.users()
    first_keys(register, folder / "city")
    assert contents(folder / "city") == before
    assert register.users() == users


def test_who_has_a_key_goes_on_where_the_control_data_are_new(tmp_path):
    keep_key(tmp_path, "demo", key := new_key())
    register = open_register(Settings(data_dir=tmp_path))
    first_keys(register, tmp_path)
    assert register.authenticate(key) == Principal(pilot="demo", role=Role.PILOT)
    assert register.authenticate((tmp_path / "admin.key").read_text().strip()) == Principal(
        pilot="admin", role=Role.ADMIN
    )


def test_a_folder_that_cannot_be_made_is_reported(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SetupError, match="cannot be written"):
        init(tmp_path / "file" / "made")


def test_a_folder_that_cannot_be_finished_is_not_begun(tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sandbox.init.first_keys", full)
    with pytest.raises(SetupError, match="No space left"):
        init(tmp_path / "made")
    assert list(tmp_path.iterdir()) == []
