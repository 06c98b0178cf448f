"""Scorecards of pilots: every check, exceptions to them in the audit log, and the page."""

from collections.abc import Iterator
from html import escape

import httpx
import pytest
from sqlalchemy.orm import Session

from api.trials.scorecard import ENOUGH
from tests.api.running import Api
from tests.api.simulators import Simulators, running_with
from tests.api.trials.hosting import refused
from zenata.city.sentences import LANGUAGES
from zenata.control.trial_tables import TrialRow
from zenata.trials.seeds import graded_seed
from zenata_client import Client

EVIL = "<script>x</script>"
WHY = {"name": "A. Person", "reason": f"its devices are in the depot {EVIL}"}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """An API whose worlds nobody asks."""
    with running_with(Simulators(), tmp_path_factory.mktemp("scorecards")) as api:
        yield api


@pytest.fixture
def pilot(api: Api, request: pytest.FixtureRequest) -> str:
    """A pilot of its own for each test."""
    name = f"p{abs(hash(request.node.name)) % 10**9}"
    api.register.add(name, edition="2026", by="test")
    api.secrets[name] = api.register.issue(name, by="test")
    return name


def tried(api: Api, pilot: str, points: list[float], *, commands: int = 0, rejected: int = 0, **members) -> str:
    """Store a graded trial that is done, of seeds in which the reference gets 50; return its id."""
    results = [
        {"seed": number, "points": value, "answers": 1, "commands": commands, "rejected": rejected, "measures": {},
         "impact": {}, "baselines": {"reference": {"points": 50.0, "measures": {}, "impact": {}}}}
        for number, value in enumerate(points, 1)
    ]  # fmt: skip
    seed = {"number": graded_seed().number, "secret": graded_seed().secret}
    register = api.context.trials.register
    with Session(register.engine) as session, session.begin():
        count = session.query(TrialRow).count()
        values = {
            "id": f"t-{count:010}", "pilot": pilot, "challenge": "leak-detection", "mode": "graded", "speed": None,
            "publish": False, "name": "", "edition": "2026", "phase": "done", "reason": "", "made": count,
            "deadline": 10**17, "ended": 1, "seeds": [seed] * len(points), "current": 0, "world": "", "start": 0,
            "step": 0, "wanted": 0, "results": results, "entries": [], "exhibits": [],
        }  # fmt: skip
        session.add(TrialRow(**values | members))
        return f"t-{count:010}"


def card(client: httpx.Client, pilot: str, **params) -> dict:
    response = client.get(f"/v1/pilots/{pilot}/scorecard", params=params)
    assert response.status_code == 200, response.text
    return response.json()


def verdicts(document: dict) -> dict[str, str]:
    return {one["check"]: one["verdict"] for one in document["checks"]}


def test_a_pilot_without_trials_is_not_ready_and_nothing_is_made_up(api, pilot):
    with api.client(pilot) as client:
        found = card(client, pilot)
    assert not found["ready"]
    assert verdicts(found) == {
        "reference": "unknown",
        "commands": "unknown",
        "freshness": "passed",
        "error-budget": "unknown",
        "findings": "passed",
    }


def test_a_pilot_without_devices_reads_that_nothing_can_be_stale(api, pilot):
    with api.client(pilot) as client:
        (fresh,) = (one for one in card(client, pilot)["checks"] if one["check"] == "freshness")
        shown = client.get(f"/v1/pilots/{pilot}/scorecard", params={"format": "html", "lang": "fr"}).text
    assert fresh["verdict"] == "passed"
    assert fresh["detail"] == "no devices, so nothing can be stale"
    assert escape(fresh["details"]["fr"]) in shown


def test_every_detail_is_in_every_language(api, pilot):
    with api.client(pilot) as client:
        found = card(client, pilot)["checks"]  # nothing is done yet
        tried(api, pilot, [60.0, 61.0], commands=5, rejected=1)
        client.post("/v1/devices", json={"id": "roof"})
        found += card(client, pilot, challenges="leak-detection,parking-forecast")["checks"]
        printed = client.get(f"/v1/pilots/{pilot}/scorecard?format=html&lang=ar&challenges=parking-forecast").text
    assert "توقع مواقف السيارات" in printed
    assert "parking-forecast" not in printed
    for one in found:
        assert set(one["details"]) == set(LANGUAGES)
        assert one["details"]["en"] == one["detail"]
        assert len(set(one["details"].values())) == len(LANGUAGES), one
        assert not any(set("{}") & set(text) for text in one["details"].values())


