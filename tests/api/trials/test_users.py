"""A service as its developer runs it: by the client and by the command line."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import httpx
import msgspec
import pytest
from typer.testing import CliRunner

import sandbox.trials
from sandbox import cli
from sandbox.cli.main import app
from sandbox.running import Running
from sandbox.settings import Settings
from sandbox.trials import verify_receipt
from tests.api.trials.hosting import FIRST, HOUR, STEPS, begin
from tests.client.clients import KINDS, opened
from zenata.errors import SetupError
from zenata.trials import leaks
from zenata.trials.registry import CHALLENGES
from zenata.trials.variants import VARIANTS
from zenata_client import Client, UnreachableError
from zenata_client.calls import trials as calls
from zenata_client.plan import PATIENCE, Pause

SERVICE = """
import os
from zenata_client import Client
with Client() as client:
    assert client.show_trial(os.environ["ZENATA_TRIAL"]).topics.clock, "there is nothing to subscribe to"
    for step in client.trial("short"):
        if not step.warm_up:
            step.answer(forecasts=[])
"""


@pytest.fixture(params=KINDS)
def service(request, there, client):
    """A client of either kind; `client` cancels what it leaves."""
    api, _ = there
    with opened(request.param, api.url, api.secrets["pilot"]) as one:
        yield one


def test_a_loop_over_steps_is_a_whole_service(service):
    steps = []
    for step in service.trial("lamps", seeds=[1, 2]):
        steps.append(step)
        assert step.readings
        assert {reading.kind for reading in step.readings} == {"streetlight"}
        if not step.warm_up:
            step.answer(forecasts=[])
            step.command("streetlight-0001", dim=0.5)
    assert [(step.seed, step.number) for step in steps] == [(s, n) for s in (1, 2) for n in range(1, STEPS + 1)]
    assert [len(step.outcomes) for step in steps[:STEPS]] == [0] * (FIRST + 1) + [1] * (STEPS - FIRST - 1)
    result = steps[-1].result
    assert (result.phase, result.score.mean, result.results[0].commands) == ("done", STEPS - FIRST, STEPS - FIRST - 1)


def test_a_service_that_died_goes_on_where_it_was(service, client, monkeypatch):
    trial = begin(client)
    monkeypatch.setenv("ZENATA_TRIAL", trial["trial"])
    for step in service.trial("short"):
        if step.number == FIRST + 2:
            break  # it dies before it answers
        if not step.warm_up:
            step.answer(forecasts=[])
    last = None
    for step in service.trial("short"):
        assert step.number >= FIRST + 2
        step.answer(forecasts=[])
        last = step
    assert last.result.score.mean == STEPS - FIRST


class Lossy(httpx.HTTPTransport):
    """Loses every other answer to a step, after the API has given it."""

    def __init__(self) -> None:
        super().__init__()
        self.lost = self._steps = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        if request.url.path.endswith("/step"):
            self._steps += 1
            if self._steps % 2:
                self.lost += 1
                response.close()
                raise httpx.ReadError("lost")
        return response


def test_an_answer_of_the_api_that_is_lost_costs_a_loop_nothing(there, client, monkeypatch):
    monkeypatch.setattr(calls, "_WAIT", 0.01)
    api, _ = there
    with Client(api.url, api.secrets["pilot"]) as service:
        service._http._transport = lossy = Lossy()
        for step in service.trial("short", trial=begin(client)["trial"]):
            if not step.warm_up:
                step.answer(forecasts=[])
    assert step.result.score.mean == STEPS - FIRST
    assert lossy.lost > STEPS


def test_an_api_that_stays_away_ends_a_loop():
    plan = calls._steadily(calls.show_trial, "t-1")
    next(plan)
    waited = 0.0
    with pytest.raises(UnreachableError):  # noqa: PT012 - each step follows from the one before
        while isinstance(pause := plan.throw(UnreachableError("away")), Pause):
            waited += pause.seconds
            assert plan.send(None).path == "/v1/trials/t-1"
    assert waited == PATIENCE


def test_challenges_leaderboards_and_answers_are_calls(there):
    api, _ = there
    with Client(api.url, api.secrets["pilot"]) as service:
        assert {"leak-detection", "short"} <= {one.challenge for one in service.challenges()}
        assert service.challenge("leak-detection").answer["properties"]
        assert service.leaderboard("short", edition="none").items == []
        trial = service.begin_trial("short", seeds=[4]).trial
        assert service.make_step(trial, step=1, seed=1).step == 1
        assert service.answer_trial(trial, [], step=1).taken == 0
        service.cancel_trial(trial)
        assert service.show_trial(trial).phase == "cancelled"
        assert trial in [one.trial for one in service.trials()]


def test_the_service_of_the_documents_goes_through_a_trial(there, client, monkeypatch):
    api, host = there
    street = next(one.id for one in host.city.streets if one.road != "motorway")
    burst = {"type": "leak", "id": "hidden", "start": "+90min", "duration": 5400, "target": street, "area": 0.002}
    short = replace(leaks.CHALLENGE, warm_up=HOUR, duration=2 * HOUR, events=lambda _: (burst,))
    monkeypatch.setitem(CHALLENGES, "leak-detection", short)
    trial = begin(client, challenge="leak-detection")["trial"]
    about = {"ZENATA_URL": api.url, "ZENATA_KEY": api.secrets["pilot"], "ZENATA_TRIAL": trial}
    snippet = Path(__file__).parents[3] / "docs/snippets/trials/leaks.py"
    done = subprocess.run(
        [sys.executable, str(snippet)],
        env={**os.environ, **about},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    over = client.get(f"/v1/trials/{trial}").json()
    assert over["phase"] == "done", over["reason"]
    assert f"mean={over['score']['mean']}" in done.stdout


@pytest.fixture
def zenata(there, client, tmp_path, monkeypatch):
    """The command line beside the running API; `client` cancels what it leaves."""
    api, _ = there
    (tmp_path / "run.json").write_bytes(msgspec.json.encode(Running(http=api.url)))
    (tmp_path / "demo.key").write_text(api.secrets["pilot"])
    (tmp_path / "service.py").write_text(SERVICE)
    (tmp_path / "idle.py").write_text("raise SystemExit(3)")

    def run(*words: str):
        return CliRunner().invoke(app, ["trial", *words, "--data-dir", str(tmp_path)])

    return run


def test_a_run_ends_with_a_score_an_exit_code_a_junit_file_and_a_receipt(there, zenata, tmp_path, monkeypatch):
    _, host = there
    files = {name: tmp_path / name for name in ("junit.xml", "receipt.json", "report.html")}
    options = (
        "--junit",
        str(files["junit.xml"]),
        "--receipt",
        str(files["receipt.json"]),
        "--report",
        str(files["report.html"]),
        "--seed",
        "3",
        "--seed",
        "4",
    )
    refused = zenata("run", "short", "--receipt", str(tmp_path / "no" / "r.json"), "--exec", "no-such-service")
    assert (refused.exit_code, "cannot be written" in refused.output) == (2, True)
    done = zenata("run", "short", *options, "--exec", f"{sys.executable} {tmp_path / 'service.py'}")
    assert done.exit_code == 0, done.output
    assert f"{STEPS - FIRST}.0 points" in done.output
    assert files["report.html"].read_text().startswith("<!doctype html>")
    assert zenata("run", "short", "--report", "report.doc", "--exec", "true").exit_code == 2
    suite = ET.fromstring(files["junit.xml"].read_text())  # noqa: S314 - our own file
    assert (suite.get("tests"), suite.get("failures")) == ("3", "0")

    headings, newest, *_ = zenata("list").output.splitlines()
    assert headings.split() == ["TRIAL", "CHALLENGE", "MODE", "PHASE", "SEEDS", "POINTS"]
    trial = newest.split()[0]
    for format_, begins in (("html", "<!doctype html>"), ("json", "{")):
        file = tmp_path / f"report.{format_}"
        written = zenata("report", trial, "--format", format_, "--lang", "fr", "--output", str(file))
        assert written.exit_code == 0, written.output
        assert file.read_text().startswith(begins)
    with Client(there[0].url, there[0].secrets["pilot"]) as service:
        assert len(service.trial_report(trial).exhibits) == 2
        assert 'lang="fr"' in service.trial_report_html(trial, lang="fr")
    monkeypatch.setattr("sandbox.trials.BROWSERS", ("no-such-browser",))
    refused = zenata("report", trial, "--format", "pdf", "--output", str(tmp_path / "report.pdf"))
    assert refused.exit_code != 0
    assert "no-such-browser" in str(refused.exception)

    lines: list[str] = []
    monkeypatch.setattr("sandbox.trials.load_city", lambda _: host.city)
    assert verify_receipt(Settings(data_dir=tmp_path), files["receipt.json"], None, lines.append)
    assert [line.partition(" ")[0] for line in lines] == ["signed", "trial", "same", "same"]
    changed = files["receipt.json"].read_text().replace(f'"points": {STEPS - FIRST}.0', '"points": 100.0')
    files["receipt.json"].write_text(changed)
    assert not verify_receipt(Settings(data_dir=tmp_path), files["receipt.json"], None, lines.append)
    assert "points of seed 1" in lines[-1]


@pytest.mark.soak
def test_a_run_needs_no_city_that_runs(tmp_path):
    """It starts one in a folder that is empty, and stops it."""
    service, report = tmp_path / "service.py", tmp_path / "report.html"
    service.write_text(SERVICE.replace("short", "air-alert").replace("forecasts=[]", "alerts=[]"))
    folder = tmp_path / "data"
    words = ["trial", "run", "air-alert", "--seed", "3", "--report", str(report), "--data-dir", str(folder)]
    done = CliRunner().invoke(app, [*words, "--exec", f"{sys.executable} {service}"])
    assert done.exit_code == 0, done.output
    assert "0.0 points" in done.output
    assert report.read_text().startswith("<!doctype html>")
    assert not (folder / "run.json").exists()


@pytest.mark.soak
def test_robustness_rows_stand_beside_the_plain_score(zenata, tmp_path):
    slow = SERVICE.replace("if not step.warm_up:", "time.sleep(0.2)\n        if not step.warm_up:")
    (tmp_path / "slow.py").write_text("import time" + slow)
    service = f"{sys.executable} {tmp_path / 'slow.py'}"
    done = zenata("run", "short", "--seed", "3", "--robustness", "--exec", service)
    assert done.exit_code == 0, done.output
    assert "killed midway" in done.output
    for row in ("outage", "heat-wave", "ramadan", "killed"):
        assert f"{row:9} {STEPS - FIRST:8.1f} points" in done.output
    assert zenata("run", "short", "--robustness").exit_code == 2
    assert zenata("run", "short", "--robustness", "--mode", "graded", "--exec", service).exit_code == 2


def test_a_variant_that_the_city_refuses_leaves_the_other_rows(monkeypatch, capsys):
    def run_trial(settings, user, new, exec_, say, *, killed):
        if new["variant"] == "ramadan":
            raise SetupError("variant: Valdeira keeps no Ramadan")
        return {"score": {"mean": 50.0, "low": None}}

    monkeypatch.setattr(sandbox.trials, "run_trial", run_trial)
    cli.trials._say_robustness(Settings(), "demo", {}, "service")
    rows = {line.split()[0]: line.split()[1] for line in capsys.readouterr().out.splitlines()}
    assert rows == {**dict.fromkeys((*VARIANTS, "killed"), "50.0"), "ramadan": "refused:"}


def test_too_few_points_and_a_service_that_ends_have_exit_codes(zenata, tmp_path):
    service = f"{sys.executable} {tmp_path / 'service.py'}"
    file = tmp_path / "junit.xml"
    few = zenata("run", "short", "--seed", "3", "--at-least", "100", "--junit", str(file), "--exec", service)
    assert few.exit_code == 1
    assert ET.fromstring(file.read_text()).get("failures") == "2"  # noqa: S314 - our own file
    ended = zenata("run", "short", "--seed", "3", "--exec", f"{sys.executable} {tmp_path / 'idle.py'}")
    assert ended.exit_code == 2
    assert "exit code 3" in ended.output
    assert zenata("run", "short", "--exec", "no-such-program").exit_code != 0
    assert "cancelled" in zenata("list").output
