"""A whole city with a certificate: every listener speaks TLS, its parts find each other, and a renewal needs no restart."""

import re
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from websockets.sync.client import connect as connect_websocket

from sandbox.running import Running
from tests.certificates import Authority, Made
from tests.system.running import FREE_PORTS, SMALL, RunningCity, running_city, user_lines, zenata
from tests.waiting import PATIENCE, wait_until
from zenata.broker.base import wait_ready
from zenata.errors import BrokerError
from zenata.process.tls import Trust

pytestmark = pytest.mark.slow

HOST = "127.0.0.1"


@pytest.fixture(scope="module")
def installed(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Files that a city is given, and that are renewed while it runs."""
    folder = tmp_path_factory.mktemp("installed")
    install(authority.issue("first", host=HOST), files := Made(folder / "cert.pem", folder / "key.pem"))
    return files


FAST = (*SMALL, "--start", "2026-03-01T06:00:00Z", "--speed", "30")


@pytest.fixture(scope="module")
def city(installed: Made, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCity]:
    options = ("--tls-cert", str(installed.cert), "--tls-key", str(installed.key), *FAST)
    with running_city(tmp_path_factory.mktemp("tls") / "data", *options) as running:
        yield running


def install(made: Made, files: Made) -> None:
    shutil.copy(made.cert, files.cert)
    shutil.copy(made.key, files.key)


def client(city: RunningCity, authority: Authority) -> httpx.Client:
    headers = {"Authorization": f"Bearer {city.key}"}
    verify = ssl.create_default_context(cafile=authority.file)
    return httpx.Client(base_url=city.http, headers=headers, verify=verify, timeout=60, trust_env=False)


def test_readings_flow_and_https_answers(city, authority):
    assert urlsplit(city.http).scheme == "https"
    with client(city, authority) as api:
        assert api.get("/v1/latest?kind=weather").json()["items"]
        answer = api.get("/healthz", headers={"Host": "city.example"})
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    with pytest.raises(httpx.HTTPError):
        httpx.get(f"http://{urlsplit(city.http).netloc}/healthz", trust_env=False)


def test_readings_are_streamed(city, authority):
    with client(city, authority) as api, api.stream("GET", "/v1/stream?kind=traffic") as answer:
        assert next(line for line in answer.iter_lines() if line.startswith("data:"))
    context = Trust(ca=authority.file).context()
    url = f"wss://{urlsplit(city.http).netloc}/v1/ws"
    with connect_websocket(url, ssl=context, additional_headers={"Authorization": f"Bearer {city.key}"}) as line:
        assert '"ready":"demo"' in line.recv(PATIENCE)
        line.send('{"subscribe": "a", "kind": "traffic"}')
        while '"readings"' not in line.recv(PATIENCE):
            pass


def test_the_broker_answers_by_tls_alone(city, authority):
    mqtt = urlsplit(city.mqtt)
    wait_ready(HOST, mqtt.port, PATIENCE, Trust(ca=authority.file).context())
    with pytest.raises(BrokerError):
        wait_ready(HOST, mqtt.port, 0.3)
    assert city.ws.startswith("wss://")


def test_every_call_of_the_banner_works(city, authority, installed):
    calls = re.findall(r"^    ((?:curl|mosquitto_sub) .*)$", city.printed, re.MULTILINE)
    assert len(calls) == 4
    for call in calls:
        # The certificate is not its own authority, which mosquitto_sub asks for.
        call = call.replace(f"--cafile {installed.cert}", f"--cafile {authority.file} -C 1")
        with subprocess.Popen(
            ["sh", "-c", f"exec timeout {PATIENCE} {call}"], stdout=subprocess.PIPE, text=True
        ) as running:
            # A stream never ends, so it is read until a reading comes.
            assert any(re.search(r'weather|"kind"|/telemetry/', line) for line in running.stdout), call
            running.terminate()


def test_the_command_line_finds_the_city(city):
    done = zenata("dead-letters", "list", "--data-dir", str(city.folder))
    assert done.returncode == 0, done.stderr
    done = zenata("doctor", "--data-dir", str(city.folder))
    assert done.returncode == 0, done.stdout
    assert f"mqtts://{HOST}:" in done.stdout


def test_the_key_is_in_no_backup_and_only_its_owner_may_read_the_copy(city, tmp_path):
    assert (city.folder / "tls" / "key.pem").stat().st_mode & 0o777 == 0o600
    file = tmp_path / "backup.tgz"
    assert zenata("backup", str(file), "--data-dir", str(city.folder)).returncode == 0
    listed = subprocess.run(["tar", "tzf", file], capture_output=True, text=True, check=True).stdout
    assert "tls" not in listed


def test_a_renewed_certificate_is_shown_by_all_without_a_restart(city, authority, installed):
    before = city.pids
    install(authority.issue("second", host=HOST), installed)
    where = Running.read(city.folder / "run.json")

    def shown() -> bool:
        try:
            where.ask("/readyz")
            wait_ready(HOST, urlsplit(city.mqtt).port, 1, Trust(certificate=installed.cert).context())
        except (OSError, BrokerError):
            return False
        return True

    wait_until(shown, "both show the new certificate")
    assert city.pids == before


def test_a_certificate_that_does_not_fit_its_key_changes_nothing(city, authority, installed):
    good = installed.cert.read_bytes()
    shutil.copy(authority.issue("third", host=HOST).cert, installed.cert)
    log = city.folder / "logs" / "api.log"
    wait_until(lambda: "is not the key of" in log.read_text(), "the API says so")
    with client(city, authority) as api:
        assert api.get("/healthz").status_code == 200
    installed.cert.write_bytes(good)


@pytest.mark.parametrize("verb", ["up", "serve"])
def test_a_certificate_that_cannot_be_used_is_reported_in_one_line(authority, tmp_path, verb):
    one, other = authority.issue("one"), authority.issue("other")
    ports = FREE_PORTS if verb == "up" else FREE_PORTS[:2]
    files = ("--tls-cert", str(one.cert), "--tls-key", str(other.key))
    done = zenata(verb, "--data-dir", str(tmp_path / "data"), *ports, *files)
    assert (done.returncode, len(user_lines(done.stderr))) == (2, 1)
    assert f"--tls-key {other.key} is not the key of --tls-cert {one.cert}" in done.stderr


def test_a_city_goes_on_with_an_expired_certificate_and_says_so(authority, tmp_path):
    made = authority.issue("expired", host=HOST, days=-1)
    with running_city(tmp_path / "data", *SMALL, "--tls-cert", str(made.cert), "--tls-key", str(made.key)) as city:
        assert "has expired on" in city.printed
    assert Path(city.folder / "tls" / "cert.pem").read_text() == made.cert.read_text()
