"""What those who run the sandbox see of its pilots: activity, alerts, and who did what."""

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec
import pytest

from api.http.context import Context
from api.pilots import monitoring, monitoring_routes
from api.pilots.monitoring import Connected
from tests.api.documents import conforming
from tests.api.running import START, Api, private_world, running
from zenata.broker.monitor import BrokerMonitor, Connection
from zenata.city.clock import WallClock
from zenata.contract.activity import Activity, Alert, AuditEntry, OwnActivity
from zenata.contract.base import Page
from zenata.control.audit import (
    BROKER_CUT_OFF,
    BROKER_LOST,
    BROKER_REFUSED,
    WEBHOOK_DROPPED,
    WEBHOOK_FULL,
    WEBHOOK_LATE,
)
from zenata.control.audit import AuditEntry as AuditRecord
from zenata.control.pilot import Pilot
from zenata.errors import BrokerError


def activity(client: httpx.Client) -> Activity:
    answer = client.get("/v1/pilots/test-pilot/activity")
    assert answer.status_code == 200, answer.text
    return conforming(answer.json(), Activity)


def alerts_of(engineer: httpx.Client) -> list[Alert]:
    return conforming(engineer.get("/v1/alerts").json(), Page[Alert]).items


def note(api: Api, who: str, what: str, target: str, **detail: object) -> None:
    entry = AuditRecord(time=WallClock().now(), who=who, what=what, target=target, detail=detail)
    api.context.audit.record(entry)


@contextmanager
def alone() -> Iterator[tuple[Api, httpx.Client, httpx.Client, httpx.Client]]:
    """Run an API of which nothing was asked, with clients of a pilot, a guest and an engineer."""
    with running() as api, api.client() as pilot, api.client("guest") as guest, api.client("engineer") as engineer:
        yield api, pilot, guest, engineer


def own(client: httpx.Client) -> OwnActivity:
    answer = client.get("/v1/me/activity")
    assert answer.status_code == 200, answer.text
    return conforming(answer.json(), OwnActivity)


def test_what_a_pilot_asks_is_counted(client: httpx.Client, engineer: httpx.Client) -> None:
    before = activity(engineer)
    client.get("/v1/city")
    client.get("/v1/sensors/none")
    client.post("/v1/telemetry", params={"device": "none"}, json={"a": 1})
    after = activity(engineer)
    assert after.requests.answered - before.requests.answered == 3
    assert after.requests.wrong - before.requests.wrong == 2
    assert after.requests.failed == 0
    assert after.requests.p95 > 0
    assert after.dead_letters.last_hour - before.dead_letters.last_hour == 1
    assert {quota.name for quota in after.quotas} >= {"requests_per_minute", "points_per_day", "worlds", "storage"}
    assert activity(client).pilot == "test-pilot"


@pytest.mark.parametrize(
    ("target", "detail", "words"),
    [("broker", {"messages": 1495}, "some 1,495 messages"), ("ingest", {"session": True}, "that waited for ingest")],
)
def test_messages_that_the_broker_lost_are_an_alert_and_reported_to_pilots_with_devices(
    target: str, detail: dict, words: str
) -> None:
    with alone() as (api, pilot, guest, engineer):
        assert pilot.post("/v1/devices", json={"id": "roof"}).status_code == 201
        note(api, "broker", BROKER_LOST, target, **detail)
        alerts = alerts_of(engineer)
        (mine,) = own(pilot).broker
        assert own(guest).broker == []
    (alert,) = [alert for alert in alerts if alert.kind == "lost" and alert.pilot is None]
    assert alert.severity == "critical"
    assert words in alert.detail
    assert (alert.code, alert.details.en) == ("lost-some" if "messages" in detail else "lost", alert.detail)
    assert alert.parameters.keys() == {"messages", "time"} & {*detail, "time"}
    assert alert.details.fr.startswith("le broker a perdu")
    assert (mine.kind, words in mine.detail) == ("lost", True)


