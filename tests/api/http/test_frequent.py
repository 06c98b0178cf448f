"""The short way of frequent requests answers as the ordinary way does: same status, headers, bytes and counts."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.routing import Match
from starlette.types import ASGIApp, Message

from api.http.app import create_app
from api.http.context import Context
from api.http.frequent import FrequentReads
from api.http.guard import WRONG_KEYS
from api.http.openapi import Application
from tests.api.running import Api

Answer = tuple[int, list[tuple[bytes, bytes]], bytes]


@dataclass(frozen=True)
class Way:
    """An application, with counts of its own, and the keys of its pilots."""

    app: Application
    context: Context
    secrets: Mapping[str, str]
    address: str = "127.0.0.1"

    def ask(self, target: str, headers: Mapping[str, str], method: str = "GET", body: bytes = b"") -> Answer:
        return asyncio.run(_ask(self.app, target, headers, method, self.address, body))

    def counts(self) -> list[tuple[object, ...]]:
        """Return what was counted by route and status, and by pilot."""
        requests, _ = self.app.state.metrics.requests.collect()
        routes = sorted(
            (tuple(one.labels.values()), one.value) for one in requests.samples if one.name.endswith("total")
        )
        pilots = [self.context.activity.of(f"test-{role}") for role in sorted(self.secrets)]
        return [*routes, *((one.open, one.answered, one.wrong, one.failed, sorted(one.over)) for one in pilots)]


@pytest.fixture(scope="module")
def ways(api: Api) -> Iterator[tuple[Way, Way]]:
    """The short way, and the ordinary way alone."""
    short, ordinary = (Way(create_app(one), one, api.secrets) for one in (replace(api.context), replace(api.context)))
    assert isinstance(ordinary.app.router.routes.pop(0), FrequentReads)
    yield short, ordinary
    assert short.counts() == ordinary.counts()


async def _ask(app: ASGIApp, target: str, headers: Mapping[str, str], method: str, address: str, body: bytes) -> Answer:
    path, _, query = target.partition("?")
    sent: list[Message] = []
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": quote(path).encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(b"host", b"city"), *((name.lower().encode(), text.encode()) for name, text in headers.items())],
        "client": (address, 5000),
        "server": ("city", 80),
        "state": {},
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    start, *bodies = sent
    return start["status"], sorted(start["headers"]), b"".join(one.get("body", b"") for one in bodies)


SENSORS = ("air-0001", "noise-0001", "traffic-0001", "air-9999", "Air-0001", "é", "")
VALUES: Mapping[str, tuple[str, ...]] = {
    "sensor": SENSORS,
    "kind": ("air", "noise", "parking", "device", "nothing", ""),
    "district": ("coast", "la-ferme", "sea"),
    "property": ("pm25", "no2", "flow", "level", "x"),
    "world": ("zenata", "w-1", "w-2", "p-test-pilot", "p-test-guest"),
    "format": ("json", "csv", "arrow", "parquet", "xml", ""),
    "shape": ("rows", "columns", "cubes"),
    "start": ("-10min", "-1h", "2026-01-01T01:00:00", "yesterday", ""),
    "end": ("now", "2026-01-01T01:30:00Z", "2020-01-01"),
    "every": ("10m", "1d", "0", "1h"),
    "tz": ("UTC", "Africa/Casablanca", "Mars"),
    "agg": ("mean", "min", "p95", "most"),
    "limit": ("1", "5", "0", "many", "1000000"),
    "cursor": ("abc",),
    "at": ("-5min", "2026-01-01T01:00:00Z", "soon"),
    "speed": ("1",),
}
PATHS = (
    "/v1/latest",
    "/v1/readings",
    "/v1/frame",
    *(f"/v1/sensors/{one}" for one in SENSORS),
    "/v1/sensors/a/b",
    "/v1/latest/",
)
KNOWN = {
    "/v1/latest": ("sensor", "kind", "district", "property", "world", "format"),
    "/v1/frame": ("property", "kind", "world", "at"),
    "/v1/readings": tuple(name for name in VALUES if name not in {"at", "speed"}),
}


@st.composite
def targets(draw: st.DrawFn) -> str:
    """Draw a path with some parameters, mostly such as it has."""
    path = draw(st.sampled_from(PATHS))
    names = draw(st.lists(st.sampled_from(KNOWN.get(path, ("world",))) | st.sampled_from(tuple(VALUES)), max_size=3))
    parts = []
    for name in names:
        values = draw(st.lists(st.sampled_from(VALUES[name]), min_size=1, max_size=2))
        parts.append(f"{name}={quote(draw(st.sampled_from([',', ', '])).join(values))}")
    return "?".join([path, "&".join(parts)] if parts else [path])


def keys(secrets: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return headers by what is special in them."""
    key = secrets["pilot"]
    return {
        **{role: {"Authorization": f"Bearer {secret}"} for role, secret in secrets.items()},
        "no key": {},
        "other place": {"X-API-Key": key},
        "no word": {"Authorization": key},
        "packed": {"Authorization": f"Bearer {key}", "Accept-Encoding": "gzip"},
        "csv": {"Authorization": f"Bearer {key}", "Accept": "text/csv"},
        "nothing acceptable": {"Authorization": f"Bearer {key}", "Accept": "image/png"},
        "preferring": {"Authorization": f"Bearer {key}", "Accept": "text/csv;q=0.5, application/json"},
    }


