"""The AsyncAPI document against what the code says and hears on MQTT."""

import json
from typing import Any

import jsonschema_rs
import msgspec
import pytest

import api.http.service as api_service
from api.http.asyncapi import asyncapi
from api.http.channels import CHANNELS, Payload
from simulators.host.documents import label_document
from simulators.labels.labels import Affected, Label
from tests.api.http.test_schemas import references
from tests.api.running import ADDRESSES, Api
from zenata.broker.base import SERVICES, rights
from zenata.city.clock import parse_time
from zenata.wire import senml
from zenata.wire.bulletins import Announcement, Clock
from zenata.wire.commands import Response
from zenata.wire.topics import Pattern
from zenata.wire.uplinks import registry

NOW = parse_time("2026-07-01T06:00:00Z")
DOCUMENT = asyncapi("Zenata", "1", {"mqtt": "mqtts://city.example:8883", "websocket": "wss://city.example:9001/mqtt"})
PAYLOADS = [payload for channel in CHANNELS.values() for payload in channel.payloads]


FIXED = {level for pattern in Pattern for level in pattern.split("/") if not level.startswith("{")}


def overlap(filter_: str, pattern: Pattern) -> bool:
    """Whether a filter of MQTT can match a topic of a family, of which no name is one of the fixed words."""
    wanted, levels = filter_.split("/"), pattern.split("/")
    for position, word in enumerate(wanted):
        if word == "#":
            return True
        if position >= len(levels):
            return False
        named = levels[position].startswith("{") and word not in FIXED
        if word not in {"+", levels[position]} and not named:
            return False
    return len(wanted) == len(levels)


def schema_of(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/messages/{name}/payload", "components": DOCUMENT["components"]}


def validate(name: str, instance: object) -> None:
    jsonschema_rs.Draft7Validator(schema_of(name)).validate(instance)


def test_every_family_of_topics_is_described() -> None:
    assert [channel["address"] for channel in DOCUMENT["channels"].values()] == [str(pattern) for pattern in Pattern]
    assert len(DOCUMENT["operations"]) == len(Pattern)
    for channel in DOCUMENT["channels"].values():
        assert channel["description"]
        assert list(channel["parameters"]) == [
            level[1:-1] for level in channel["address"].split("/") if level.startswith("{")
        ]


@pytest.mark.parametrize("service", SERVICES)
def test_what_the_services_may_say_and_hear_is_described(service: str) -> None:
    granted = SERVICES[service]
    assert granted.publish or granted.subscribe
    for filter_ in (*granted.publish, *granted.subscribe):
        own = filter_.removeprefix("$share/ingest/")
        assert any(overlap(own, pattern) for pattern in Pattern), f"{filter_} is described nowhere"


@pytest.mark.parametrize("role", ["guest", "pilot", "engineer", "admin"])
def test_what_pilots_may_say_is_what_the_sandbox_receives(role: str) -> None:
    granted = rights(role, "demo", "zenata", ["w-1"])
    for filter_ in granted.subscribe:
        assert any(overlap(filter_, pattern) for pattern in Pattern), filter_
    for filter_ in granted.publish:
        found = {CHANNELS[pattern].action for pattern in Pattern if overlap(filter_, pattern)}
        assert found == {"receive"}, filter_


def test_the_truth_is_for_nobody_else() -> None:
    for role in ("guest", "pilot"):
        filters = rights(role, "demo", "zenata", ["w-1"]).subscribe
        assert not any(overlap(filter_, Pattern.TRUTH) for filter_ in filters)
    assert "alone" in DOCUMENT["channels"]["truth"]["description"]


def test_every_reference_leads_somewhere() -> None:
    for reference in references(DOCUMENT):
        node: Any = DOCUMENT
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
        assert node


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda payload: payload.name)
def test_the_examples_are_what_the_code_reads(payload: Payload) -> None:
    if payload.example is None:
        assert payload.type is None or payload.name == "answer"
        return
    validate(payload.name, payload.example)
    assert msgspec.convert(payload.example, payload.type, strict=True)
    wrong = [1] if isinstance(payload.example, dict) else {}
    with pytest.raises(jsonschema_rs.ValidationError):
        validate(payload.name, wrong)


@pytest.mark.parametrize(
    "payload", [payload for payload in CHANNELS[Pattern.DEVICE].payloads if payload.example], ids=lambda one: one.name
)
def test_the_forms_of_devices_are_understood(payload: Payload) -> None:
    (uplink,) = registry.decode(json.dumps(payload.example).encode(), registry.AUTO, NOW)
    assert uplink.properties


def test_what_is_published_is_as_described() -> None:
    at = "2026-07-01T06:00:00Z"
    pack = senml.message("air-0042", NOW, 17, [("pm25", "ug/m3"), ("no2", "ug/m3")], [12.3, 31.0])
    leak = {"type": "leak", "start": at, "end": at, "targets": ("water-0010",)}
    truth = {**leak, "start": NOW, "end": NOW}
    affected = Affected(sensor="water-0010", property="pressure", start=NOW, end=NOW, largest=None)
    for name, body in {
        "telemetry": pack,
        "response": Response(id=None, status="rejected", at=at, reason="it has no valve"),
        "clock": Clock(time=at, speed="max", state="paused", messages=0),
        "announcement": Announcement(id="e1", **leak),
        "truth": label_document(Label(event="e1", cause={}, severity=0, public=True, affected=(affected,), **truth)),
    }.items():
        validate(name, json.loads(msgspec.json.encode(body)))


def test_members_are_explained_by_the_docstrings() -> None:
    clock = DOCUMENT["components"]["schemas"]["Clock"]
    assert clock["description"] == "The time of a world."
    assert clock["properties"]["messages"]["description"].startswith("How many messages")
    assert "unit" in DOCUMENT["components"]["schemas"]["Affected"]["properties"]["largest"]["description"]
    assert not [name for name in DOCUMENT["components"]["schemas"] if "." in name or name.startswith("_")]


def test_servers_are_where_the_broker_answers(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    mqtt, websocket = DOCUMENT["servers"]["mqtt"], DOCUMENT["servers"]["websocket"]
    assert (mqtt["host"], mqtt["protocol"]) == ("city.example:8883", "secure-mqtt")
    assert (websocket["host"], websocket["protocol"], websocket["pathname"]) == ("city.example:9001", "wss", "/mqtt")
    with api.client(None) as client:
        answer = client.get("/asyncapi.json")
        assert answer.headers["content-type"] == "application/json"
        assert answer.json() == asyncapi("Zenata Sandbox", "1", ADDRESSES)
        with monkeypatch.context() as patch:
            patch.setattr(api_service, "asyncapi", lambda *_: 1 / 0)  # it is not made anew
            assert client.get("/asyncapi.json").content == answer.content


def test_c5_overlapping_filters_are_described() -> None:
    assert "the embedded broker sends it twice" in DOCUMENT["info"]["description"]