def test_readings_that_came_too_late_for_a_webhook_are_an_alert_of_its_pilot() -> None:
    detail = {"name": "", "readings": 1200, "oldest": "2026-01-01T00:00:00Z", "newest": "2026-01-01T00:30:00Z"}
    with alone() as (api, pilot, guest, engineer):
        note(api, "test-pilot", WEBHOOK_LATE, "wh_1", **detail)
        alerts = alerts_of(engineer)
        (mine,) = own(pilot).broker
        assert own(guest).broker == []
    (alert,) = [one for one in alerts if one.kind == "late"]
    assert (alert.pilot, alert.severity, alert.code) == ("test-pilot", "info", "late")
    assert (mine.kind, mine.detail) == ("late", alert.detail)
    assert alert.detail.startswith("1,200 late readings, of 2026-01-01T00:00:00Z to 2026-01-01T00:30:00Z")
    assert "wh_1" in alert.detail


def test_what_a_webhook_does_not_do_again_and_again_is_one_alert_and_hides_nothing_of_others() -> None:
    with alone() as (api, pilot, _, engineer):
        note(api, "test-guest", BROKER_CUT_OFF, "x", seconds=60, reason="too much")
        for number in range(monitoring._INCIDENTS + 1):
            note(api, "test-pilot", WEBHOOK_DROPPED, "wh_1", name="air", deliveries=1000 + number)
        note(api, "test-pilot", WEBHOOK_FULL, "wh_1", name="air", sensors=7)
        alerts = alerts_of(engineer)
        mine = own(pilot).broker
    assert {(one.pilot, one.kind) for one in alerts} == {
        ("test-guest", "cut-off"),
        ("test-pilot", "dropped"),
        ("test-pilot", "full"),
    }
    (dropped,) = [one for one in alerts if one.kind == "dropped"]
    assert dropped.parameters == {"count": "1,200", "webhook": "air", "allowed": "1,000"}
    assert mine[0].kind == "full"


def test_who_is_connected_is_reported_where_the_broker_tells() -> None:
    there = {"client": "roof", "address": "127.0.0.1"}
    users = ("test-pilot", "test-pilot_phone", "test-guest", "ingest", "gone")
    monitor = ScriptedMonitor(
        [Connection(**there, number=1, user=user, since=START, messages=3, size=9) for user in users]
    )
    with running(monitor=monitor) as api:
        api.register.issue("test-pilot", name="phone", by="test")
        with api.client("engineer") as engineer:
            found = [activity(engineer).mqtt]
            monitor.away = True
            found += [activity(engineer).mqtt]
    mine = [there | {"user": user, "since": "2026-01-01T00:00:00Z", "sent": 3} for user in users[:2]]
    assert [None if one is None else [msgspec.to_builtins(each) for each in one] for one in found] == [mine, None]


@pytest.mark.parametrize(("filled", "away", "alerted"), [(0.51, False, True), (0.5, False, False), (0.9, True, False)])
def test_a_broker_that_fills_up_is_an_alert(filled: float, away: bool, alerted: bool) -> None:
    monitor = ScriptedMonitor([], filled=filled, away=away)
    with (
        running(monitor=monitor) as api,
        api.client("engineer") as engineer,
    ):
        found = alerts_of(engineer)
    assert [alert.pilot for alert in found if alert.kind == "broker-filling"] == ([None] if alerted else [])


class ScriptedMonitor(BrokerMonitor):
    """What a broker would tell."""

    def __init__(self, connections: Sequence[Connection], filled: float = 0.0, *, away: bool = False) -> None:
        self.connected, self.part, self.away = connections, filled, away

    def connections(self, *, closed: bool = False) -> Sequence[Connection]:
        return self._said(self.connected)

    def disk_usage(self) -> float:
        return self._said(self.part)

    def _said(self, what):
        if self.away:
            raise BrokerError("the broker is away")
        return what


def test_devices_that_never_spoke_are_not_silent(client: httpx.Client, engineer: httpx.Client) -> None:
    client.post("/v1/devices", json={"id": "new", "offline_after": 1}).raise_for_status()
    found = activity(engineer).devices
    assert "new" not in found.silent
    assert client.delete("/v1/devices/new").status_code == 204


