from collections.abc import Iterator

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.api.documents import conforming
from tests.api.running import Api
from zenata.contract.pilots import Session
from zenata.control.web_sessions import LIFETIME, LONG_LIFETIME

DAY = 86_400


@pytest.fixture
def page(api: Api) -> Iterator[httpx.Client]:
    """A page of the server: it has no key, keeps cookies, and names its origin."""
    with api.client(None) as page:
        page.headers["Origin"] = api.url
        yield page


def cookie_of(api: Api) -> str:
    return f"zenata_session_{httpx.URL(api.url).port}"


def log_in(page: httpx.Client, **body: object) -> httpx.Response:
    response = page.post("/v1/session", json=body)
    assert response.status_code == 200, response.text
    return response


def test_a_page_logs_in_with_a_key_and_out_again(api: Api, page: httpx.Client) -> None:
    assert page.get("/v1/session").status_code == 401
    response = log_in(page, key=api.secrets["pilot"])
    cookie = response.headers["set-cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=strict", "Path=/", f"Max-Age={LIFETIME // 10**6 - 1}"))
    assert "Secure" not in cookie  # of plain HTTP
    assert api.secrets["pilot"] not in cookie
    session = conforming(page.get("/v1/session").json(), Session)
    assert (session.pilot, session.role, session.key) == ("test-pilot", "pilot", "main")
    assert response.json() == page.get("/v1/session").json()
    assert page.get("/v1/me").json()["name"] == "test-pilot"
    before = page.cookies[cookie_of(api)]
    assert page.delete("/v1/session").status_code == 204
    assert not page.cookies
    page.cookies[cookie_of(api)] = before
    answer = page.get("/v1/me")
    assert (answer.status_code, "log in again" in answer.json()["detail"]) == (401, True)


def test_two_cities_of_one_host_do_not_log_each_other_out(api: Api, page: httpx.Client) -> None:
    """Browsers send the cookies of a host to each of its ports (RFC 6265, section 8.5)."""
    page.cookies["zenata_session_1"] = "zs_of-another-city"
    log_in(page, key=api.secrets["pilot"])
    assert page.get("/v1/me").json()["name"] == "test-pilot"
    assert page.delete("/v1/session").status_code == 204
    assert dict(page.cookies) == {"zenata_session_1": "zs_of-another-city"}


def test_a_remembered_page_stays_logged_in_for_a_month(api: Api, page: httpx.Client) -> None:
    cookie = log_in(page, key=api.secrets["guest"], remember=True).headers["set-cookie"]
    assert f"Max-Age={LONG_LIFETIME // 10**6 - 1}" in cookie


def test_a_link_logs_in_once(api: Api, page: httpx.Client) -> None:
    link = api.context.sessions.make_link("test-engineer", by="shell")
    assert log_in(page, link=link).json()["pilot"] == "test-engineer"
    again = page.post("/v1/session", json={"link": link})
    assert (again.status_code, "zenata open" in again.json()["detail"]) == (401, True)
    assert page.get("/v1/me", headers={"Authorization": f"Bearer {link}"}).status_code == 401  # it is no key


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"key": "zk_a", "link": "zl_a"}, 422),
        ({"key": "zk_wrong"}, 401),
        ({"link": "zl_wrong"}, 401),
        ({"link": "zk_wrong"}, 401),
    ],
)
def test_what_is_no_key_or_link_opens_nothing(page: httpx.Client, body: dict[str, str], status: int) -> None:
    response = page.post("/v1/session", json=body)
    assert (response.status_code, "set-cookie" in response.headers) == (status, False)


def test_a_session_or_a_key_in_place_of_a_link_opens_no_other(api: Api, page: httpx.Client) -> None:
    log_in(page, key=api.secrets["pilot"])
    session = page.cookies[cookie_of(api)]
    for body in ({"link": session}, {"key": session}, {"link": api.secrets["pilot"]}):
        assert page.post("/v1/session", json=body).status_code == 401