def test_a_pilot_above_the_reference_is_ready_with_its_receipts_as_evidence(api, pilot):
    ids = [tried(api, pilot, [60.0, 61.0, 62.0, 63.0]) for _ in range(4)]
    with api.client(pilot) as client:
        for _ in range(ENOUGH + 1):
            client.get("/v1/me")
        found = card(client, pilot)
    assert set(verdicts(found).values()) == {"passed"}
    assert found["ready"]
    first = found["checks"][0]
    assert first["check"] == "reference:leak-detection"
    assert first["evidence"] == [f"/v1/trials/{id_}/receipt" for id_ in ids[-3:]]
    assert "+11.3 points" in first["detail"]  # 11.5 less luck, of four attempts


@pytest.mark.parametrize(
    ("points", "members", "check", "verdict"),
    [
        ([40.0, 80.0, 45.0], {}, "reference:leak-detection", "failed"),  # the mean is above, the lower bound is not
        ([90.0], {}, "reference:leak-detection", "unknown"),  # one seed has no interval
        ([60.0, 61.0], {"commands": 5, "rejected": 1}, "commands", "failed"),
        ([60.0, 61.0], {"commands": 5}, "commands", "passed"),
        ([60.0, 61.0], {"edition": "2025"}, "reference", "unknown"),
        ([60.0, 61.0], {"mode": "practice"}, "reference", "unknown"),
        ([60.0, 61.0], {"phase": "failed"}, "reference", "unknown"),
    ],
)
def test_checks_of_trials(api, pilot, points, members, check, verdict):
    tried(api, pilot, points, **members)
    with api.client(pilot) as client:
        assert verdicts(card(client, pilot))[check] == verdict


def test_a_challenge_that_is_asked_for_and_not_tried_is_not_known(api, pilot):
    tried(api, pilot, [60.0, 61.0])
    with api.client(pilot) as client:
        found = card(client, pilot, challenges="leak-detection, parking-forecast")
        assert verdicts(found)["reference:parking-forecast"] == "unknown"
        assert found["challenges"] == ["leak-detection", "parking-forecast"]
        assert refused(client.get(f"/v1/pilots/{pilot}/scorecard?challenges=no-such"))[0] == "unknown-challenge"


def test_silent_devices_wrong_requests_and_alerts_fail(api, pilot):
    with api.client(pilot) as client:
        client.post("/v1/devices", json={"id": "roof"})
        for _ in range(ENOUGH):
            client.get("/v1/worlds/none")
        with api.client("admin") as admin:
            admin.get("/v1/alerts")  # which finds that most of them are wrong
        found = verdicts(card(client, pilot))
    assert (found["freshness"], found["error-budget"], found["findings"]) == ("failed", "failed", "failed")


def test_an_exception_has_a_name_and_a_reason_in_the_audit_log_and_can_be_withdrawn(api, pilot):
    url = f"/v1/pilots/{pilot}/scorecard/exceptions/commands"
    with api.client(pilot) as client, api.client("admin") as admin:
        assert refused(client.put(url, json=WHY))[0] == "wrong-role"
        for body in ({}, {"name": "A"}, {"name": "", "reason": "x"}, {"name": "A", "reason": ""}):
            assert refused(admin.put(url, json=body))[0] == "invalid-parameter"
        assert refused(admin.put(url.replace("commands", "none"), json=WHY))[0] == "invalid-parameter"
        waived = admin.put(url, json=WHY).json()
        assert verdicts(waived)["commands"] == "waived"
        assert next(one["exception"] for one in waived["checks"] if one["check"] == "commands")["name"] == "A. Person"
        entry = admin.get("/v1/audit", params={"limit": 1000}).json()["items"]
        entry = next(one for one in entry if one["what"] == "scorecard.waive" and one["target"] == pilot)
        assert (entry["detail"]["name"], entry["detail"]["reason"]) == (WHY["name"], WHY["reason"])
        page = client.get(
            f"/v1/pilots/{pilot}/scorecard", params={"lang": "ar"}, headers={"Accept": "text/html,*/*;q=0.8"}
        )
        assert page.headers["content-type"].startswith("text/html")
        assert 'dir="rtl"' in page.text
        assert EVIL not in page.text
        assert "A. Person" in page.text
        assert verdicts(admin.delete(url).json())["commands"] == "unknown"
        with Client(api.url, api.secrets["admin"]) as saz:
            assert saz.waive_check(pilot, "commands", name="B", reason="c").checks[1].verdict == "waived"
            assert saz.withdraw_exception(pilot, "commands").checks[1].verdict != "waived"
            assert saz.scorecard(pilot).pilot == pilot


def test_an_exception_does_not_hide_that_a_check_is_passed(api, pilot):
    with api.client("admin") as admin:
        url = f"/v1/pilots/{pilot}/scorecard/exceptions/freshness"
        assert verdicts(admin.put(url, json=WHY).json())["freshness"] == "passed"


def test_scorecards_of_others_are_not_there(api, pilot):
    with api.client("pilot") as other:
        assert refused(other.get(f"/v1/pilots/{pilot}/scorecard"))[0] == "unknown-pilot"
