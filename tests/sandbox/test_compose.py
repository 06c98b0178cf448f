"""docker-compose.yml and the image, as far as they can be judged without an engine; tests/system runs the services."""

import re
import shutil
import subprocess
import sys
import zipfile
from fnmatch import fnmatch
from pathlib import Path

import pytest
import typer
import yaml

from sandbox.cli.main import app
from sandbox.init import init
from sandbox.settings import Settings
from tests.compose import FILE, ROOT, Service, resolved, services, variables_in

TEXT = FILE.read_text()
NAMES = sorted(yaml.safe_load(TEXT)["services"])
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COPIED = [
    source
    for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
    for source in line.split()[:-1]
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    made = tmp_path_factory.mktemp("compose") / ".compose"
    assert init(made)
    return made


@pytest.fixture(params=NAMES)
def service(request, folder) -> Service:
    return services(folder)[request.param]


def test_there_is_one_service_for_each_part_of_the_city():
    assert NAMES == ["api", "influxdb", "ingest", "mosquitto", "simulators"]


def test_nothing_starts_without_the_folder():
    with pytest.raises(KeyError, match="ZENATA_"):
        resolved(yaml.safe_load(TEXT), {})


def test_a_port_can_be_chosen(folder):
    chosen = resolved("${ZENATA_HTTP_PORT:-8080} $$?", {"ZENATA_HTTP_PORT": "9000"})
    assert chosen == "9000 $?"
    assert services(folder)["simulators"].about["ports"] == ["127.0.0.1:8080:8080"]


def test_everything_mounted_is_there(service, folder):
    assert service.mounts
    for outside in (*service.mounts.values(), *service.env_files):
        assert outside.exists()
        assert outside.is_relative_to(folder)


def test_ports_are_published_on_loopback_alone(service):
    assert all(port.startswith("127.0.0.1:") for port in service.about.get("ports", ()))


def test_no_service_may_do_more_than_it_must(service, folder):
    owner = folder.stat()
    assert service.about["user"] == f"{owner.st_uid}:{owner.st_gid}"
    assert owner.st_uid != 0
    assert service.about["read_only"] is True
    assert service.about["cap_drop"] == ["ALL"]
    assert service.about["security_opt"] == ["no-new-privileges:true"]


def test_the_engine_s_logs_are_rotated(service):
    logging = service.about["logging"]
    assert logging["driver"] == "json-file"  # whose options these are
    size = re.fullmatch(r"(\d+)m", logging["options"]["max-size"])
    assert size
    assert 1 <= int(size[1]) * int(logging["options"]["max-file"]) <= 100  # MB of each service


def test_the_store_logs_no_queries(folder):
    """InfluxDB 2 logs each query from the level `info` down."""
    (store,) = [one for one in services(folder).values() if one.about["image"].startswith("influxdb:")]
    assert store.environment["INFLUXD_LOG_LEVEL"] in {"warn", "error"}


def test_what_it_waits_for_is_there_and_can_be_well(service, folder):
    others = services(folder)
    for other, how in service.about.get("depends_on", {}).items():
        assert how["condition"] == "service_healthy"
        assert others[other].health
    mode = service.about.get("network_mode", "")
    assert not mode or mode.removeprefix("service:") in service.about["depends_on"]


def test_our_commands_are_the_command_line_s(service):
    if service.is_ours:
        verb, *options = service.about["command"]
        context = typer.main.get_command(app).commands[verb].make_context(verb, options)  # raises if an option is wrong
        assert context.info_name == verb


def test_our_variables_are_settings(service):
    ours = {name for name in service.environment if name.startswith("ZENATA_")}
    assert ours <= {f"ZENATA_{name.upper()}" for name in Settings.model_fields}


def test_our_health_checks_are_python_that_compiles(service):
    if service.health[:2] == ["python", "-c"]:
        code = compile(service.health[2], service.name, "exec")
        assert code.co_names


def test_images_of_others_are_pinned(service):
    if not service.is_ours:
        assert re.search(r":\d+\.\d+\.\d+$", service.about["image"])


def test_no_secret_is_written_into_the_file(service):
    secrets = {value for file in service.env_files for value in variables_in(file).values()}
    assert not any(secret in TEXT for secret in secrets)
    assert not any(re.search("PASSWORD|TOKEN|BROKER", name) for name in service.about.get("environment", {}))


def test_the_image_is_pinned_and_not_root():
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert bases == ["python:3.11-slim-bookworm"] * 2
    user = re.findall(r"^USER (\d+):(\d+)$", DOCKERFILE, re.MULTILINE)
    assert user
    assert "0" not in user[-1]
    assert "--require-hashes -r requirements/runtime.txt" in DOCKERFILE
    assert DOCKERFILE.index("npm run build --prefix dashboard") < DOCKERFILE.index(
        "pip install --no-cache-dir --disable-pip-version-check --no-deps"
    )


def test_what_the_image_is_made_of_is_sent_to_the_engine_and_nothing_else():
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    assert {line.removeprefix("!") for line in lines if line.startswith("!")} == set(COPIED)
    assert all((ROOT / source).exists() for source in COPIED)
    assert not any(fnmatch(source, "*.env") for source in COPIED)


@pytest.mark.slow
def test_the_image_s_files_are_enough_to_install_it(tmp_path):
    build = tmp_path / "build"
    for source in COPIED:
        target = build / source
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, target, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
        else:
            shutil.copy(ROOT / source, target)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*command, "--no-build-isolation", "--wheel-dir", tmp_path, "."], cwd=build, check=True, timeout=600)
    (wheel,) = tmp_path.glob("*.whl")
    inside = zipfile.ZipFile(wheel).namelist()
    assert {
        "zenata/broker/config/mosquitto/mosquitto.conf",
        "zenata/cities/zenata/city.toml",
        "api/http/app.py",
        "api/dashboard/index.html",  # built by `make test`, as the image builds it
    } <= {*inside}