@given(target=targets(), which=st.integers(0, 100), method=st.sampled_from(["GET", "GET", "GET", "HEAD", "POST"]))
def test_the_short_way_answers_as_the_ordinary_way(ways, target, which, method):
    short, ordinary = ways
    headers = [*keys(short.secrets).values()]
    chosen = headers[which % len(headers)]
    assert short.ask(target, chosen, method) == ordinary.ask(target, chosen, method)


STEPS = (
    "/v1/worlds/w-1/advance",
    "/v1/worlds/zenata/advance",
    "/v1/trials/nothing/step",
    f"/v1/trials/{'x' * 65}/step",
)
BODIES = (b'{"steps": 1}', b'{"steps": 0}', b'{"steps": 1, "limit": "x"}', b'{"steps": 1, "end": "+1h"}', b"{", b"")


@pytest.mark.parametrize("target", [*STEPS, f"{STEPS[0]}?world=zenata", "/v1/worlds//advance"])
def test_steps_are_answered_as_in_the_ordinary_way(ways, target):
    short, ordinary = ways
    json = {"Content-Type": "application/json"}
    for name, key in keys(short.secrets).items():
        for body in BODIES if name in {"pilot", "no key"} else BODIES[:2]:
            for headers in (key | json, key):
                answers = [way.ask(target, headers, "POST", body) for way in (short, ordinary)]
                assert answers[0] == answers[1], (name, body)


@pytest.mark.parametrize("target", ["/v1/latest?sensor=air-0001", "/v1/readings?kind=air"])
def test_wrong_keys_lock_out_after_as_many(ways, target):
    wrong = {"Authorization": "Bearer zk_" + "x" * 43}
    for way in ways:
        guessing = replace(way, address=f"10.0.0.{len(target)}")
        statuses = [guessing.ask(target, wrong)[0] for _ in range(WRONG_KEYS + 3)]
        assert statuses == [401] * WRONG_KEYS + [429] * 3


def test_a_quota_counts_each_request_once(api):
    api.register.change("test-guest", quotas={"requests_per_minute": 4}, by="test")
    key = {"Authorization": f"Bearer {api.secrets['guest']}"}
    paths = [
        "/v1/latest?sensor=air-0001",
        "/v1/readings?sensor=air-0001",
        "/v1/latest?sensor=air-0009",
        "/v1/frame?property=x",
    ]
    try:
        for special in (lambda app: None, lambda app: app.router.routes.pop(0)):
            context = replace(api.context)
            app = create_app(context)
            special(app)
            way = Way(app, context, api.secrets)
            assert [way.ask(path, key)[0] for path in [*paths, *paths]] == [200, 200, 404, 422, 429, 429, 429, 429]
            assert context.activity.of("test-guest").over["requests_per_minute"][0] == 4
    finally:
        api.register.change("test-guest", quotas={"requests_per_minute": 10**6}, by="test")


@pytest.mark.parametrize(
    ("target", "usual"),
    [
        ("/v1/latest", True),
        ("/v1/latest?sensor=air-0001,air-0002&format=csv", True),
        ("/v1/sensors/air-0001", True),
        ("/v1/readings?sensor=air-0001&start=-24h", True),
        ("/v1/frame?property=pm25", True),
        ("/v1/latest?sensors=air-0001", False),
        ("/v1/readings?limit=many", False),
        ("/v1/sensors", False),
        ("/v1/sensors/", False),
        ("/v1/readings?sensor=" + "a" * 3000, False),
        ("POST /v1/worlds/w-1/advance", True),
        ("POST /v1/trials/t-1/step", True),
        ("POST /v1/worlds/w-1/advance?world=w-1", False),
        ("POST /v1/worlds//advance", False),
        ("POST /v1/trials/" + "t" * 65 + "/step", False),
        ("POST /v1/latest", False),
        ("/v1/worlds/w-1/advance", False),
    ],
)
def test_the_short_way_takes_what_is_usual(ways, target, usual):
    path, _, query = target.partition("?")
    method, _, path = path.rpartition(" ")
    scope = {"type": "http", "method": method or "GET", "path": path, "query_string": query.encode()}
    match, _ = ways[0].app.router.routes[0].matches(scope)
    assert (match is Match.FULL) is usual
