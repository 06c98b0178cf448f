"""Z5: an answer says that a time without an offset was taken as UTC, whatever was asked."""

import pytest

from tests.api.simulators import Simulators, running_with

WALL, ZONED = "2026-01-01T00:00:00", "2026-01-01T00:00:00+01:00"
EVENT = {"type": "leak", "parameters": {"target": "street-0001"}}


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    with running_with(Simulators(), tmp_path_factory.mktemp("zones")) as api:
        yield api


@pytest.mark.parametrize(
    ("role", "method", "path", "body"),
    [
        ("pilot", "GET", "/v1/readings?start={time}", None),
        ("engineer", "GET", "/v1/activity?start={time}", None),
        ("engineer", "GET", "/v1/alerts?end={time}", None),
        ("pilot", "POST", "/v1/worlds", {"start": "{time}"}),
        ("pilot", "POST", "/v1/worlds/w-own/events", EVENT | {"start": "{time}"}),
        ("pilot", "POST", "/v1/worlds/w-own/events", EVENT | {"end": "{time}"}),
        ("pilot", "POST", "/v1/worlds/w-own/advance", {"until": "{time}"}),
        ("pilot", "POST", "/v1/worlds/w-own/fork", {"start": "{time}"}),
        ("pilot", "POST", "/v1/worlds/w-own/backfill", {"end": "{time}"}),
        ("pilot", "POST", "/v1/exports", {"format": "csv", "start": "{time}"}),
    ],
)
def test_z5_a_wall_time_is_named_in_the_answer(api, role, method, path, body):
    found = {}
    for time in (WALL, ZONED, "-1h"):
        sent = body and {name: time if value == "{time}" else value for name, value in body.items()}
        with api.client(role) as client:
            answer = client.request(method, path.format(time=time.replace("+", "%2B")), json=sent)
        assert answer.is_success, answer.text
        found[time] = answer.headers.get_list("Zenata-Assumed-Zone")
    assert found == {WALL: ["UTC"], ZONED: [], "-1h": []}


def test_z5_a_request_that_is_refused_assumes_nothing(api):
    with api.client() as client:
        refused = client.post("/v1/worlds/w-own/events", json=EVENT | {"start": WALL, "colour": "red", "type": 1})
    assert (refused.status_code, "Zenata-Assumed-Zone" in refused.headers) == (422, False)
