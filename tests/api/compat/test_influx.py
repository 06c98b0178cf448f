import gzip
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import httpx
import pytest

from api.http.body_limit import MAX_ANONYMOUS_BODY
from ingest.quotas import Limits
from tests.api.running import running

NUMBERS = count()
LINES = (
    "cpu,cpu=cpu0,host={box} usage_idle=98.5,usage_user=1i 1767225600000000000\n"
    "mem,host={box} used_percent=40 1767225600000000000\n"
)
EXPECTED = {
    "cpu/usage_idle;cpu=cpu0": (98.5, "2026-01-01T00:00:00Z"),
    "cpu/usage_user;cpu=cpu0": (1, "2026-01-01T00:00:00Z"),
    "mem/used_percent": (40, "2026-01-01T00:00:00Z"),
}


@pytest.fixture
def box(api) -> str:
    """A device that has said nothing yet."""
    name = f"box{next(NUMBERS)}"
    with api.client() as client:
        assert client.post("/v1/devices", json={"id": name}).status_code == 201
    return name


@pytest.fixture(scope="module")
def client(api) -> Iterator[httpx.Client]:
    """A client of InfluxDB 2."""
    headers = {"Authorization": f"Token {api.secrets['pilot']}"}
    with httpx.Client(base_url=api.url, headers=headers, timeout=60, trust_env=False) as client:
        yield client


def newest(api, box):
    with api.client() as client:
        rows = client.get("/v1/latest", params={"world": "p-test-pilot", "sensor": box}).json()["items"]
    return {row["property"]: (row["value"], row["time"]) for row in rows}


def test_version_2_with_gzip(api, client, box):
    params = {"org": "me", "bucket": "telegraf"}
    answer = client.post(
        "/api/v2/write",
        params=params,
        content=gzip.compress(LINES.format(box=box).encode()),
        headers={"Content-Encoding": "gzip"},
    )
    assert (answer.status_code, answer.content) == (204, b"")
    assert newest(api, box) == EXPECTED


WAYS: dict[str, Callable[[str], dict[str, Any]]] = {
    "query": lambda key: {"params": {"db": "telegraf", "u": "pilot", "p": key}},
    "basic": lambda key: {"params": {"db": "telegraf"}, "auth": ("pilot", key)},
    "token": lambda key: {"headers": {"Authorization": f"Token {key}"}},
    "token of version 1.8": lambda key: {"headers": {"Authorization": f"Token pilot:{key}"}},
    "bearer": lambda key: {"headers": {"Authorization": f"Bearer {key}"}},
}
"""How clients of InfluxDB show a key."""


@pytest.mark.parametrize("way", WAYS)
def test_a_key_is_found_wherever_clients_show_it_of_long_bodies_too(api, box, way):
    """A long body is read only once the key is known."""
    lines = LINES.format(box=box) + "\n" * MAX_ANONYMOUS_BODY
    answer = httpx.post(f"{api.url}/write", content=lines, trust_env=False, **WAYS[way](api.secrets["pilot"]))
    assert answer.status_code == 204
    assert newest(api, box) == EXPECTED


@pytest.mark.parametrize(
    ("precision", "time"), [("s", "1767225600"), ("ms", "1767225600000"), ("us", "1767225600000000")]
)
def test_precision(api, client, box, precision, time):
    assert (
        client.post("/write", params={"precision": precision}, content=f"device,device={box} a=1 {time}").status_code
        == 204
    )
    assert newest(api, box) == {"a": (1, "2026-01-01T00:00:00Z")}


def test_bad_lines_are_named_and_the_others_are_stored(api, client, box):
    answer = client.post(
        "/write", content=f"device,device={box} a=1 1767225600000000000\n\nbad\nm,host=nobody v=1\nm v=1\n"
    )
    assert answer.status_code == 400
    body = answer.json()
    assert body["error"] == body["message"]
    assert (body["code"], body["line"]) == ("invalid", 3)
    assert body["error"].startswith(
        "partial write: line 3: unable to parse 'bad': missing fields\nline 4: 'm,host=nobody v=1': "
    )
    assert "line 5: 'm v=1': no tag device or host" in body["error"]
    assert answer.headers["X-Influxdb-Error"] == "line 3: unable to parse 'bad': missing fields"
    assert newest(api, box) == {"a": (1, "2026-01-01T00:00:00Z")}


