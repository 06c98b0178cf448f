"""All pilots in one answer, and alerts with their times."""

from pathlib import Path

import httpx

from tests.api.documents import conforming
from tests.api.running import Api, running
from zenata.contract.activity import Alert, PilotActivity
from zenata.contract.base import Page


def activity(client: httpx.Client, **params: str) -> dict[str, PilotActivity]:
    answer = client.get("/v1/activity", params=params)
    assert answer.status_code == 200, answer.text
    return {one.pilot: one for one in conforming(answer.json(), Page[PilotActivity]).items}


def alerts(client: httpx.Client, **params: str) -> list[Alert]:
    answer = client.get("/v1/alerts", params=params)
    assert answer.status_code == 200, answer.text
    return conforming(answer.json(), Page[Alert]).items


def test_all_pilots_are_in_one_answer_with_their_hours(api: Api, client: httpx.Client, engineer: httpx.Client) -> None:
    def hour() -> tuple[int, int]:
        counts = [(one.answered, one.wrong) for one in activity(engineer)["test-pilot"].hours]
        return sum(one for one, _ in counts), sum(one for _, one in counts)

    before = hour()
    client.get("/v1/city")
    client.get("/v1/sensors/none")
    assert hour() == (before[0] + 2, before[1] + 1)
    found = activity(engineer)
    assert set(found) == {pilot.name for pilot in api.register.pilots()}
    pilot = found["test-pilot"]
    assert (pilot.role, pilot.suspended) == ("pilot", False)
    assert pilot.seen == pilot.requests.last
    assert all(one.start.minute == one.start.second == 0 for one in pilot.hours)


def test_activity_is_filtered(api: Api, engineer: httpx.Client) -> None:
    for name, theme, edition in (("aqua", "water", "2026"), ("lumen", "light", "2026"), ("old", "water", "2019")):
        api.register.add(name, theme=theme, edition=edition, by="test")
    assert set(activity(engineer, theme="water")) == {"aqua", "old"}
    assert set(activity(engineer, theme="water,light", edition="2026")) == {"aqua", "lumen"}
    assert set(activity(engineer, pilot="aqua")) == {"aqua"}
    assert not activity(engineer, pilot="test-pilot", start="-2d", end="-1d")["test-pilot"].hours
    for params, words in (
        ({"pilot": "nobody"}, "there is no 'nobody'"),
        ({"start": "now", "end": "-1h"}, "must be before end"),
        ({"start": "yesterday"}, "start: "),
    ):
        answer = engineer.get("/v1/activity", params=params)
        assert (answer.status_code, words in answer.json()["detail"]) == (422, True)


def test_hours_and_alerts_outlive_a_restart(tmp_path: Path) -> None:
    control = f"sqlite:///{tmp_path}/control.db"
    with running(control=control) as api:
        api.register.suspend("test-guest", by="test", reason="a test")
        with api.client("pilot") as pilot, api.client("engineer") as engineer:
            for _ in range(3):
                pilot.get("/v1/city")
            (raised,) = alerts(engineer, pilot="test-guest")
    with (
        running(control=control) as api,
        api.client("engineer") as engineer,
    ):
        seen = activity(engineer)["test-pilot"]
        (again,) = alerts(engineer, pilot="test-guest")
    assert (sum(one.answered for one in seen.hours), seen.requests.answered) == (3, 0)
    assert again == raised


def test_an_alert_has_a_time_a_severity_and_who_has_seen_it(api: Api, engineer: httpx.Client) -> None:
    api.register.add("loud", theme="noise", by="test")
    api.register.suspend("loud", reason="too loud", by="test")
    (first,) = alerts(engineer, pilot="loud")
    assert (first.kind, first.severity, first.cleared, first.acknowledged) == ("suspended", "info", None, None)
    assert alerts(engineer, pilot="loud") == [first]
    seen = engineer.post(f"/v1/alerts/{first.id}/acknowledge")
    assert seen.status_code == 200
    document = conforming(seen.json(), Alert)
    assert document.acknowledged.by == "test-engineer"
    with api.client("admin") as admin:
        assert admin.post(f"/v1/alerts/{first.id}/acknowledge").json() == seen.json()  # the first who did stays
    assert alerts(engineer, theme="noise") == [document]
    assert alerts(engineer, theme="noise", severity="critical") == []
    assert alerts(engineer, theme="water") == []
    api.register.resume("loud", by="test")
    assert alerts(engineer, pilot="loud") == []
    (cleared,) = alerts(engineer, pilot="loud", start="-1h")
    assert (cleared.id, cleared.cleared is not None, cleared.acknowledged) == (first.id, True, document.acknowledged)
    api.register.suspend("loud", reason="again", by="test")
    (second,) = alerts(engineer, pilot="loud")
    assert second.id != first.id
    assert second.acknowledged is None


def test_an_alert_that_is_none_is_named(engineer: httpx.Client, client: httpx.Client) -> None:
    answer = engineer.post("/v1/alerts/none/acknowledge")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/unknown-alert")
    assert client.post("/v1/alerts/none/acknowledge").status_code == 403
    assert "/v1/me/activity" in client.get("/v1/activity").json()["detail"]
