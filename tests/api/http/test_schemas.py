"""The OpenAPI document against what the application really is and does."""

from typing import Any

import msgspec
import pytest

from api.http.formats import FORMATS
from api.http.problems import KINDS, MEDIA_TYPE
from api.http.responses import responses
from tests.api.http.test_rights import LOGIN, PUBLIC, TABLE
from tests.api.running import Api
from zenata.contract.service import ProblemDetails

UNDOCUMENTED = {"/", "/openapi.json", "/asyncapi.json", "/docs", "/swagger"}
"""Pages and documents: routes that are in no schema."""


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
    routes = {row.path for row in TABLE} | {path for _, path in LOGIN} | PUBLIC
    assert set(document["paths"]) == routes - UNDOCUMENTED
    for path in document["paths"].values():
        assert all(operation["description"] for operation in path.values())


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
        for operation in operations.values():
            check_operation(path, operation)
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    assert "HTTPValidationError" not in document["components"]["schemas"]


def check_operation(path: str, operation: dict[str, Any]) -> None:
    statuses = set(operation["responses"])
    assert {"422", "500"} < statuses
    assert any(status.startswith("2") for status in statuses)
    if path.startswith("/v1/") and path != "/v1/session":  # whose key is in the body, or a cookie
        assert operation["security"] == [{"key": []}]
        assert "401" in statuses
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            continue
        assert list(response["content"]) == [MEDIA_TYPE]
        for name, example in response["content"][MEDIA_TYPE]["examples"].items():
            assert msgspec.convert(example["value"], ProblemDetails).status == KINDS[name].status == int(status)


def test_particular_failures_are_there(document: dict[str, Any]) -> None:
    statuses = {
        path: set().union(*(operation["responses"] for operation in operations.values()))
        for path, operations in document["paths"].items()
    }
    assert {"404", "406", "413", "503"} <= statuses["/v1/readings"]
    assert {"404", "406", "413", "503"} <= statuses["/v1/latest"]
    assert {"404", "503"} <= statuses["/v1/stream"] & statuses["/v1/sensors/{sensor}"] & statuses["/v1/city"]
    assert "403" in statuses["/metrics"]
    assert "503" in statuses["/readyz"]


def test_the_formats_are_there(document: dict[str, Any]) -> None:
    for path in ("/v1/latest", "/v1/readings"):
        content = document["paths"][path]["get"]["responses"]["200"]["content"]
        assert set(content) == {format_.media_type for format_ in FORMATS.values()}
    (latest, readings) = (
        document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        for path in ("/v1/latest", "/v1/readings")
    )
    assert latest == {"$ref": "#/components/schemas/ReadingPage"}
    assert [one["$ref"].rpartition("/")[2] for one in readings["anyOf"]] == ["ReadingsPage", "ColumnsPage"]
    assert list(document["paths"]["/v1/stream"]["get"]["responses"]["200"]["content"]) == ["text/event-stream"]


def test_parameters_are_explained(document: dict[str, Any]) -> None:
    parameters = document["paths"]["/v1/readings"]["get"]["parameters"]
    assert [parameter["name"] for parameter in parameters] == (
        "world sensor kind district property start end every tz agg shape limit cursor format".split()
    )
    for path, operations in document["paths"].items():
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                assert parameter.get("description"), (path, parameter["name"])


def test_problems_of_one_status_share_an_entry() -> None:
    declared = responses(None, "unknown-sensor", "unknown-world")
    assert set(declared) == {200, 404, 500}
    assert set(declared[404]["content"][MEDIA_TYPE]["examples"]) == {"unknown-sensor", "unknown-world"}