@pytest.mark.parametrize(("content", "params"), [(b"\xff", {}), (b"m v=1", {"precision": "years"})])
def test_what_is_no_lines_at_all(client, content, params):
    answer = client.post("/write", params=params, content=content)
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid"


def test_only_strings_are_no_error(api, client, box):
    assert client.post("/write", content=f'log,host={box} message="hello"').status_code == 204
    assert newest(api, box) == {}


def test_who_may_not_write_is_refused_as_by_influxdb(api):
    for headers, status, code in (
        ({}, 401, "unauthorized"),
        ({"Authorization": "Token zk_no"}, 401, "unauthorized"),
        ({"Authorization": "Basic !"}, 401, "unauthorized"),
        ({"Authorization": f"Token {api.secrets['guest']}"}, 403, "forbidden"),
    ):
        answer = httpx.post(f"{api.url}/write", content=LINES, headers=headers, trust_env=False)
        assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_too_much_is_not_stored_at_all():
    with running(limits=Limits(100, 2)) as api, api.client() as client:
        client.post("/v1/devices", json={"id": "box"})
        answer = client.post("/write", content=LINES.format(box="box"))
        assert (answer.status_code, answer.json()["quota"]) == (429, "points_per_day")
        assert int(answer.headers["Retry-After"]) > 0
        assert newest(api, "box") == {}


def test_c1_ping_has_no_body_unless_one_is_requested(api):
    for method in ("GET", "HEAD"):
        plain = httpx.request(method, f"{api.url}/ping", trust_env=False)
        assert (plain.status_code, plain.content) == (204, b"")
        assert plain.headers["X-Influxdb-Version"]
    for route in ("/ping?verbose=true", "/health"):
        answer = httpx.get(api.url + route, trust_env=False)
        assert (answer.status_code, answer.json()["status"]) == (200, "pass")


def test_c2_what_clients_ask_first(api, client):
    assert httpx.get(f"{api.url}/ready", trust_env=False).json()["status"] == "ready"
    found = {"name": "databases", "columns": ["name"], "values": [["zenata"]]}
    databases = {"results": [{"statement_id": 0, "series": [found]}]}
    nothing = {"results": [{"statement_id": 0}]}
    for ask in (
        lambda statement: client.get("/query", params={"q": statement}),
        lambda statement: client.post("/query", params={"q": statement}),
        lambda statement: client.post("/query", data={"q": statement}),
    ):
        assert ask("SHOW DATABASES").json() == databases
        assert ask(" show  databases ").json() == databases
        assert ask("SHOW MEASUREMENTS").json() == nothing
        assert ask('CREATE DATABASE "telegraf"').json() == nothing
        both = ask('CREATE DATABASE "a;b"; SHOW DATABASES;').json()["results"]
        assert both == [{"statement_id": 0}, {"statement_id": 1, "series": [found]}]
        for refused in ("DROP DATABASE zenata", "SHOW DATABASES; DROP DATABASE zenata", ""):
            assert ask(refused).status_code == 400


def test_c2_an_empty_precision_and_unknown_parameters_are_taken(client):
    client.post("/v1/devices", json={"id": "asks"})
    for path in ("/write", "/api/v2/write"):
        params = {"precision": "", "db": "x", "anything": "else", "retention": "7d"}
        answer = client.post(path, params=params, content="climate,device=asks temp=20 1795946400000000000")
        assert answer.status_code == 204, answer.text
        assert answer.headers["X-Influxdb-Version"]


def test_other_statements_are_refused_by_name(client):
    assert client.post("/query", data={"q": "SELECT 1"}).status_code == 400
