"""What a user can mend is told in one clear line, with exit code 2 and no traceback."""

import socket
from collections.abc import Iterator

import duckdb
import pytest

from tests.system.readings import START
from tests.system.running import FREE_PORTS, user_lines, zenata
from tests.zenata.broker.running import running_broker, standard_users

UNREACHABLE = "mqtt://someone:secret@127.0.0.1:1"


def complaint(*args: str) -> str:
    """Run a command that must fail; return what it told, without its ``zenata: ``."""
    done = zenata(*args)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert not done.stdout
    (line,) = user_lines(done.stderr)
    start, space, rest = line.partition(" ")
    assert start + space == "zenata: "
    return rest


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that another program listens at."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--broker", UNREACHABLE), ("127.0.0.1:1",)),
        (("--broker", "http://127.0.0.1"), ("broker URL", "mqtt://")),
        (("--broker", "mqtt://127.0.0.1:99999"), ("broker URL",)),
        (("--start", "yesterday"), ("--start", "yesterday", "2026-01-01T00:00:00Z")),
        (("--city", "atlantis"), ("atlantis",)),
        (("--store", "mongo:///x"), ("mongo", "duckdb://")),
        (("--store", "duckdb:///"), ("duckdb:////absolute/path",)),
        (("--host", "192.0.2.1"), ("192.0.2.1",)),
    ],
)
def test_up(tmp_path, options, words):
    line = complaint("up", "--data-dir", str(tmp_path), *FREE_PORTS, *options)
    assert all(word in line for word in words), line
    assert "secret" not in line
    assert not (tmp_path / "run.json").exists()


@pytest.mark.parametrize("option", ["--http-port", "--mqtt-port", "--ws-port"])
def test_a_taken_port(tmp_path, taken, option):
    line = complaint("up", "--data-dir", str(tmp_path), *FREE_PORTS, option, str(taken))
    assert f"port {taken} is taken" in line
    assert option in line


def test_a_data_directory_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    for folder in ("file", "file/below"):
        assert "--data-dir" in complaint("up", "--data-dir", str(tmp_path / folder), *FREE_PORTS)


@pytest.mark.slow
def test_another_seed_or_start_for_a_world_that_exists(tmp_path):
    data = ("--data-dir", str(tmp_path))
    (tmp_path / "worlds" / "zenata").mkdir(parents=True)
    (tmp_path / "worlds" / "zenata" / "world.json").write_text('{"city":"zenata","seed":1,"start":0,"live":false}')
    assert "--seed 1, not 7" in complaint("up", *data, *FREE_PORTS, "--seed", "7")
    assert f"not {START}" in complaint("simulate", *data, "--broker", UNREACHABLE, "--start", START)


@pytest.mark.slow
def test_a_store_that_another_process_has(tmp_path):
    with duckdb.connect(str(tmp_path / "readings.duckdb")):
        assert "is in use by process" in complaint("up", "--data-dir", str(tmp_path), *FREE_PORTS)
        assert "is in use by process" in complaint("serve", "--data-dir", str(tmp_path), "--http-port", "0")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("simulate",), ("--broker",)),
        (("simulate", "--digest-until", "2026-03-01T06:00:00Z"), ("--start",)),
        (("simulate", "--start", START, "--digest-end", "noon"), ("--digest-end", "noon")),
        (("ingest",), ("--broker",)),
        (("ingest", "--broker", "nonsense"), ("broker URL",)),
        (("serve", "--http-port", "0", "--city", "atlantis"), ("atlantis",)),
        (("serve", "--http-port", "0", "--store", "mongo:///x"), ("mongo",)),
        (("serve", "--http-port", "0", "--broker", "nonsense"), ("broker URL",)),
    ],
)
def test_services(tmp_path, monkeypatch, args, words):
    monkeypatch.setenv("ZENATA_DATA_DIR", str(tmp_path))
    line = complaint(*args)
    assert all(word in line for word in words), line


def test_serve_at_a_taken_port(tmp_path, taken):
    assert f"port {taken} is taken" in complaint("serve", "--data-dir", str(tmp_path), "--http-port", str(taken))


@pytest.mark.slow
def test_services_that_the_broker_refuses(tmp_path):
    with running_broker("nats", tmp_path / "broker", standard_users("nats")) as broker:
        url = f"mqtt://demo:secret@{broker.host}:{broker.mqtt_port}"
        for command in (("simulate",), ("ingest",), ("serve", "--http-port", "0")):
            line = complaint(*command, "--data-dir", str(tmp_path / command[0]), "--broker", url)
            assert "refused us: Not authorized" in line
            assert "secret" not in line


def test_doctor_finds_a_fresh_folder_well(tmp_path):
    examined = zenata("doctor", "--data-dir", str(tmp_path), *FREE_PORTS)
    assert examined.returncode == 0, examined.stdout
    assert "FAIL" not in examined.stdout
    assert not list(tmp_path.iterdir())


def test_doctor_says_how_to_mend(tmp_path, taken):
    (tmp_path / "file").touch()
    port = ("--http-port", str(taken))
    examined = zenata("doctor", "--data-dir", str(tmp_path / "file"), *FREE_PORTS, *port, "--broker", UNREACHABLE)
    assert examined.returncode == 1
    failed = {line.split()[1]: line for line in examined.stdout.splitlines() if line.startswith("  FAIL")}
    assert set(failed) == {"disk", "ports", "broker"}
    assert "choose another --data-dir" in failed["disk"]
    assert f"port {taken} is taken" in failed["ports"]
    assert "choose another with --http-port" in failed["ports"]
    assert "127.0.0.1:1" in failed["broker"]