def test_what_changes_something_is_in_the_log(api: Api, client: httpx.Client, engineer: httpx.Client) -> None:
    client.post("/v1/devices", json={"id": "logged"}).raise_for_status()
    client.delete("/v1/devices/logged").raise_for_status()
    client.get("/v1/devices")
    assert client.post("/v1/pilots", json={"name": "friend"}).status_code == 403
    entries = conforming(
        engineer.get("/v1/audit", params={"who": "test-pilot", "limit": 3}).json(), Page[AuditEntry]
    ).items
    assert [(entry.what, entry.detail["status"]) for entry in entries] == [
        ("POST /v1/pilots", 403),
        ("DELETE /v1/devices/{device}", 204),
        ("POST /v1/devices", 201),
    ]
    assert entries[1].target == "/v1/devices/logged"


def test_what_was_forbidden_to_ask_is_there_too_but_no_flood_of_it(
    client: httpx.Client, engineer: httpx.Client
) -> None:
    def lines() -> list[dict]:
        items = engineer.get("/v1/audit", params={"who": "test-pilot", "limit": 1000}).json()["items"]
        return [entry for entry in items if entry["what"] == "GET /v1/worlds/{world}/truth"]

    assert client.get("/v1/worlds/zenata/truth").status_code == 403
    (line,) = lines()
    assert (line["detail"]["status"], line["target"]) == (403, "/v1/worlds/zenata/truth")
    for _ in range(200):
        client.get("/v1/worlds/zenata/truth")
    assert 10 < len(lines()) < 150
    assert all("\n" not in entry["target"] for entry in lines())


def test_what_a_pilot_changes_in_a_loop_does_not_fill_the_log(
    api: Api, engineer: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.http.metrics._CHANGES", (0.001, 5.0))
    api.register.add("loop", by="test")
    headers = {"Authorization": f"Bearer {api.register.issue('loop', by='test')}"}
    with httpx.Client(base_url=api.url, headers=headers, timeout=10) as client:
        for number in range(20):
            client.post("/v1/devices", json={"id": f"d{number}"}).raise_for_status()
        assert client.get("/v1/worlds/zenata/truth").status_code == 403
    lines = engineer.get("/v1/audit", params={"who": "loop", "limit": 1000}).json()["items"]
    assert [line["what"] for line in lines if line["what"].startswith("POST /v1/dev")] == ["POST /v1/devices"] * 5
    assert next(line["detail"]["unlisted"] for line in lines if line["what"].startswith("GET")) == 15


def test_the_log_comes_in_pages_and_as_csv(client: httpx.Client, engineer: httpx.Client) -> None:
    for name in ("a", "b", "c"):
        client.post("/v1/devices", json={"id": name}).raise_for_status()
    whole = engineer.get("/v1/audit", params={"limit": 3}).json()["items"]
    first = engineer.get("/v1/audit", params={"limit": 2}).json()
    second = engineer.get("/v1/audit", params={"limit": 2, "cursor": first["next"]}).json()
    assert [*first["items"], *second["items"]][:3] == whole
    answer = engineer.get("/v1/audit", params={"limit": 2, "format": "csv"})
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["time"] for row in rows] == [entry["time"] for entry in first["items"]]
    following = engineer.get(answer.headers["link"].partition(">")[0].removeprefix("<"))
    assert next(iter(csv.DictReader(io.StringIO(following.text))))["time"] == second["items"][0]["time"]
    assert engineer.get("/v1/audit", params={"cursor": "nonsense"}).status_code == 422
    some = engineer.get("/v1/audit", params={"limit": 1, "format": "csv", "who": "test-pilot"})
    assert engineer.get(some.headers["link"].partition(">")[0].removeprefix("<")).status_code == 200


def test_a_pilot_sees_what_it_did_itself(client: httpx.Client) -> None:
    assert {entry["who"] for entry in client.get("/v1/audit").json()["items"]} <= {"test-pilot"}
    refused = client.get("/v1/audit", params={"who": "test-admin"})
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/wrong-role")


