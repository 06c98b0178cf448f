import http.client
import json
import re
import ssl
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from urllib.parse import urlsplit

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect as connect_websocket

from api.http.problems import MAX_BODY
from api.http.security import HEADERS, HSTS
from tests.api.running import Api, batch_of, running, series_of, small_city
from tests.certificates import Authority
from zenata.process.tls import certificate_of

PAGE = "https://app.example"


@pytest.fixture(scope="module")
def secure(authority: Authority) -> Iterator[Api]:
    """An API by TLS, which pages of one origin may ask."""
    made = authority.issue("api", host="127.0.0.1")
    certificate = certificate_of(made.cert, made.key)
    with running(origins=(PAGE,), certificate=certificate) as api:
        yield api


@pytest.fixture(scope="module")
def browser(secure: Api, authority: Authority) -> Iterator[httpx.Client]:
    verify = ssl.create_default_context(cafile=authority.file)
    headers = {"Authorization": f"Bearer {secure.secrets['pilot']}"}
    with httpx.Client(base_url=secure.url, headers=headers, verify=verify, trust_env=False) as client:
        yield client


def guarded(answer: httpx.Response) -> bool:
    return all(answer.headers[name] == value for name, value in HEADERS.items())


def test_every_answer_is_guarded(client: httpx.Client):
    """Of routes, of the framework, of refusals before a route is found, and without a key."""
    assert guarded(client.get("/v1/city"))
    assert guarded(client.get("/nowhere"))
    assert guarded(client.put("/v1/city"))
    assert guarded(client.get("/v1/city", headers={"Authorization": "Bearer wrong"}))
    assert guarded(client.get("/healthz"))
    assert guarded(client.post("/v1/worlds", content=b" " * (MAX_BODY + 1)))
    assert guarded(client.get("/v1/pilots/test-pilot/keys"))


def test_a_failure_is_guarded(api: Api, client: httpx.Client, monkeypatch):
    monkeypatch.setattr(api.register, "authenticate", lambda _: 1 / 0)
    answer = client.get("/v1/city")
    assert answer.status_code == 500
    assert guarded(answer)


def test_a_refused_websocket_is_guarded(api: Api):
    url = f"ws{api.url.removeprefix('http')}/v1/ws?kind=air"
    with pytest.raises(InvalidStatus) as refused:
        connect_websocket(url)
    assert all(refused.value.response.headers[name] == value for name, value in HEADERS.items())


def test_a_stream_is_guarded_and_streams(api: Api, client: httpx.Client):
    with client.stream("GET", "/v1/stream") as answer:
        assert guarded(answer)
        lines = answer.iter_lines()
        assert next(lines).startswith("retry:")
        api.hub.publish(batch_of(series_of(small_city()), range(1), api.store.catalog))
        assert next(line for line in lines if line.startswith("data:"))


def test_the_docs_may_run_their_own_script_and_no_other(client: httpx.Client):
    page = client.get("/docs")
    policy = dict(part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";"))
    (script,) = re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL)
    hash_ = b64encode(sha256(script.encode()).digest()).decode()
    assert policy["script-src"] == f"'self' 'sha256-{hash_}'"
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["connect-src"] == "'self'"
    assert not re.search(r"\son\w+=|javascript:", page.text), "a handler in the page would not run"


def test_tls_is_for_good_but_not_for_all_that_is_tried_out_on_a_machine(browser: httpx.Client, client: httpx.Client):
    hsts = "Strict-Transport-Security"
    assert browser.get("/healthz", headers={"Host": "city.example:8443"}).headers[hsts] == HSTS
    assert hsts not in browser.get("/healthz", headers={"Host": "localhost:8443"}).headers
    assert hsts not in client.get("/healthz").headers


def test_no_page_of_another_origin_may_read_an_answer(client: httpx.Client):
    for answer in (
        client.get("/v1/city", headers={"Origin": PAGE}),
        client.options("/v1/city", headers={"Origin": PAGE, "Access-Control-Request-Method": "GET"}),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_pages_of_a_named_origin_may_ask_with_a_key(browser: httpx.Client):
    wanted = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
    preflight = browser.options("/v1/worlds", headers={"Origin": PAGE, "Authorization": ""} | wanted)
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == PAGE
    assert "access-control-allow-credentials" not in preflight.headers
    for path, status in (("/v1/city", 200), ("/nowhere", 404)):
        answer = browser.get(path, headers={"Origin": PAGE})
        assert answer.status_code == status
        assert answer.headers["access-control-allow-origin"] == PAGE
        assert "Origin" in answer.headers["vary"]
        assert "Retry-After" in answer.headers["access-control-expose-headers"]


@pytest.mark.parametrize("origin", ["https://evil.example", "http://app.example", f"{PAGE}.evil.example", "null"])
def test_pages_of_others_may_not(browser: httpx.Client, origin):
    wanted = {"Access-Control-Request-Method": "POST"}
    preflight = browser.options("/v1/worlds", headers={"Origin": origin} | wanted)
    assert preflight.status_code == 400
    assert "access-control-allow-origin" not in preflight.headers
    assert "access-control-allow-origin" not in browser.get("/v1/city", headers={"Origin": origin}).headers


ROUTES = ["/v1/worlds", "/v1/devices", "/v1/exports", "/v1/pilots", "/v1/telemetry", "/write", "/query", "/nowhere"]


@pytest.mark.parametrize("path", ROUTES)
def test_a_body_that_says_it_is_too_large_is_not_read(api: Api, path):
    connection = http.client.HTTPConnection(urlsplit(api.url).netloc, timeout=60)
    headers = {"Content-Length": str(MAX_BODY + 1), "Authorization": f"Bearer {api.secrets['admin']}"}
    connection.request("POST", path, headers=headers)  # and not one byte of it
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Connection"]) == (413, "close")
    problem = json.load(answer)
    assert (problem["type"], problem["limit"]) == ("/problems/body-too-large", MAX_BODY)
    connection.close()


@pytest.mark.parametrize("path", ["/v1/worlds", "/v1/devices", "/v1/telemetry", "/write"])
def test_a_body_that_becomes_too_large_is_cut_off(api: Api, path):
    def parts() -> Iterator[bytes]:
        for _ in range(1 + MAX_BODY // 65_536):
            yield b" " * 65_536

    with api.client("admin") as client:
        answer = client.post(path, content=parts())
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/body-too-large")


def test_a_body_as_large_as_it_may_be_is_taken(api: Api):
    body = b'{"id": "wide"}'.ljust(MAX_BODY)
    with api.client() as client:
        assert client.post("/v1/devices", content=body, headers={"Content-Type": "application/json"}).status_code == 201


def test_every_route_that_takes_a_body_says_how_large(client: httpx.Client):
    document = client.get("/openapi.json").json()
    taking = [
        operation["responses"]
        for path in document["paths"].values()
        for operation in path.values()
        if "requestBody" in operation
    ]
    assert len(taking) > 10
    for responses in taking:
        assert "body-too-large" in responses["413"]["content"]["application/problem+json"]["examples"]
