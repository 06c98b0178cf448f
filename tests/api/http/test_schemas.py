"""The OpenAPI document against what the application really is and does."""

from typing import Any

import msgspec
import pytest

from api.http.formats import FORMATS
from api.http.problems import KINDS, MEDIA_TYPE
from api.http.responses import responses
from tests.api.running import Api
from zenata.contract.service import ProblemDetails

V1 = [
    "/v1/city",
    "/v1/districts",
    "/v1/kinds",
    "/v1/sensors",
    "/v1/sensors/{sensor}",
    "/v1/map",
    "/v1/buildings",
    "/v1/land",
    "/v1/streets",
    "/v1/networks/{network}",
    "/v1/latest",
    "/v1/frame",
    "/v1/frame/stream",
    "/v1/session",
    "/v1/readings",
    "/v1/stream",
    "/v1/event-types",
    "/v1/scenarios",
    "/v1/worlds",
    "/v1/worlds/{world}",
    "/v1/worlds/{world}/clock",
    "/v1/worlds/{world}/advance",
    "/v1/worlds/{world}/events",
    "/v1/worlds/{world}/fork",
    "/v1/worlds/{world}/backfill",
    "/v1/worlds/{world}/record",
    "/v1/worlds/{world}/truth",
    "/v1/commands/{command}",
    "/v1/worlds/{world}/reveal",
    "/v1/worlds/{world}/repairs",
    "/v1/worlds/{world}/events/{event}",
    "/v1/commands",
    "/v1/devices",
    "/v1/devices/{device}",
    "/v1/exports",
    "/v1/exports/{export}",
    "/v1/exports/{export}/file",
    "/v1/telemetry",
    "/v1/ledger",
    "/v1/ledger/{world}",
    "/v1/dead-letters",
    "/v1/dead-letters/replay",
    "/v1/me",
    "/v1/me/activity",
    "/v1/pilots",
    "/v1/pilots/{pilot}",
    "/v1/pilots/{pilot}/suspend",
    "/v1/pilots/{pilot}/resume",
    "/v1/pilots/{pilot}/keys",
    "/v1/pilots/{pilot}/keys/{name}",
    "/v1/pilots/{pilot}/keys/{name}/rotate",
    "/v1/pilots/{pilot}/budget",
    "/v1/pilots/{pilot}/activity",
    "/v1/pilots/{pilot}/scorecard",
    "/v1/pilots/{pilot}/scorecard/exceptions/{check}",
    "/v1/keys",
    "/v1/hosts",
    "/v1/alerts",
    "/v1/alerts/{alert}/acknowledge",
    "/v1/activity",
    "/v1/webhooks",
    "/v1/webhooks/{webhook}",
    "/v1/webhooks/{webhook}/secret",
    "/v1/webhooks/{webhook}/test",
    "/v1/webhooks/{webhook}/deliveries",
    "/v1/webhooks/{webhook}/deliveries/{delivery}/retry",
    "/v1/audit",
    "/v1/challenges",
    "/v1/challenges/{challenge}",
    "/v1/editions/{edition}",
    "/v1/editions/{edition}/close",
    "/v1/editions/{edition}/declarations/{challenge}",
    "/v1/editions/{edition}/freeze",
    "/v1/editions/{edition}/open",
    "/v1/leaderboards/{challenge}",
    "/v1/leaderboards/{challenge}/compare",
    "/v1/trials",
    "/v1/trials/{trial}",
    "/v1/trials/{trial}/answers",
    "/v1/trials/{trial}/receipt",
    "/v1/trials/{trial}/report",
    "/v1/trials/{trial}/step",
]
INFLUX = ["/write", "/api/v2/write", "/ping", "/health", "/ready", "/query"]
SERVICE = ["/healthz", "/readyz", "/metrics", "/problems", "/problems/{name}"]


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
    assert set(document["paths"]) == {*V1, *INFLUX, *SERVICE}
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
    if path in V1 and path != "/v1/session":  # whose key is in the body, or a cookie
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
    for path in V1:
        for operation in document["paths"][path].values():
            for parameter in operation.get("parameters", []):
                assert parameter.get("description") or parameter["name"] in {"sensor", "world", "device"}, (
                    path,
                    parameter["name"],
                )


def test_problems_of_one_status_share_an_entry() -> None:
    declared = responses(None, "unknown-sensor", "unknown-world")
    assert set(declared) == {200, 404, 500}
    assert set(declared[404]["content"][MEDIA_TYPE]["examples"]) == {"unknown-sensor", "unknown-world"}
