"""Keys, passwords and tokens are in no log, in no answer and in no file that others may read."""

import json
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import pytest
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect as connect_websocket

from tests.system.running import FREE_PORTS, RunningCity, zenata
from tests.waiting import PATIENCE, wait_until
from tests.zenata.broker.client import Client
from zenata.control.keys import new_key

pytestmark = pytest.mark.slow

WRONG = new_key()
HUNTER = "hunter2-never-told"


@pytest.fixture
def city(live_city: RunningCity) -> RunningCity:
    return live_city


def passwords(city: RunningCity) -> set[str]:
    """Return the passwords by which services know each other; only their memory has them."""
    return {password for name in ("simulators", "api") for password in _in_memory(city.pids[name])}


def _in_memory(pid: int) -> set[str]:
    """Look for URLs of the broker in the memory of a process, a descendant of ours."""
    found: set[str] = set()
    maps = Path(f"/proc/{pid}/maps").read_text().splitlines()
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for start, end in re.findall(r"^(\w+)-(\w+) rw-p .* 0 *(?:\[heap\])?$", "\n".join(maps), re.MULTILINE):
            with suppress(OSError):  # gone since
                memory.seek(int(start, 16))
                data = memory.read(int(end, 16) - int(start, 16))
                found |= {url.decode() for url in re.findall(rb"mqtt://(?:simulators|ingest):([\w-]{43})@", data)}
    return found


def use(city: RunningCity) -> set[str]:
    """Show keys, good and wrong, wherever they can be shown; return those that were made."""
    with httpx.Client(base_url=city.http, timeout=60, trust_env=False) as client:
        for key in (city.key, WRONG):
            client.get("/v1/city", headers={"Authorization": f"Bearer {key}"})
            client.post("/write", params={"db": "x", "u": "demo", "p": key}, content="device,device=x a=1")
            client.post("/write", auth=("demo", key), content="not a line")
            client.post("/api/v2/write", headers={"Authorization": f"Token {key}"}, content="nor this")
            client.get(f"/v1/sensors/{key}", params={"key": key}, headers={"Authorization": f"Bearer {key}"})
            url = f"ws{city.http.removeprefix('http')}/v1/ws"
            try:
                with connect_websocket(url, subprotocols=[f"zenata.key.{key}"]) as line:
                    line.recv(PATIENCE)
                with connect_websocket(url) as line:
                    line.send(json.dumps({"key": key}))
                    line.recv(PATIENCE)
            except WebSocketException:
                pass  # it was the wrong one
            with Client(city.broker, "demo", secret=key) as device:
                if device.connected:
                    device.publish("pilots/demo/telemetry/unknown", [f'{{"secret": "{HUNTER}"}}'])
        admin = {"Authorization": f"Bearer {city.admin_key}"}
        made = client.post("/v1/pilots/demo/keys", json={"name": "phone"}, headers=admin)
        assert made.status_code == 201, made.text
        secret = made.json()["key"]
        assert secret not in client.get("/v1/pilots/demo/keys", headers=admin).text
        assert secret not in client.get("/v1/audit", headers=admin).text
        return {secret}


def test_no_log_holds_a_secret(city):
    secrets = {city.key, city.admin_key, WRONG, HUNTER, *passwords(city), *use(city)}
    assert len(secrets) == 7
    wait_until(lambda: "dead letter" in (city.folder / "logs" / "api.log").read_text(), "the letter is logged")
    texts = {file.name: file.read_text() for file in (city.folder / "logs").iterdir()}
    texts["said"], texts["run.json"] = city.printed, (city.folder / "run.json").read_text()
    processes = {name: psutil.Process(pid) for name, pid in city.pids.items()}
    texts |= {name: f"{process.cmdline()} {process.environ()}" for name, process in processes.items()}
    assert {"api.log", "simulators.log", "broker.log", "said", "api"} <= texts.keys()
    assert [(name, secret) for name, text in texts.items() for secret in secrets if secret in text] == []


def test_only_keys_in_files_are_on_disk_in_clear(city):
    known = {city.folder / "demo.key": city.key, city.folder / "admin.key": city.admin_key}
    files = [file for file in city.folder.rglob("*") if file.is_file() and file not in known]
    for file in files:
        with suppress(FileNotFoundError):  # the city replaces files while we read
            content = file.read_bytes()
            assert not [key for key in known.values() if key.encode() in content], file
    assert len(files) > 5
    for file in known:
        assert file.stat().st_mode & 0o077 == 0
    assert city.folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "args",
    [
        ("serve", "--broker", f"mqtt://ann:{HUNTER}@127.0.0.1:port"),
        ("serve", "--broker", f"ann:{HUNTER}@127.0.0.1"),
        ("up", "--broker", f"mqtts://ann:{HUNTER}@127.0.0.1:1?ca=/none"),
        ("up", "--broker-admin", f"mqtt://ann:{HUNTER}@127.0.0.1:1"),
        ("serve", "--store", f"influxdb://ann:{HUNTER}@127.0.0.1:1/x"),
        ("serve", "--store", f"postgres://ann:{HUNTER}@127.0.0.1:1/x"),
        ("doctor", "--broker", f"mqtt://ann:{HUNTER}@127.0.0.1:1"),
    ],
    ids=lambda args: " ".join(args).replace(HUNTER, "..."),
)
def test_no_error_shows_a_password(tmp_path, args):
    verb, *options = args
    ports = FREE_PORTS if verb == "up" else FREE_PORTS[:2]
    printed = spoken([verb, "--data-dir", str(tmp_path / "data"), *ports, *options])
    assert printed
    assert HUNTER not in printed


@pytest.mark.parametrize(
    "variables",
    [
        {"ZENATA_CONTROL_URL": f"postgresql+psycopg://ann:{HUNTER}@127.0.0.1:1/x"},
        {"ZENATA_CONTROL_URL": f"nonsense ann:{HUNTER}@127.0.0.1"},
        {"ZENATA_BROKER": f"mqtt://ann:{HUNTER}@", "ZENATA_HTTP_PORT": "x"},
    ],
    ids=lambda variables: ",".join(variables),
)
def test_no_error_shows_a_secret_of_the_environment(tmp_path, monkeypatch, variables):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    printed = spoken(["serve", "--data-dir", str(tmp_path / "data")])
    assert printed
    assert HUNTER not in printed


def spoken(args: list[str]) -> str:
    """Return all that a command says until it ends."""
    done = zenata(*args)
    assert done.returncode in {1, 2}, done.stderr
    return done.stdout + done.stderr


def test_settings_show_no_secret():
    script = (
        "from sandbox.settings import Settings; print(Settings(broker='mqtt://a:X@h', broker_admin='mqtt://a:X@h', "
        "influx_token='X', control_url='postgresql://a:X@h/x', store='influxdb://a:X@h/b'))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=Path.cwd())
    assert "X" not in done.stdout