@pytest.mark.parametrize("headers", [{"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {}])
def test_another_page_changes_nothing_with_the_cookie(api: Api, page: httpx.Client, headers: dict[str, str]) -> None:
    log_in(page, key=api.secrets["pilot"])
    del page.headers["Origin"]
    for method, path in (("POST", "/v1/devices"), ("DELETE", "/v1/session"), ("POST", "/v1/telemetry")):
        answer = page.request(method, path, headers=headers, json={} if method == "POST" else None)
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/cross-site"), path
    made = page.post("/v1/devices", json={"id": "mine"}, headers={"Sec-Fetch-Site": "same-origin"})
    assert made.status_code == 201
    with api.client() as own:  # a key in a header needs no origin
        assert own.delete("/v1/devices/mine").status_code == 204


def test_another_page_cannot_log_a_browser_in(api: Api, page: httpx.Client) -> None:
    body = {"key": api.secrets["pilot"]}
    answer = page.post("/v1/session", json=body, headers={"Origin": "http://127.0.0.1:1"})
    assert answer.status_code == 403


def test_a_websocket_opens_with_the_cookie_only_for_a_page_of_the_server(api: Api, page: httpx.Client) -> None:
    log_in(page, key=api.secrets["pilot"])
    address = api.url.replace("http", "ws", 1) + "/v1/ws"
    cookie = {"Cookie": f"{cookie_of(api)}={page.cookies[cookie_of(api)]}"}
    with connect(address, additional_headers=cookie, origin=api.url) as socket:
        assert socket.recv() == '{"ready":"test-pilot"}'
    with pytest.raises(InvalidStatus, match="403"):
        connect(address, additional_headers=cookie, origin="http://evil.example")


def test_who_is_suspended_or_loses_the_key_is_out(api: Api, page: httpx.Client) -> None:
    register = api.register
    register.add("leaver", by="test")
    key = register.issue("leaver", by="test")
    log_in(page, key=key)
    register.suspend("leaver", by="test", reason="a test")
    assert page.get("/v1/me").status_code == 401
    register.resume("leaver", by="test")
    answer = page.get("/v1/me")
    assert (answer.status_code, "log in again" in answer.json()["detail"]) == (401, True)
    log_in(page, key=key)
    assert page.get("/v1/me").status_code == 200
    register.rotate("leaver", "main", by="test")
    assert page.get("/v1/me").status_code == 401


def test_a_page_whose_session_has_ended_may_ask_again_and_again(api: Api) -> None:
    with api.client(None, "127.0.0.9") as page:
        page.cookies[cookie_of(api)] = "zs_ended"
        assert {page.get("/v1/me").status_code for _ in range(30)} == {401}
        page.headers["Authorization"] = f"Bearer {api.secrets['pilot']}"
        assert page.get("/v1/me").status_code == 200


def test_logging_in_again_and_again_is_too_much(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each session changes the register, which every process then reads again."""
    monkeypatch.setattr("api.http.guard.LOGINS", 3.0)
    api.register.add("restless", by="test")
    key = api.register.issue("restless", by="test")
    with api.client(None) as page:
        answers = [page.post("/v1/session", json={"key": key}) for _ in range(8)]
        assert [answer.status_code for answer in answers[:3]] == [200] * 3
        assert answers[-1].status_code == 429
        assert answers[-1].json()["quota"] == "logins"
        assert page.post("/v1/session", json={"key": api.secrets["guest"]}).status_code == 200


def test_logging_in_and_out_is_in_the_audit_log(api: Api, page: httpx.Client) -> None:
    log_in(page, key=api.secrets["engineer"])
    page.delete("/v1/session")
    with api.client("admin") as admin:
        entries = admin.get("/v1/audit", params={"who": "test-engineer"}).json()["items"]
    assert [entry["what"] for entry in entries[:2]] == ["session.close", "session.open"]
