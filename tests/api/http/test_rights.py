"""Rights: every role on every route, on one's own, on another's and on the shared city's things.

The rows are the tests' own, not those of `api.http.rights`; the routes are those of the application, so that a new one
without a row fails.
"""

from collections.abc import Iterator
from inspect import iscoroutinefunction
from typing import NamedTuple

import httpx
import pytest
from fastapi.routing import APIRoute, iter_route_contexts

from api.http.app import create_app
from api.http.rights import RIGHTS
from api.http.routing import FairRoute
from tests.api.running import Api, batch_of, series_of
from tests.api.simulators import Simulators, running_with
from zenata.control.keys import Role

LETTERS = {"a": Role.ADMIN, "e": Role.ENGINEER, "p": Role.PILOT, "g": Role.GUEST}

ROWS = """
POST   /api/v2/write                                            a.p. -    -
GET    /metrics                                                 ae.. -    -
GET    /query                                                   a.p. -    -
POST   /query                                                   a.p. -    -
GET    /v1/activity                                             ae.. -    -
POST   /v1/alerts/{alert}/acknowledge                           ae.. -    -
GET    /v1/alerts                                               ae.. -    -
GET    /v1/audit                                                aepg -    -
GET    /v1/challenges                                           aepg -    -
GET    /v1/challenges/{challenge}                               aepg -    -
GET    /v1/city                                                 aepg -    -
POST   /v1/commands                                             aepg a... a...
GET    /v1/commands/{command}                                   aepg ae.. aepg
GET    /v1/dead-letters                                         aepg -    -
POST   /v1/dead-letters/replay                                  a... -    -
GET    /v1/devices                                              aepg -    -
POST   /v1/devices                                              a.p. -    -
DELETE /v1/devices/{device}                                     a.p. .... -
GET    /v1/devices/{device}                                     aepg ae.. -
PATCH  /v1/devices/{device}                                     a.p. .... -
GET    /v1/districts                                            aepg -    -
GET    /v1/editions/{edition}                                   aepg -    -
POST   /v1/editions/{edition}/close                             a... -    -
PUT    /v1/editions/{edition}/declarations/{challenge}          a.p. -    -
POST   /v1/editions/{edition}/freeze                            a... -    -
POST   /v1/editions/{edition}/open                              a... -    -
GET    /v1/event-types                                          aepg -    -
GET    /v1/exports                                              aepg -    -
POST   /v1/exports                                              aep. -    -
DELETE /v1/exports/{export}                                     aep. a... -
GET    /v1/exports/{export}                                     aepg ae.. -
GET    /v1/exports/{export}/file                                aepg ae.. -
GET    /v1/keys                                                 ae.. -    -
GET    /v1/hosts                                                ae.. -    -
GET    /v1/buildings                                            aepg -    -
GET    /v1/land                                                 aepg -    -
GET    /v1/frame                                                aepg -    -
GET    /v1/frame/stream                                         aepg -    -
GET    /v1/kinds                                                aepg -    -
GET    /v1/latest                                               aepg -    -
GET    /v1/leaderboards/{challenge}                             aepg -    -
GET    /v1/leaderboards/{challenge}/compare                     aepg -    -
GET    /v1/ledger                                               aepg -    -
GET    /v1/ledger/{world}                                       aepg ae.. aepg
GET    /v1/map                                                  aepg -    -
GET    /v1/me                                                   aepg -    -
GET    /v1/me/activity                                          aepg -    -
GET    /v1/networks/{network}                                   aepg -    -
GET    /v1/pilots                                               ae.. -    -
POST   /v1/pilots                                               a... -    -
GET    /v1/pilots/{pilot}                                       aepg ae.. -
PATCH  /v1/pilots/{pilot}                                       a... a... -
GET    /v1/pilots/{pilot}/activity                              aepg ae.. -
GET    /v1/pilots/{pilot}/budget                                aepg ae.. -
POST   /v1/pilots/{pilot}/budget                                a... a... -
GET    /v1/pilots/{pilot}/keys                                  aepg ae.. -
POST   /v1/pilots/{pilot}/keys                                  aepg a... -
DELETE /v1/pilots/{pilot}/keys/{name}                           aepg a... -
POST   /v1/pilots/{pilot}/keys/{name}/rotate                    aepg a... -
POST   /v1/pilots/{pilot}/resume                                ae.. ae.. -
GET    /v1/pilots/{pilot}/scorecard                             aepg ae.. -
DELETE /v1/pilots/{pilot}/scorecard/exceptions/{check}          a... a... -
PUT    /v1/pilots/{pilot}/scorecard/exceptions/{check}          a... a... -
POST   /v1/pilots/{pilot}/suspend                               ae.. ae.. -
GET    /v1/readings                                             aepg -    -
GET    /v1/scenarios                                            aepg -    -
GET    /v1/sensors                                              aepg -    -
GET    /v1/sensors/{sensor}                                     aepg -    -
GET    /v1/session                                              aepg -    -
GET    /v1/stream                                               aepg -    -
GET    /v1/streets                                              aepg -    -
POST   /v1/telemetry                                            a.p. -    -
GET    /v1/trials                                               aepg -    -
POST   /v1/trials                                               a.p. -    -
DELETE /v1/trials/{trial}                                       a.p. a... -
GET    /v1/trials/{trial}                                       aepg ae.. -
POST   /v1/trials/{trial}/answers                               a.p. .... -
GET    /v1/trials/{trial}/receipt                               aepg ae.. -
GET    /v1/trials/{trial}/report                                aepg ae.. -
POST   /v1/trials/{trial}/step                                  a.p. .... -
GET    /v1/webhooks                                             aepg -    -
POST   /v1/webhooks                                             aep. -    -
DELETE /v1/webhooks/{webhook}                                   aep. .... -
GET    /v1/webhooks/{webhook}                                   aepg .... -
PATCH  /v1/webhooks/{webhook}                                   aep. .... -
GET    /v1/webhooks/{webhook}/deliveries                        aepg .... -
POST   /v1/webhooks/{webhook}/deliveries/{delivery}/retry       aep. .... -
POST   /v1/webhooks/{webhook}/secret                            aep. .... -
POST   /v1/webhooks/{webhook}/test                              aep. .... -
GET    /v1/worlds                                               aepg -    -
POST   /v1/worlds                                               aep. -    -
DELETE /v1/worlds/{world}                                       aepg a... a...
GET    /v1/worlds/{world}                                       aepg ae.. aepg
POST   /v1/worlds/{world}/advance                               aepg a... a...
POST   /v1/worlds/{world}/backfill                              aepg a... a...
PATCH  /v1/worlds/{world}/clock                                 aepg a... a...
GET    /v1/worlds/{world}/events                                aepg ae.. aepg
POST   /v1/worlds/{world}/events                                aepg a... a...
DELETE /v1/worlds/{world}/events/{event}                        aepg a... a...
POST   /v1/worlds/{world}/fork                                  aepg ae.. ae..
GET    /v1/worlds/{world}/record                                aepg ae.. ae..
GET    /v1/worlds/{world}/repairs                               aepg ae.. ae..
POST   /v1/worlds/{world}/repairs                               aepg a... a...
POST   /v1/worlds/{world}/reveal                                aepg a... a...
GET    /v1/worlds/{world}/truth                                 aepg ae.. ae..
POST   /write                                                   a.p. -    -
"""
"""Method, path, and which roles may call it: at all, on what is another pilot's, and on what is the shared city's.

Letters are the first of a role: admin, engineer, pilot, guest. A dash stands where a route names no such thing.
"""

