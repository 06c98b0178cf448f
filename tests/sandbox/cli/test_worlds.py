"""`zenata world`, `status`, `stop` and `pilot list` against a running API."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.running import Api
from tests.api.simulators import Simulators, running_with
from tests.sandbox.conftest import Run


@pytest.fixture(scope="module")
def simulators() -> Simulators:
    return Simulators()


@pytest.fixture(scope="module", autouse=True)
def api(tmp_path_factory: pytest.TempPathFactory, simulators: Simulators) -> Iterator[Api]:
    """An API, with the files by which commands find it."""
    folder = tmp_path_factory.mktemp("city")
    with running_with(simulators, folder) as api:
        (folder / "run.json").write_text(json.dumps({"http": api.url, "world": "zenata"}))
        for user, role in (("admin", "admin"), ("demo", "pilot")):
            (folder / f"{user}.key").write_text(api.secrets[role])
        os.environ["ZENATA_DATA_DIR"] = str(folder)
        yield api
        del os.environ["ZENATA_DATA_DIR"]


def test_worlds_are_made_shown_moved_and_deleted(run: Run, simulators: Simulators) -> None:
    simulators.forget()
    assert run("world", "create", "--seed", "7", "--kind", "water", "--speed", "60", "--paused")[:2] == (0, "w-new")
    assert [line.split()[0] for line in run("world", "list")[1].splitlines()] == [
        "WORLD",
        "zenata",
        "w-foreign",
        "w-own",
    ]
    assert json.loads(run("world", "show", "w-own")[1])["owner"] == "test-pilot"
    assert run("world", "clock", "w-own", "--run", "--speed", "max")[0] == 0
    assert run("world", "advance", "w-own", "--steps", "6")[1].startswith("w-own stands at 2026-01-01T00:00:10Z")
    assert run("world", "events", "w-own")[1].splitlines()[1].startswith("leak-1")
    assert run("world", "fork", "w-own", "--at", "2026-01-01T00:00:00Z")[1] == "w-new"
    assert run("world", "delete", "w-own")[:2] == (0, "")
    calls = {verb: arguments for _, verb, arguments in simulators.requests}
    assert calls["create"].items() >= {"seed": 7, "speed": 60, "state": "paused", "owner": "test-pilot"}.items()
    assert calls["pace"] == {"state": "running", "speed": "max"}
    assert calls["advance"].items() >= {"steps": 6, "limit": 0}.items()


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("world", "show", "w-none"), "There is no world"),
        (("world", "clock", "w-own", "--speed", "fast"), "speed:"),
        (("world", "list", "--user", "lina"), "there is no key in"),
        (("world", "list", "--data-dir", "/nowhere"), "no city is running in /nowhere"),
        (("stop", "--data-dir", "/nowhere"), "no city is running in /nowhere"),
    ],
)
def test_what_cannot_be_is_one_line(run: Run, words: tuple[str, ...], text: str) -> None:
    code, out, err = run(*words)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert text in err


def test_l3_status_shows_where_the_city_answers(run: Run, api: Api) -> None:
    code, out, _ = run("status")
    lines = dict(line.split(maxsplit=1) for line in out.splitlines() if not line.startswith("world "))
    assert (code, lines["HTTP"], lines["ready"]) == (0, api.url, "yes")
    assert "world w-own" in out


def test_pilots_are_listed_with_what_they_do(run: Run, api: Api, tmp_path: Path) -> None:
    assert run("pilot", "add", "x", "--data-dir", str(tmp_path))[0] == 2
    with api.client() as pilot:
        pilot.get("/v1/city")
    control = ("--control-url", api.register.engine.url.render_as_string(hide_password=False))
    _, out, _ = run("pilot", "list", *control)
    heading, *lines = out.splitlines()
    assert heading.split()[:4] == ["NAME", "ROLE", "STATE", "LAST"]
    assert "requests_per_minute 0%" in out
    assert {line.split()[0] for line in lines} == {"test-admin", "test-engineer", "test-pilot", "test-guest"}
    (line,) = run("pilot", "list", "--role", "pilot", *control)[1].splitlines()[1:]
    assert line.split()[3].startswith("20")
    assert run("pilot", "list", "--suspended", *control)[1].startswith("there are no such pilots")


def test_l3_the_version_and_completion(run: Run) -> None:
    assert run("--version")[1].startswith("zenata ")
    assert "--install-completion" in run("--help")[1]


def test_help_shows_defaults_and_environment_variables(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    out = run("up", "--help")[1]
    for name, default in (("HTTP_PORT", "8080"), ("HOST", "127.0.0.1"), ("DATA_DIR", ".zenata"), ("SPEED", "1.0")):
        assert f"[env var: ZENATA_{name}]" in out
        assert f"[default: ({default})]" in out


def test_l1_parts_start_in_a_folder_with_packages_of_these_names(tmp_path: Path) -> None:
    for name in ("api", "ingest", "simulators", "zenata", "sandbox"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise ImportError('not mine')")
    near, far = socket.socketpair()
    far.close()  # nobody asks for a part: it ends once it has imported what they all need
    command = [sys.executable, "-P", "-m", "sandbox", "template", "service"]  # as `zenata up` starts its parts
    with near:
        done = subprocess.run(
            command, cwd=tmp_path, stdin=near, capture_output=True, text=True, check=False, timeout=120
        )
    assert (done.returncode, done.stderr) == (0, "")
