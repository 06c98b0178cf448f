"""The OpenAPI document against what the application really is and does."""

from typing import Any

import pytest

from api.formats import FORMATS
from api.problems import KINDS, MEDIA_TYPE
from api.schemas import ProblemDetails, responses
from tests.api.running import Api

V1 = [
    "/v1/city",
    "/v1/districts",
    "/v1/kinds",
    "/v1/sensors",
    "/v1/sensors/{sensor}",
    "/v1/latest",
    "/v1/readings",
    "/v1/stream",
]
SERVICE = ["/healthz", "/readyz", "/metrics", "/problems/{name}"]


@pytest.fixture(scope="module")
def document(api: Api) -> dict[str, Any]:
    with api.client(None) as client:
        return client.get("/openapi.json").json()


def references(node: object) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*map(references, node.values()))
    return set().union(*map(references, node)) if isinstance(node, list) else set()


def test_every_route_is_documented(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    assert list(document["paths"]) == V1 + SERVICE
    for path in document["paths"].values():
        assert list(path) == ["get"]
        assert path["get"]["description"]


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    found = references(document)
    assert "#/components/schemas/ProblemDetails" in found
    for reference in found:
        node: Any = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
        assert node


def test_every_route_says_how_it_fails(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        operation = operations["get"]
        statuses = set(operation["responses"])
        assert {"200", "422", "500"} <= statuses
        if path in V1:
            assert operation["security"] == [{"key": []}]
            assert "401" in statuses
        for status, response in operation["responses"].items():
            if status == "200":
                continue
            assert list(response["content"]) == [MEDIA_TYPE]
            for name, example in response["content"][MEDIA_TYPE]["examples"].items():
                assert ProblemDetails.model_validate(example["value"]).status == KINDS[name].status == int(status)
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_particular_failures_are_there(document: dict[str, Any]) -> None:
    statuses = {path: set(operations["get"]["responses"]) for path, operations in document["paths"].items()}
    assert {"404", "406", "413", "503"} <= statuses["/v1/readings"]
    assert {"404", "406", "413", "503"} <= statuses["/v1/latest"]
    assert {"404", "503"} <= statuses["/v1/stream"] & statuses["/v1/sensors/{sensor}"] & statuses["/v1/city"]
    assert "403" in statuses["/metrics"]
    assert "503" in statuses["/readyz"]


def test_the_formats_are_there(document: dict[str, Any]) -> None:
    for path in ("/v1/latest", "/v1/readings"):
        content = document["paths"][path]["get"]["responses"]["200"]["content"]
        assert set(content) == {format_.media_type for format_ in FORMATS.values()}
        assert content["application/json"]["schema"] == {"$ref": "#/components/schemas/RowPage"}
    assert list(document["paths"]["/v1/stream"]["get"]["responses"]["200"]["content"]) == ["text/event-stream"]


def test_parameters_are_explained(document: dict[str, Any]) -> None:
    parameters = document["paths"]["/v1/readings"]["get"]["parameters"]
    assert [parameter["name"] for parameter in parameters] == (
        "world sensor kind district property start end every agg limit cursor format".split()
    )
    for path in V1:
        for parameter in document["paths"][path]["get"].get("parameters", []):
            assert parameter.get("description") or parameter["name"] == "sensor", (path, parameter["name"])


def test_problems_of_one_status_share_an_entry() -> None:
    declared = responses(None, "unknown-sensor", "unknown-world")
    assert set(declared) == {200, 404, 500}
    assert set(declared[404]["content"][MEDIA_TYPE]["examples"]) == {"unknown-sensor", "unknown-world"}
