import os
import re
from pathlib import Path
from typing import get_args

import pytest
from pydantic import ValidationError

from sandbox.settings import Settings
from zenata.errors import SetupError

FIELDS = Settings.model_fields.items()


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch):
    for name in os.environ:
        if name.startswith("ZENATA_"):
            monkeypatch.delenv(name)


def test_nothing_needs_to_be_set():
    settings = Settings()
    assert (settings.host, settings.http_port, settings.mqtt_port, settings.ws_port) == ("127.0.0.1", 8080, 1883, 9001)
    assert (settings.seed, settings.start, settings.speed, settings.broker) == (None, None, 1.0, None)


def test_everything_lives_in_the_data_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = Settings()
    assert settings.store_url == f"duckdb:///{tmp_path}/.zenata/readings.duckdb"
    assert {settings.control_file, settings.run_file, settings.world_dir} == {
        Path(".zenata/control/control.db"),
        Path(".zenata/run.json"),
        Path(".zenata/worlds/zenata"),
    }
    moved = Settings(data_dir=tmp_path / "data", world="w-1", store="duckdb:///elsewhere")
    assert moved.world_dir == tmp_path / "data" / "worlds" / "w-1"
    assert moved.store_url == "duckdb:///elsewhere"


def test_each_setting_is_taken_from_the_environment(monkeypatch):
    """As its text, the way one process hands all of them to another."""
    of_type = {Path: Path("/data"), bool: True, int: 7, float: 0.5, str: "x"}
    others = {name: of_type.get((*get_args(field.annotation), field.annotation)[0]) for name, field in FIELDS}
    named = {
        "host": "::1",
        "ws_port": 65535,
        "cors_origins": ("https://a.example", "http://[::1]:3000"),
        "seed": 2**63 - 1,
        "peer_url": "http://10.0.0.5:8080",
        "worker": "2/3",
    }
    chosen = Settings(**{**others, **named})
    assert all(getattr(chosen, name) != field.default for name, field in FIELDS)
    for name, value in chosen.environment().items():
        monkeypatch.setenv(name, value)
    assert Settings() == chosen


def test_settings_are_handed_on_with_changes():
    handed = Settings(seed=7).environment(world="w-1", seed=None)
    assert handed["ZENATA_WORLD"] == "w-1"
    assert "ZENATA_SEED" not in handed


def test_origins_are_divided_by_commas(monkeypatch):
    monkeypatch.setenv("ZENATA_CORS_ORIGINS", "https://a.example, http://localhost:3000")
    assert Settings().cors_origins == ("https://a.example", "http://localhost:3000")
    monkeypatch.setenv("ZENATA_CORS_ORIGINS", "")
    assert Settings().cors_origins == ()


def test_certificate_and_key_go_together(tmp_path):
    assert Settings().certificate is None
    with pytest.raises(SetupError, match="--tls-cert is set without --tls-key"):
        _ = Settings(tls_cert=tmp_path / "cert.pem").certificate


def test_options_count_more_than_the_environment(monkeypatch):
    monkeypatch.setenv("ZENATA_HTTP_PORT", "1234")
    assert Settings(http_port=0).http_port == 0
    assert Settings().http_port == 1234


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("http_port", "-1"),
        ("mqtt_port", "65536"),
        ("ws_port", "many"),
        ("seed", "-1"),
        ("seed", str(2**63)),
        ("seed", "1.5"),
        ("speed", "0"),
        ("speed", "3601"),
        ("speed", "nan"),
        ("packs", "perhaps"),
        ("worlds_of_one", "-1"),
        ("worlds_in_all", "-1"),
        ("world_rate", "0"),
        ("cors_origins", "*"),
        ("cors_origins", "https://a.example,*"),
        ("cors_origins", "https://a.example/"),
        ("cors_origins", "a.example"),
        ("cors_origins", "null"),
        ("world_idle", "0"),
        ("world_kept", "0"),
        ("world", "../zenata"),
        ("world", "a/b"),
        ("world", "+"),
        ("world", "w" * 64),
        ("world", ""),
        ("world", "p-alpha"),
        ("world", "pilots"),
        ("world", "truth"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(monkeypatch, name, value):
    monkeypatch.setenv(f"ZENATA_{name.upper()}", value)
    with pytest.raises(ValidationError) as failure:
        Settings()
    assert [problem["loc"] for problem in failure.value.errors()] == [(name,)]


def test_the_password_in_a_broker_url_is_not_shown():
    assert "secret" not in repr(Settings(broker="mqtt://user:secret@host:1883"))


def test_the_token_of_the_store_may_be_in_a_file(tmp_path):
    file = tmp_path / "token"
    file.write_text("secret\n")
    assert Settings().store_token is None
    assert Settings(influx_token="said").store_token == "said"
    assert Settings(influx_token_file=file).store_token == "secret"
    with pytest.raises(SetupError, match="cannot be read"):
        _ = Settings(influx_token_file=tmp_path / "none").store_token


def test_a_store_in_a_file_is_embedded():
    assert Settings().is_embedded
    assert not Settings(store="influxdb://127.0.0.1:8086/zenata").is_embedded


SAMPLE = (Path(__file__).parents[2] / "sample.env").read_text(encoding="utf-8")


def test_the_sample_names_every_setting_once():
    names = re.findall(r"^(?:# )?ZENATA_(\w+)=", SAMPLE, flags=re.MULTILINE)
    assert sorted(names) == sorted(name.upper() for name in Settings.model_fields)


def test_the_sample_shows_the_defaults(monkeypatch):
    for name, value in re.findall(r"^(ZENATA_\w+)=(.*)$", SAMPLE, flags=re.MULTILINE):
        monkeypatch.setenv(name, value)
    assert Settings() == Settings.model_construct()


def test_the_examples_of_the_sample_are_taken(monkeypatch):
    examples = re.findall(r"^# (ZENATA_(\w+)=(.*))$", SAMPLE, flags=re.MULTILINE)
    for line, _, value in examples:
        monkeypatch.setenv(line.partition("=")[0], value)
    settings = Settings()
    assert all(getattr(settings, name.lower()) for _, name, _ in examples)
