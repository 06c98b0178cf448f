import asyncio
import http.client
import json
from collections.abc import Iterator
from types import SimpleNamespace
from unittest.mock import Mock
from urllib.parse import urlsplit

import httpx
import pytest

from api.http import body_limit
from api.http.body_limit import MAX_ANONYMOUS_BODY, BodyLimit
from api.http.guard import WRONG_KEYS
from tests.api.running import Api

LONG = MAX_ANONYMOUS_BODY + 1
JSON = {"Content-Type": "application/json"}


def parts() -> Iterator[bytes]:
    yield b'{"id": "wide"}'.ljust(MAX_ANONYMOUS_BODY)
    yield b" "


@pytest.mark.parametrize("path", ["/v1/worlds", "/v1/telemetry", "/write", "/nowhere"])
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic !"}])
def test_a_long_body_without_a_key_is_not_read(api: Api, path, headers):
    connection = http.client.HTTPConnection(urlsplit(api.url).netloc, timeout=60)
    connection.request("POST", path, headers=headers | {"Content-Length": str(LONG)})  # and not one byte of it
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Connection"]) == (401, "close")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="zenata"'
    problem = json.load(answer)
    assert (problem["type"], problem["instance"]) == ("/problems/no-key", path)
    assert "Authorization: Bearer" in problem["detail"]
    connection.close()


@pytest.mark.parametrize("path", ["/v1/worlds", "/v1/devices", "/write"])
def test_a_body_without_a_key_that_becomes_long_is_cut_off(api: Api, path):
    with api.client(None) as nobody:
        answer = nobody.post(path, content=parts(), headers=JSON)
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/no-key")


def test_a_short_body_without_a_key_is_answered_by_its_route(api: Api):
    with api.client(None) as nobody:
        answer = nobody.post("/v1/devices", content=b'{"id": "x"}'.ljust(MAX_ANONYMOUS_BODY), headers=JSON)
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/no-key")


def test_whose_key_is_known_may_send_much_and_in_parts(api: Api, client: httpx.Client):
    answer = client.post("/v1/devices", content=parts(), headers=JSON)
    assert answer.status_code == 201


def test_long_bodies_of_one_pilot_are_read_at_a_rate(monkeypatch: pytest.MonkeyPatch):
    """Those of 4 MB that were no readings took a processor: within its quota one pilot made everybody wait."""
    waits, now = list[float](), [1000.0]

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(body_limit, "asyncio", SimpleNamespace(sleep=sleep))
    monkeypatch.setattr(body_limit, "time", SimpleNamespace(monotonic=lambda: now[0]))
    limit = BodyLimit(Mock(), Mock())

    def read(pilot: str, size: int) -> list[float]:
        request = SimpleNamespace(state=SimpleNamespace(principal=SimpleNamespace(pilot=pilot)))
        waits.clear()
        asyncio.run(limit._pace(request, size))
        return list(waits)

    assert read("ada", body_limit.BURST) == []
    assert read("ada", body_limit.RATE) == [1.0]
    assert read("ada", body_limit.RATE) == [2.0]
    assert read("ben", body_limit.BURST) == []
    now[0] += 2.0
    assert read("ada", body_limit.RATE // 4) == [0.25]
    now[0] += 60.0
    assert read("ada", body_limit.BURST) == []
    assert read("ada", body_limit.RATE) == [1.0]


def test_wrong_keys_with_long_bodies_count_as_others_do(api: Api):
    headers = {"Authorization": "Bearer zk_wrong"}
    with api.client(None, "127.0.0.9") as nobody:
        answers = [nobody.post("/write", content=b" " * LONG, headers=headers) for _ in range(WRONG_KEYS + 1)]
    assert [answer.status_code for answer in answers] == [401] * WRONG_KEYS + [429]
    assert "is none of this sandbox" in answers[0].json()["detail"]