PUBLIC = {
    "/",
    "/openapi.json",
    "/asyncapi.json",
    "/docs",
    "/healthz",
    "/readyz",
    "/ping",
    "/health",
    "/ready",
    "/problems",
    "/problems/{name}",
    "/swagger",
}
"""Routes that need no key."""

LOGIN = {("POST", "/v1/session"), ("DELETE", "/v1/session")}
"""Routes whose key is in the body or a cookie; `tests.api.pilots.test_session_routes` has them."""

BY_MESSAGE = {"/v1/ws"}
"""Routes whose key may come in a message; `tests.api.live.test_routes` has them."""


class Row(NamedTuple):
    """A row of `ROWS`."""

    method: str
    path: str
    own: frozenset[Role]
    others: frozenset[Role] | None
    shared: frozenset[Role] | None


def row(line: str) -> Row:
    method, path, *columns = line.split()
    own, others, shared = (
        None if column == "-" else frozenset(LETTERS[letter] for letter in column if letter != ".")
        for column in columns
    )
    assert own is not None
    return Row(method, path, own, others, shared)


TABLE = [row(line) for line in ROWS.strip().splitlines()]
BODIES = {
    "fork": {},
    "advance": {"steps": 1},
    "backfill": {"end": "2026-02-01T00:00:00Z"},
    "events": {"type": "leak"},
    "repairs": {"target": "street-0001"},
    "clock": {"state": "paused"},
    "keys": {"name": "mine"},
    "suspend": {"reason": "noise"},
    "{check}": {"name": "A. Person", "reason": "a pilot without devices"},
    "budget": {"amount": 1, "note": "mine"},
}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The shared city, and ben, who has one of everything."""
    with running_with(Simulators(), tmp_path_factory.mktemp("rights")) as api:
        api.register.add("ben", by="test")
        api.secrets["ben"] = api.register.issue("ben", by="test")
        api.store.append(batch_of(series_of(api.city), range(3)))
        api.store.append(batch_of(series_of(api.city, "w-foreign"), range(3)))
        yield api


@pytest.fixture(scope="module")
def bens(api: Api) -> dict[str, str]:
    """What ben has, by the names of paths."""
    threshold = {"type": "threshold", "property": "pm25", "above": 1e6}
    with api.client("ben") as ben:
        assert ben.post("/v1/devices", json={"id": "roof"}).status_code == 201
        export = ben.post("/v1/exports", json={"start": "2026-01-01T00:00:00Z"}).json()["id"]
        hook = ben.post("/v1/webhooks", json={"url": "https://example.org/", "condition": threshold}).json()["id"]
        trial = ben.post("/v1/trials", json={"challenge": "air-alert"}).json()["trial"]
        delivery = ben.post(f"/v1/webhooks/{hook}/test").json()["id"]
    return {
        "world": "w-foreign",
        "pilot": "ben",
        "device": "roof",
        "export": export,
        "webhook": hook,
        "delivery": delivery,
        "event": "leak-1",
        "alert": "none",
        "command": "a",
        "name": "main",
        "trial": trial,
        "check": "freshness",
    }


def call(client: httpx.Client, row: Row, names: dict[str, str]) -> int:
    """Return the status of a call about some things."""
    params, body = {}, BODIES.get(row.path.rpartition("/")[2], {})
    if row.path == "/v1/devices/{device}" and row.method == "GET":
        params = {"pilot": names["pilot"]}
    if "commands" in row.path:
        params = {"world": names["world"]} if row.method == "GET" else {}
        body = {"world": names["world"], "sensor": "air-0001", "set": {"dim": 1}}
    options = {} if row.method in {"GET", "DELETE"} else {"json": body}
    with client.stream(row.method, row.path.format_map(names), params=params, **options) as answer:
        return answer.status_code


def test_every_route_of_the_application_has_a_row(api: Api) -> None:
    app = create_app(api.context)
    paths = {
        (method, route.path)
        for route in iter_route_contexts(app.routes)
        for method in route.methods or ("",)
        if route.path is not None
    }
    paths |= {("", str(route.path)) for route in app.routes if not hasattr(route, "methods") and hasattr(route, "path")}
    keyed = {(method, path) for method, path in paths if path not in PUBLIC | BY_MESSAGE and method != "HEAD"}
    assert keyed - LOGIN == {(row.method, row.path) for row in TABLE}
    assert {path for _, path in paths} >= PUBLIC | BY_MESSAGE
    assert len(TABLE) == len(keyed - LOGIN)


def test_what_works_in_a_thread_does_so_in_the_share_of_its_pilot(api: Api) -> None:
    free = {
        str(route.path)
        for route in iter_route_contexts(create_app(api.context).routes)
        if isinstance(route.original_route, APIRoute)
        and not isinstance(route.original_route, FairRoute)
        and not iscoroutinefunction(route.original_route.endpoint)
    }
    assert free == {"/metrics"}  # for those who run the sandbox


def test_the_application_has_these_rights() -> None:
    rows = {(row.method, row.path): row for row in TABLE}
    assert {route: right.roles for route, right in RIGHTS.items()} == {route: row.own for route, row in rows.items()}
    for route, row in rows.items():
        if row.others is not None:
            assert RIGHTS[route].others == row.others, route


@pytest.mark.parametrize("path", sorted(PUBLIC - {"/swagger"}))
def test_what_needs_no_key_tells_everybody_the_same(api: Api, path: str) -> None:
    answers = []
    for role in (None, "guest", "admin"):
        with api.client(role) as client:
            answers.append(client.get(path.format(name="no-key")))
    assert len({(answer.status_code, answer.content) for answer in answers}) == 1
    assert answers[0].status_code < 400


@pytest.mark.parametrize("role", Role)
def test_who_may_not_call_a_route_gets_403_whatever_it_asks_about(api: Api, role: Role) -> None:
    nothing = dict.fromkeys(("device", "export", "webhook", "delivery", "event", "trial", "edition", "alert"), "none")
    nothing |= {"world": "zenata", "pilot": "nobody", "command": "none", "name": "none", "check": "none"}
    nothing |= {"challenge": "none"}
    with api.client(role.value) as client:
        for row in TABLE:
            if role not in row.own:
                assert call(client, row, nothing) == 403, row


@pytest.mark.parametrize("role", Role)
def test_the_shared_city_is_commanded_by_administrators_alone(api: Api, role: Role) -> None:
    names = {"world": "zenata", "event": "leak-1", "command": "a", "alert": "none"}
    with api.client(role.value) as client:
        for row in TABLE:
            if row.shared is not None and (row.method, row.path) != ("DELETE", "/v1/worlds/{world}"):
                status = call(client, row, names)
                assert (status == 403) is (role not in row.shared), (status, row)


@pytest.mark.parametrize("role", [Role.GUEST, Role.PILOT, Role.ENGINEER, Role.ADMIN])
def test_what_is_another_s_is_hidden_from_pilots_and_changed_by_administrators_alone(
    api: Api, bens: dict[str, str], role: Role
) -> None:
    ending = {"DELETE", "suspend"}
    rows = sorted(TABLE, key=lambda row: row.method in ending or row.path.rpartition("/")[2] in ending)
    with api.client(role.value) as client:
        for row in rows:
            if row.others is None:
                continue
            status = call(client, row, bens)
            if role not in row.own:
                assert status == 403, row
            elif role in row.others:
                assert status not in {403, 404}, (status, row)
            else:
                assert status in {403, 404}, (status, row)  # `test_two_pilots` has which, and that it tells nothing
