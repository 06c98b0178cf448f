"""HEAD, and preflights while no page may ask."""

import httpx
import pytest

from tests.api.running import Api
from tests.waiting import wait_until

PATHS = (
    "/v1/city",
    "/v1/latest",
    "/v1/readings",
    "/v1/kinds",
    "/v1/me",
    "/healthz",
    "/docs",
    "/openapi.json",
    "/v1/map",
)


@pytest.mark.parametrize("path", PATHS)
def test_q8_head_is_get_without_its_body(client: httpx.Client, path: str) -> None:
    headers = {"Accept-Encoding": "identity"}
    get, head = client.get(path, headers=headers), client.head(path, headers=headers)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-type", "content-length"):
        assert head.headers[name] == get.headers[name]


@pytest.mark.parametrize(
    ("path", "status"), [("/nowhere", 404), ("/v1/latest?kind=x", 422), ("/v1/alerts", 403), ("/v1/commands", 405)]
)
def test_q8_head_fails_as_get_does(client: httpx.Client, path: str, status: int) -> None:
    head = client.head(path)
    assert (head.status_code, head.content) == (status, b"")


def test_q8_head_of_a_stream_ends(api: Api, client: httpx.Client) -> None:
    for _ in range(3):
        head = client.head("/v1/stream")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-type"].startswith("text/event-stream")
    assert client.get("/healthz").status_code == 200
    wait_until(lambda: api.hub.listeners == 0, "the streams are over")


def test_head_is_named_where_get_is(client: httpx.Client) -> None:
    assert client.put("/v1/city").headers["allow"] == "GET, HEAD"


def test_q8_a_preflight_while_cors_is_closed_names_the_setting(client: httpx.Client) -> None:
    headers = {"Origin": "https://app.example", "Access-Control-Request-Method": "GET"}
    answer = client.options("/v1/city", headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/cors-closed")
    assert "ZENATA_CORS_ORIGINS" in answer.json()["detail"]
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_no_redirect_follows_the_host_of_a_request(client: httpx.Client) -> None:
    answer = client.get("/v1/city/", headers={"Host": "evil.example"})
    assert answer.status_code == 404
    assert "Leave out the slash" in answer.json()["detail"]


def test_the_docs_keep_no_key(client: httpx.Client) -> None:
    assert '"persistAuthorization": false' in client.get("/docs").text
