"""Text that nobody means, wherever a request has room for text, over both kinds of control data.

PostgreSQL takes no NUL, and no more than a column holds; SQLite takes all.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import product

import httpx
import pytest

from tests.api.running import running
from tests.zenata.control.databases import running_postgres

STRANGE = ("a\0b", "\ud800", "\x1b[2J", "a\u2028b", "\u202egro.elpmaxe", "a\nb")
SPOKEN = ("l’« eau » : débit", "الماء \u200fزناتة", "💧")
SILENCE = {"type": "silence", "after": "1m"}
COMMAND = {"sensor": "air-0001", "set": {"dim": 1}}
LINES = [
    ("pilot", "POST", "/v1/devices", {"id": "roof-{n}", "name": "{text}"}),
    ("pilot", "PATCH", "/v1/devices/roof-0", {"name": "{text}"}),
    ("pilot", "POST", "/v1/webhooks", {"url": "https://example.org/", "condition": SILENCE, "name": "{text}"}),
    ("admin", "POST", "/v1/pilots", {"name": "aqua-{n}", "contact": "{text}"}),
    ("admin", "POST", "/v1/pilots", {"name": "terra-{n}", "theme": "{text}"}),
    ("admin", "PATCH", "/v1/pilots/test-guest", {"edition": "{text}"}),
    ("admin", "POST", "/v1/pilots/test-guest/budget", {"amount": 1, "date": "2026-01-01", "note": "{text}"}),
    ("admin", "POST", "/v1/pilots/test-guest/suspend", {"reason": "{text}"}),
]
"""What people write."""

NAMES = [
    ("pilot", "POST", "/v1/devices", {"id": "{text}"}),
    ("pilot", "POST", "/v1/devices", {"id": "roof", "external": "{text}"}),
    ("pilot", "POST", "/v1/pilots/test-pilot/keys", {"name": "{text}"}),
    ("pilot", "POST", "/v1/commands", COMMAND | {"sensor": "{text}"}),
    ("pilot", "POST", "/v1/commands", COMMAND | {"world": "{text}"}),
    ("pilot", "POST", "/v1/exports", {"start": "{text}"}),
    ("pilot", "POST", "/v1/exports", {"world": "{text}"}),
    ("pilot", "POST", "/v1/webhooks", {"url": "https://example.org/", "condition": SILENCE | {"sensor": "{text}"}}),
    ("pilot", "POST", "/v1/webhooks", {"url": "https://example.org/", "condition": SILENCE, "world": "{text}"}),
    ("admin", "POST", "/v1/pilots", {"name": "{text}"}),
    ("admin", "PATCH", "/v1/pilots/test-guest", {"actuators": ["{text}"]}),
]
"""What is the name of something."""

PATHS = (
    "/v1/pilots/%s",
    "/v1/pilots/%s/activity",
    "/v1/pilots/%s/suspend",
    "/v1/pilots/test-pilot/keys/%s/rotate",
    "/v1/devices/%s",
    "/v1/devices/%s?pilot=%s",
    "/v1/webhooks/%s",
    "/v1/webhooks/%s/deliveries/%s/retry",
    "/v1/exports/%s",
    "/v1/worlds/%s/events",
    "/v1/ledger/%s",
    "/v1/audit?who=%s",
    "/v1/keys?prefix=%s",
    "/v1/devices?pilot=%s",
    "/v1/latest?world=%s",
    "/v1/dead-letters?world=%s",
    "/v1/telemetry?device=%s",
)


Clients = dict[str, httpx.Client]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def clients(request: pytest.FixtureRequest) -> Iterator[Clients]:
    """A client by role, over each kind of control data."""
    with ExitStack() as stack:
        control = stack.enter_context(running_postgres()) if request.param == "postgresql" else None
        api = stack.enter_context(running(control=control))
        yield {role: stack.enter_context(api.client(role)) for role in ("pilot", "admin")}


def ask(client: httpx.Client, method: str, path: str, body: dict, text: str, number: int = 0) -> int:
    """Return the status of an answer; `{text}` in a body becomes the text."""
    content = json.dumps(body).replace('"{text}"', json.dumps(text)).replace("{n}", f"{number}")
    return client.request(method, path, content=content, headers={"Content-Type": "application/json"}).status_code


@pytest.mark.parametrize(("role", "method", "path", "body"), [*LINES, *NAMES])
@pytest.mark.parametrize("text", STRANGE)
def test_what_is_no_line_of_text_is_refused(
    clients: Clients, role: str, method: str, path: str, body: dict, text: str
) -> None:
    assert ask(clients[role], method, path, body, text) in {403, 404, 422}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/worlds", {"scenario": "{text}"}),
        ("/v1/worlds", {"scenario": [{"type": "leak", "target": "{text}"}]}),
        ("/v1/worlds", {"kinds": ["{text}"]}),
        ("/v1/worlds/zenata/events", {"type": "leak", "target": "{text}"}),
        ("/v1/worlds/zenata/fork", {"at": "{text}"}),
        ("/v1/commands", COMMAND | {"id": "{text}"}),
        ("/v1/commands", {"sensor": "air-0001", "set": {"\ud800": 1}}),
    ],
)
def test_what_simulators_are_sent_is_text(clients: Clients, path: str, body: dict) -> None:
    assert ask(clients["admin"], "POST", path, body, "\ud800") == 422


@pytest.mark.parametrize(("role", "method", "path", "body"), LINES)
def test_people_write_as_they_do(clients: Clients, role: str, method: str, path: str, body: dict) -> None:
    assert [ask(clients[role], method, path, body, text, number) for number, text in enumerate(SPOKEN)] in (
        [200] * len(SPOKEN),
        [201] * len(SPOKEN),
    )


@pytest.mark.parametrize("path", PATHS)
def test_whatever_an_address_holds_is_a_mistake_and_no_failure(clients: Clients, path: str) -> None:
    for text in ("%00", "a%00b", "%ED%A0%80", "%0A", "%E2%80%AE", "x" * 500, "%FF"):
        for client, method in product(clients.values(), ("GET", "POST", "PATCH", "DELETE")):
            assert ask(client, method, path.replace("%s", text), {"reason": "x"}, "") < 500, (method, text)
