import httpx
import pytest

from api.http.guard import WRONG_KEYS
from tests.api.running import Api

PUBLIC = {"/healthz", "/readyz", "/ping", "/health", "/ready", "/problems", "/problems/{name}"}
PUBLIC_STATUS = {("GET", path): 200 for path in PUBLIC} | {
    ("GET", "/ping"): 204,
    ("POST", "/v1/session"): 422,  # it takes the key in its body
    ("DELETE", "/v1/session"): 204,
}
NAMES = {
    "sensor": "air-0001",
    "name": "no-key",
    "world": "zenata",
    "pilot": "nobody",
    "network": "water",
    "event": "leak-1",
    "command": "a",
} | dict.fromkeys(
    ("device", "export", "webhook", "delivery", "challenge", "trial", "edition", "alert", "check"), "none"
)


def routes(api: Api) -> list[tuple[str, str]]:
    """Every method and path."""
    with api.client(None) as client:
        paths = client.get("/openapi.json").json()["paths"]
    return [(method.upper(), path) for path, operations in paths.items() for method in operations]


def status(client: httpx.Client, route: tuple[str, str], **headers: str | bytes) -> int:
    method, path = route
    body = None if method == "GET" else {}
    with client.stream(method, path.format_map(NAMES), headers=headers, json=body) as response:
        if response.status_code in {401, 403}:
            assert response.headers["content-type"] == "application/problem+json"
        return response.status_code


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer"}, {"Authorization": "zk_x"}, {"X-Api-Key": "demo"}])
def test_nobody_gets_in_without_a_key(api: Api, headers: dict[str, str | bytes]) -> None:
    with api.client(None) as client:
        answers = {route: status(client, route, **headers) for route in routes(api)}
    assert answers == {route: PUBLIC_STATUS.get(route, 401) for route in answers}


@pytest.mark.parametrize(
    ("address", "key"), [("127.0.0.2", b"zk_" + b"A" * 43), ("127.0.0.3", b"\xe9"), ("127.0.0.4", b"zk_")]
)
def test_nobody_gets_in_with_a_wrong_key(api: Api, address: str, key: bytes) -> None:
    with api.client(None, address) as client:
        answers = {route: status(client, route, Authorization=b"Bearer " + key) for route in routes(api)}
    public = {route: answers.pop(route) for route in list(answers) if route in PUBLIC_STATUS}
    assert public == {route: PUBLIC_STATUS[route] for route in public}
    assert list(answers.values()) == [401] * WRONG_KEYS + [429] * (len(answers) - WRONG_KEYS)


def test_401_says_how_to_get_in_before_anything_else_is_looked_at(api: Api) -> None:
    with api.client(None) as client:
        for path in ("/v1/sensors/no-such-sensor", "/v1/readings?start=never", "/v1/latest?world=secret&x=1"):
            response = client.get(path)
            assert response.status_code == 401
            assert response.headers["www-authenticate"] == 'Bearer realm="zenata"'
            assert response.json()["type"] == "/problems/no-key"
            assert "Authorization: Bearer" in response.json()["detail"]
    with api.client(None, "127.0.0.5") as client:
        wrong = client.get("/v1/city", headers={"Authorization": "Bearer zk_wrong"})
        assert wrong.headers["www-authenticate"] == 'Bearer realm="zenata", error="invalid_token"'
        assert "zk_wrong" not in wrong.text


def test_403_names_the_roles_that_may(api: Api) -> None:
    with api.client("guest") as client:
        problem = client.get("/metrics").json()
    assert problem["type"] == "/problems/wrong-role"
    assert problem["allowed"] == ["admin", "engineer"]


def test_a_key_is_no_parameter(api: Api) -> None:
    with api.client(None) as client:
        assert client.get("/v1/city", params={"key": api.secrets["pilot"]}).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer {key}"},
        {"Authorization": "Bearer '{key}'"},
        {"Authorization": 'bearer "{key}"'},
        {"Authorization": "Token {key}"},
        {"X-API-Key": "{key}"},
        {"X-Api-Key": '"{key}"'},
        {"Authorization": "Bearer <{key}>"},
        {"Authorization": "Bearer: `{key}`"},
        {"Authorization": "ApiKey {key}"},
    ],
)
def test_a_key_is_understood_in_quotes_and_where_other_apis_have_it(api: Api, headers: dict[str, str]) -> None:
    sent = {name: value.format(key=api.secrets["pilot"]) for name, value in headers.items()}
    with api.client(None) as client:
        assert client.get("/v1/me", headers=sent).json()["name"] == "test-pilot"


@pytest.mark.parametrize("user", ["key first", "key last"])
def test_a_key_is_understood_as_either_part_of_basic(api: Api, user: str) -> None:
    key = api.secrets["pilot"]
    with api.client(None) as client:
        answer = client.get("/v1/me", auth=(key, "") if user == "key first" else ("me", key))
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("headers", "path", "words"),
    [
        ({"Authorization": "{key}"}, "/v1/me", "the word Bearer"),
        ({"Authorization": "Digest x"}, "/v1/me", "'Digest'"),
        ({"X-API-Key": "demo"}, "/v1/me", "X-API-Key"),
        ({"Api-Key": "{key}"}, "/v1/me", "'api-key'"),
        ({"X-Auth-Token": "Bearer {key}"}, "/v1/me", "'x-auth-token'"),
        ({}, "/v1/me?key={key}", "in the address"),
    ],
)
def test_a_key_at_another_place_is_named(api: Api, headers: dict[str, str], path: str, words: str) -> None:
    key = api.secrets["pilot"]
    with api.client(None) as client:
        answer = client.get(
            path.format(key=key), headers={name: value.format(key=key) for name, value in headers.items()}
        )
    assert answer.status_code == 401
    assert words in answer.json()["detail"]


def test_q6_a_refusal_says_what_can_be_done_instead(api: Api) -> None:
    with api.client("pilot") as pilot:
        event = pilot.post("/v1/worlds/zenata/events", json={"type": "leak"})
        alerts = pilot.get("/v1/alerts")
    assert event.status_code == alerts.status_code == 403
    assert "world of your own" in event.json()["detail"]
    assert "/activity" in alerts.json()["detail"]
    with api.client("guest") as guest:
        assert "ask whoever runs the sandbox" in guest.post("/v1/devices", json={"id": "x"}).json()["detail"]


def test_a_key_is_looked_up_once_a_request(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    authenticate = api.register.authenticate
    monkeypatch.setattr(api.register, "authenticate", lambda key: looked.append(key) or authenticate(key))
    with api.client() as client:
        long = client.post(
            "/v1/devices", content=b'{"id": "once"}'.ljust(70_000), headers={"Content-Type": "application/json"}
        )
    assert (long.status_code, len(looked)) == (201, 1)