def test_what_the_broker_did_to_a_pilot_is_its_own_business(api: Api, engineer: httpx.Client) -> None:
    note(api, "test-pilot", BROKER_CUT_OFF, "test-pilot", reason="too many messages", seconds=60.0)
    note(api, "test-guest", BROKER_REFUSED, "cam-7", reason="a topic holds a space", address="9.9.9.9")
    with api.client("pilot") as pilot, api.client("guest") as guest:
        mine, other = own(pilot), own(guest)
        assert pilot.get("/v1/pilots/test-guest/activity").status_code == 404
    assert [(one.kind, "too many messages" in one.detail) for one in mine.broker if one.kind == "cut-off"] == [
        ("cut-off", True)
    ]
    assert not any("cam-7" in one.detail for one in mine.broker)
    assert any("cam-7" in one.detail for one in other.broker)
    assert {alert.kind for alert in mine.alerts} >= {"cut-off"}
    found = {(alert.pilot, alert.kind) for alert in alerts_of(engineer)}
    assert found >= {("test-pilot", "cut-off"), ("test-guest", "refused")}


def test_c3_a_client_without_a_key_is_shown_to_those_at_its_address_and_by_name_to_one_alone(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two pilots behind one address learn that one of them is refused, and not by what name."""
    monkeypatch.setattr(api.context.own_activity, "_age", 0.0)  # it looks again at once
    with api.client("pilot", "127.0.0.7") as pilot, api.client("guest", "127.0.0.8") as guest:
        own(pilot), own(guest)
        for address in ("127.0.0.7", "127.0.0.9"):
            note(api, "broker", BROKER_REFUSED, f"pi.at-{address}", reason="the client id holds ...", address=address)
        assert [one.detail for one in own(pilot).broker if "pi.at-127.0.0.7" in one.detail]
        assert not [one for one in own(guest).broker if "127.0.0.7" in one.detail]
        with api.client("guest", "127.0.0.7") as neighbour:
            own(neighbour)
        shown = [one.detail for client in (pilot, guest) for one in own(client).broker if "127.0.0.7" in one.detail]
        assert len(shown) == 2
        assert all(detail.startswith("an MQTT client at 127.0.0.7 was refused") for detail in shown)
    with api.client("engineer") as engineer:
        alerts = alerts_of(engineer)
    assert [one.pilot for one in alerts if "pi.at-127.0.0.9" in one.detail] == [None]


def test_what_is_not_stored_is_an_alert(tmp_path: Path) -> None:
    private_world(tmp_path, "w-one")
    problems = {"zenata": "7 messages of zenata are not stored", "w-one": "3 messages of w-one are not stored"}
    with (
        running(
            worlds=tmp_path,
            ready=lambda: [problems["zenata"]],
            stalled=lambda: problems,
        ) as api,
        api.client("engineer") as engineer,
    ):
        assert engineer.get("/readyz").status_code == 503
        found = alerts_of(engineer)
        with api.client() as owner, api.client("guest") as guest:
            (mine,) = (one for one in own(owner).alerts if one.kind == "not-stored")
            assert not [one for one in own(guest).alerts if one.kind == "not-stored"]
        assert mine.id in {one.id for one in found}, "the look of its owner ends no alert"
    assert mine.detail == problems["w-one"]
    assert {(one.pilot, one.kind, one.detail) for one in found} >= {
        (None, "not-ready", problems["zenata"]),
        ("test-pilot", "not-stored", problems["w-one"]),
    }


def test_what_a_pilot_does_itself_is_looked_up_once_in_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look asks the broker, the store and the control data: in a loop it made everybody wait."""
    looks: list[str] = []
    look = monitoring_routes.activity

    def counted(context: Context, pilot: Pilot, there: Connected | None) -> Activity:
        looks.append(pilot.name)
        return look(context, pilot, there)

    with alone() as (api, pilot, guest, _):
        monkeypatch.setattr(api.context.own_activity, "_age", 3600.0)
        monkeypatch.setattr(monitoring_routes, "activity", counted)
        answers = {pilot.get("/v1/me/activity").content for _ in range(3)}
        assert guest.get("/v1/me/activity").json()["pilot"] == "test-guest"
        assert (len(answers), looks) == (1, ["test-pilot", "test-guest"])
        monkeypatch.setattr(api.context.own_activity, "_age", 0.0)
        assert pilot.get("/v1/me/activity").json()["requests"]["answered"] == 3
