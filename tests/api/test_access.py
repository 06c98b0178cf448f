import httpx
import pytest

from tests.api.running import Api

PUBLIC = {"/healthz", "/readyz", "/problems/{name}"}
WATCHERS_ONLY = {"/metrics"}
ROLES = ("admin", "engineer", "pilot", "guest")


def routes(api: Api) -> list[str]:
    with api.client(None) as client:
        return list(client.get("/openapi.json").json()["paths"])


def status(client: httpx.Client, route: str, **headers: str | bytes) -> int:
    path = route.format(sensor="air-0001", name="no-key")
    with client.stream("GET", path, headers=headers) as response:
        if response.status_code in {401, 403}:
            assert response.headers["content-type"] == "application/problem+json"
        return response.status_code


@pytest.mark.parametrize("role", ROLES)
def test_each_role_reaches_what_it_may_and_nothing_else(api: Api, role: str) -> None:
    with api.client(role) as client:
        answers = {route: status(client, route) for route in routes(api)}
    forbidden = WATCHERS_ONLY if role in {"pilot", "guest"} else set()
    assert answers == {route: 403 if route in forbidden else 200 for route in answers}
    assert set(answers) > WATCHERS_ONLY | PUBLIC


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer zk_" + "A" * 43},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic ZGVtbzpkZW1v"},
        {"Authorization": b"Bearer \xe9"},
        {"X-Api-Key": "zk_"},
    ],
)
def test_nobody_gets_in_without_a_key(api: Api, headers: dict[str, str | bytes]) -> None:
    with api.client(None) as client:
        answers = {route: status(client, route, **headers) for route in routes(api)}
    assert answers == {route: 200 if route in PUBLIC else 401 for route in answers}


def test_401_says_how_to_get_in_before_anything_else_is_looked_at(api: Api) -> None:
    with api.client(None) as client:
        for path in ("/v1/sensors/no-such-sensor", "/v1/readings?start=never", "/v1/latest?world=secret&x=1"):
            response = client.get(path)
            assert response.status_code == 401
            assert response.headers["www-authenticate"] == 'Bearer realm="zenata"'
            assert response.json()["type"] == "/problems/no-key"
            assert "Authorization: Bearer" in response.json()["detail"]
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
