"""The routes against simulators that only write down what they are asked."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import msgspec
import pyarrow as pa
import pytest

from api.worlds.routes import MAX_BACKFILL_READINGS
from tests.api.documents import conforming
from tests.api.running import Api
from tests.api.simulators import Simulators, running_with
from zenata.city.clock import WallClock
from zenata.contract.base import Page
from zenata.contract.commands import CommandResult
from zenata.contract.worlds import Advanced, Event, Label, Repair, World, WorldRecord
from zenata.control.audit import Audit


@pytest.fixture(scope="module")
def simulators() -> Simulators:
    return Simulators()


@pytest.fixture(scope="module")
def api(tmp_path_factory, simulators: Simulators) -> Iterator[Api]:
    with running_with(simulators, tmp_path_factory.mktemp("worlds")) as api:
        yield api


@pytest.fixture
def pilot(api: Api, simulators: Simulators) -> Iterator[httpx.Client]:
    simulators.forget()
    with api.client() as client:
        yield client


@pytest.fixture
def admin(api: Api, simulators: Simulators) -> Iterator[httpx.Client]:
    simulators.forget()
    with api.client("admin") as client:
        yield client


def test_a_world_is_made_for_whoever_asks(pilot, simulators):
    body = {"seed": 7, "start": "2026-07-01T06:00:00Z", "scenario": "storm", "speed": "max", "kinds": ["water"]}
    response = pilot.post("/v1/worlds", json=body)
    assert (response.status_code, response.headers["location"]) == (201, "/v1/worlds/w-new")
    assert conforming(response.json(), World).owner == "test-pilot"
    ((world, verb, arguments),) = simulators.requests
    assert (world, verb) == ("zenata", "create")
    assert arguments.items() >= {**body, "owner": "test-pilot", "state": "running"}.items()


@pytest.mark.parametrize(
    "body",
    [
        {"seed": -1},
        {"speed": 0.5},
        {"speed": 3601},
        {"speed": "fast"},
        {"state": "asleep"},
        {"owner": "ben"},
        {"colour": "red"},
        {"kinds": "water"},
    ],
)
def test_a_body_that_does_not_fit_is_422_and_names_the_member(pilot, simulators, body):
    response = pilot.post("/v1/worlds", json=body)
    assert response.status_code == 422
    assert response.json()["type"] == "/problems/invalid-parameter"
    assert next(iter(body)) in response.text
    assert simulators.requests == []


def test_no_json_is_422(pilot):
    response = pilot.post("/v1/worlds", content=b"{", headers={"content-type": "application/json"})
    assert response.status_code == 422


def test_too_many_worlds_are_409(pilot):
    response = pilot.post("/v1/worlds", json={"seed": 99})
    assert (response.status_code, response.json()["type"]) == (409, "/problems/world-limit")
    assert "delete" in response.json()["detail"]


def test_one_lists_the_shared_city_and_ones_own(pilot, api):
    page = conforming(pilot.get("/v1/worlds").json(), Page[World])
    assert [item.world for item in page.items] == ["zenata", "w-own"]
    with api.client("engineer") as engineer:
        assert [item["world"] for item in engineer.get("/v1/worlds").json()["items"]] == [
            "zenata",
            "w-foreign",
            "w-own",
        ]


def test_a_world_is_shown(pilot):
    for world in ("zenata", "w-own"):
        assert conforming(pilot.get(f"/v1/worlds/{world}").json(), World).world == world


def test_how_a_backfill_goes_is_shown(pilot, simulators):
    times = dict.fromkeys(("from", "to", "at"), "2026-01-01T00:00:00Z")
    simulators.about_own = {"backfill": {**times, "readings": 7, "eta": None}}
    shown = conforming(pilot.get("/v1/worlds/w-own").json(), World)
    assert shown.backfill.readings == 7


@pytest.mark.parametrize(("role", "seen"), [("pilot", False), ("engineer", True)])
def test_the_last_words_of_a_process_are_for_saz(api, simulators, role, seen):
    simulators.forget()
    simulators.about_own = {"state": "failed", "reason": "/srv/zenata/worlds/w-own/journal.jsonl cannot be read"}
    with api.client(role) as client:
        for shown in (client.get("/v1/worlds/w-own").json(), client.get("/v1/worlds").json()["items"][-1]):
            assert shown["state"] == "failed"
            assert shown["reason"]
            assert ("/srv" in shown["reason"]) == seen


ROUTES = [
    ("GET", "", None),
    ("DELETE", "", None),
    ("PATCH", "/clock", {"state": "paused"}),
    ("POST", "/advance", {"steps": 1}),
    ("POST", "/events", {"type": "leak"}),
    ("GET", "/events", None),
    ("POST", "/fork", {}),
    ("POST", "/backfill", {"end": "2026-01-01T00:00:00Z"}),
    ("GET", "/record", None),
]


@pytest.mark.parametrize(
    ("method", "path", "body"), [route for route in ROUTES if route[0] != "GET" or route[1] == "/record"]
)
def test_the_shared_city_is_not_a_pilots_to_change(pilot, simulators, method, path, body):
    response = pilot.request(method, f"/v1/worlds/zenata{path}", json=body)
    assert (response.status_code, response.json()["type"]) == (403, "/problems/wrong-role")
    assert simulators.requests == []


def test_nobody_deletes_or_backfills_the_shared_city(admin, simulators):
    assert admin.delete("/v1/worlds/zenata").status_code == 422
    assert admin.post("/v1/worlds/zenata/backfill", json={"end": "2026-01-01T00:00:00Z"}).status_code == 422
    assert simulators.requests == []


def test_truth_is_for_the_owner_and_the_operator(pilot, api, simulators):
    assert pilot.get("/v1/worlds/w-foreign/truth").status_code == 404
    assert pilot.get("/v1/worlds/zenata/truth").status_code == 403
    assert not simulators.requests
    assert pilot.get("/v1/worlds/w-own/truth").status_code == 200
    assert simulators.requests == [("w-own", "labels", {"full": False})]
    with api.client("engineer") as engineer:
        page = conforming(engineer.get("/v1/worlds/w-foreign/truth").json(), Page[Label])
    assert page.items[0].affected[0].sensor == "water-0001"


def test_the_clock_is_changed(pilot, simulators):
    response = pilot.patch("/v1/worlds/w-own/clock", json={"state": "running", "speed": 60})
    assert conforming(response.json(), World).world == "w-own"
    assert simulators.requests == [("w-own", "pace", {"state": "running", "speed": 60})]


BEYOND = "/v1/readings?world=w-own&start=2026-01-01T00:00:00.000001Z&end=2026-01-01T00:00:10.000001Z&limit=10000"


@pytest.mark.parametrize(("limit", "following"), [(2, None), (1, BEYOND)])
def test_advancing_returns_the_readings(pilot, simulators, limit, following):
    response = pilot.post("/v1/worlds/w-own/advance", json={"steps": 6, "limit": limit})
    page = conforming(response.json(), Advanced)
    assert (page.steps, page.rows, page.next) == (6, 1 + bool(following), following)
    assert simulators.requests == [("w-own", "advance", {"steps": 6, "limit": limit, "every": "10s", "orders": []})]


def test_an_advance_takes_long_ticks_and_commands(pilot, admin, simulators):
    command = {"sensor": "air-0001", "set": {"dim": 0.5}, "id": "a"}
    body = {"steps": 1, "every": "15m", "commands": [command]}
    assert pilot.post("/v1/worlds/w-own/advance", json=body).status_code == 200
    ((_, _, arguments),) = simulators.requests
    assert (arguments["every"], arguments["orders"]) == ("15m", [command | {"kind": "air", "by": "test-pilot"}])
    assert (
        pilot.post("/v1/worlds/w-own/advance", json={"steps": 1}).status_code == 200
    )  # one that commands nothing is not audited
    newest = admin.get("/v1/audit", params={"limit": 1}).json()["items"][0]
    assert newest["detail"]["commands"] == [{"sensor": "air-0001", "set": {"dim": 0.5}}]
    body["commands"] = [{"sensor": "air-0009", "set": {"dim": 1}}]
    assert pilot.post("/v1/worlds/w-own/advance", json=body).status_code == 404


@pytest.mark.parametrize(
    "media", ["application/msgpack", "application/vnd.apache.arrow.stream", "application/json", "*/*"]
)
def test_an_advance_is_answered_in_the_requested_form(pilot, media):
    plain = pilot.post("/v1/worlds/w-own/advance", json={"steps": 1}).json()
    response = pilot.post("/v1/worlds/w-own/advance", json={"steps": 1}, headers={"Accept": media})
    if "arrow" in media:
        table = pa.ipc.open_stream(response.content).read_all()
        rows = [row | {"time": row["time"].strftime("%Y-%m-%dT%H:%M:%SZ")} for row in table.to_pylist()]
        rest = {name.decode(): msgspec.json.decode(value) for name, value in table.schema.metadata.items()}
        assert rest | {"items": rows} == plain
    elif "msgpack" in media:
        assert msgspec.msgpack.decode(response.content) == plain
    else:
        assert response.json() == plain
    assert response.headers["content-type"].split(";")[0] == ("application/json" if media == "*/*" else media)


@pytest.mark.parametrize("word", ["end", "until"])
def test_z4_the_end_of_an_advance_may_be_any_time_and_has_an_earlier_word(pilot, simulators, word):
    for time in ("+10m", "now+1h", 1795946400, 1795946400000, "2026-01-01T00:00:00Z"):
        assert pilot.post("/v1/worlds/w-own/advance", json={word: time, "every": 60}).status_code == 200
        assert (simulators.requests[-1][2]["end"], simulators.requests[-1][2]["every"]) == (time, 60)


@pytest.mark.parametrize("word", ["start", "at"])
def test_z4_the_start_of_a_copy_may_be_any_time_and_has_an_earlier_word(pilot, simulators, word):
    assert pilot.post("/v1/worlds/w-own/fork", json={word: "-1h"}).status_code == 201
    assert simulators.requests[-1][2]["start"] == "-1h"


@pytest.mark.parametrize("body", [{}, {"steps": 1, "end": "+10m"}, {"end": "+10m", "until": "+10m"}, {"steps": 0}])
def test_advancing_needs_one_way_to_say_how_far(pilot, body):
    assert pilot.post("/v1/worlds/w-own/advance", json=body).status_code == 422


def test_an_event_is_injected_with_the_parameters_of_its_type(pilot, simulators):
    body = {"type": "leak", "target": "street-0001", "area": 0.001, "duration": "2h"}
    response = pilot.post("/v1/worlds/w-own/events", json=body)
    assert response.status_code == 201
    conforming(response.json(), Event)
    assert simulators.requests == [("w-own", "event", {"event": body, "full": False})]


def test_parameters_of_an_event_may_have_any_name(pilot, simulators):
    body = {"type": "leak", "self": 1, "world": "zenata"}
    assert pilot.post("/v1/worlds/w-own/events", json=body).status_code == 201
    assert simulators.requests == [("w-own", "event", {"event": body, "full": False})]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/worlds", rb'{"scenario": [{"type": "leak", "x": "\ud800"}]}'),
        ("/v1/worlds/w-own/events", rb'{"type": "leak", "x": "\ud800"}'),
        ("/v1/worlds/w-own/events", rb'{"type": "leak", "x": {"\udfff": [1]}}'),
    ],
)
def test_half_a_character_is_422(pilot, simulators, path, body):
    response = pilot.post(path, content=body, headers={"content-type": "application/json"})
    assert (response.status_code, response.json()["parameter"]) == (422, "body")
    assert simulators.requests == []


def test_of_the_shared_city_a_pilot_sees_what_was_announced(pilot, api):
    ids = lambda client, world: [item["id"] for item in client.get(f"/v1/worlds/{world}/events").json()["items"]]  # noqa: E731
    assert ids(pilot, "zenata") == ["fire"]
    assert ids(pilot, "w-own") == ["leak-1", "fire", "festival-1"]
    with api.client("engineer") as engineer:
        assert len(ids(engineer, "zenata")) == 3


def test_a_copy_belongs_to_whoever_makes_it(pilot, simulators):
    response = pilot.post("/v1/worlds/w-own/fork", json={"at": "2026-01-01T00:00:00Z"})
    assert (response.status_code, response.json()["owner"]) == (201, "test-pilot")
    assert simulators.requests[0][2] == {
        "start": "2026-01-01T00:00:00Z",
        "state": "running",
        "owner": "test-pilot",
        "max_worlds": 4,
        "full": False,
    }


def test_a_record_is_a_file(pilot):
    response = pilot.get("/v1/worlds/w-own/record")
    assert response.headers["content-disposition"] == 'attachment; filename="w-own.json"'
    assert msgspec.convert(response.json(), WorldRecord).world == "w-own"


def test_a_backfill_is_begun(pilot, simulators):
    response = pilot.post("/v1/worlds/w-own/backfill", json={"end": "2026-02-01T00:00:00Z"})
    assert response.status_code == 202
    wanted = {"end": "2026-02-01T00:00:00Z", "every": "15m", "max_readings": MAX_BACKFILL_READINGS}
    assert simulators.requests == [("w-own", "backfill", wanted)]
    assert "expected" not in response.json()


@pytest.mark.usefixtures("one_day")
def test_item_7_backfills_count_against_the_day_also_after_a_restart_and_at_once(pilot, simulators, api):
    def left() -> int:
        pilot.post("/v1/worlds/w-own/backfill", json={"end": "2026-02-01T00:00:00Z"})
        return simulators.requests[-1][2]["max_readings"]

    before = left()
    simulators.expected = 1_000_000
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: left(), range(4)))
    assert {one[2]["max_readings"] for one in simulators.requests} == {before - n * 1_000_000 for n in range(4)}
    restarted = Audit(api.context.audit._engine)
    assert restarted.backfilled("test-pilot", 0) == MAX_BACKFILL_READINGS - before + 4_000_000
    assert restarted.backfilled("test-pilot", WallClock().now()) == 0
    assert restarted.backfilled("ben", 0) == 0


@pytest.mark.parametrize(("became", "code"), [("applied", 200), ("rejected", 200), ("pending", 202)])
def test_a_command_is_carried_and_answered(pilot, simulators, became, code):
    simulators.status = became
    response = pilot.post(
        "/v1/commands", json={"world": "w-own", "sensor": "air-0001", "set": {"dim": None}, "wait": 0}
    )
    assert response.status_code == code
    assert conforming(response.json(), CommandResult).status == became
    sent = {"kind": "air", "sensor": "air-0001", "set": {"dim": None}, "id": None, "by": "test-pilot"}
    assert simulators.requests == [("w-own", "command", {"orders": [sent], "wait": 0})]


def test_a_list_of_commands_is_one_call(pilot, simulators):
    commands = [{"world": "w-own", "sensor": f"air-000{n}", "set": {"dim": n}, "id": str(n)} for n in (1, 2)]
    page = conforming(pilot.post("/v1/commands", json=commands).json(), Page[CommandResult])
    assert [(one.id, one.sensor) for one in page.items] == [("1", "air-0001"), ("2", "air-0002")]
    ((world, verb, arguments),) = simulators.requests
    assert (world, verb, len(arguments["orders"])) == ("w-own", "command", 2)
    other = [commands[0], commands[1] | {"world": "zenata"}]
    assert pilot.post("/v1/commands", json=other).json()["parameter"] == "world"
    assert pilot.post("/v1/commands", json=[]).status_code == 422


def test_the_outcome_of_a_command_is_for_its_sender(pilot, simulators):
    found = pilot.get("/v1/commands/a", params={"world": "w-own"})
    assert conforming(found.json(), CommandResult).status == "applied"
    assert pilot.get("/v1/commands/a").status_code == 200
    assert simulators.requests == [
        ("w-own", "outcome", {"id": "a"}),
        ("zenata", "outcome", {"id": "a", "by": "test-pilot"}),
    ]
    assert pilot.get("/v1/commands/b", params={"world": "w-own"}).json()["type"].endswith("unknown-command")
    assert pilot.get("/v1/commands/a", params={"world": "w-foreign"}).status_code == 404


def test_events_end_and_crews_go_in_ones_own_world_alone(pilot, simulators):
    assert pilot.delete("/v1/worlds/w-own/events/leak-1").json() == {"id": "leak-1", "end": None}
    assert conforming(pilot.post("/v1/worlds/w-own/repairs", json={"target": "street-0001"}).json(), Repair).cost == 400
    page = conforming(pilot.get("/v1/worlds/w-own/repairs", params={"limit": 1}).json(), Page[Repair])
    assert (page.items[0].found, page.next) == (None, None)
    assert conforming(pilot.post("/v1/worlds/w-own/reveal").json(), Page[Event]).items[0].id == "leak-1"
    assert [verb for _, verb, _ in simulators.requests] == ["end-event", "repair", "repairs", "reveal"]
    for world, code in (("zenata", 403), ("w-foreign", 404)):
        assert pilot.delete(f"/v1/worlds/{world}/events/leak-1").status_code == code
        assert pilot.post(f"/v1/worlds/{world}/repairs", json={"target": "street-0001"}).status_code == code
        assert pilot.get(f"/v1/worlds/{world}/repairs").status_code == code
        assert pilot.post(f"/v1/worlds/{world}/reveal").status_code == code


def test_only_the_operator_sees_what_is_hidden(pilot, api, simulators):
    paths = ("/v1/worlds", "/v1/worlds/zenata", "/v1/worlds/zenata/events")
    for path in paths:
        pilot.get(path)
    assert {arguments["full"] for _, verb, arguments in simulators.requests if arguments} == {False}
    simulators.forget()
    with api.client("engineer") as engineer:
        for path in (*paths, "/v1/worlds/w-own/record", "/v1/worlds/w-own/truth"):
            engineer.get(path)
    assert {arguments["full"] for _, verb, arguments in simulators.requests} == {True}


def test_a_command_to_nobody_names_who_is_near(pilot):
    response = pilot.post("/v1/commands", json={"world": "w-own", "sensor": "air-0009", "set": {"dim": 1}})
    assert (response.status_code, response.json()["allowed"]) == (404, ["air-0002", "air-0001"])


def test_saz_commands_the_shared_city(admin, simulators):
    assert admin.post("/v1/commands", json={"sensor": "air-0001", "set": {"dim": 1}}).status_code == 200
    assert simulators.requests[0][:2] == ("zenata", "command")


def test_deleting_a_world(pilot, simulators):
    assert pilot.delete("/v1/worlds/w-own").status_code == 204
    assert simulators.requests == [("zenata", "delete", {"world": "w-own"})]
