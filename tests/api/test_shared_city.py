"""The attack on the shared city: with something hidden under way every route and topic answers a pilot as without it.

What is hidden here shows on no instrument, so not one answer may differ: what a pilot can know of it, it knows from sensors.
"""

import re
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self

import httpx
import pytest
from paho.mqtt.client import topic_matches_sub

from api.http.rights import RIGHTS
from api.live.frame import MEDIA_TYPE
from ingest.clocks import Clocks
from ingest.decoder import Decoder
from simulators.events.base import Event
from simulators.host.control import WorldControl
from simulators.host.encoder import Encoder
from simulators.host.hosting import HostControl
from simulators.host.service import Simulation
from simulators.host.worlds import Limits, Worlds
from simulators.record.record import Pace, Recipe, Record, seal_of
from simulators.record.run import Run
from tests.api.running import WORLD, Api, running
from tests.api.test_two_pilots import REQUESTS, Ask, Names
from tests.api.trials.hosting import Nobody
from tests.simulators.conftest import small_city
from zenata.broker.base import rights
from zenata.city.clock import SECOND, parse_time
from zenata.wire.mqtt import Message
from zenata.worlds.control import ControlServer
from zenata.worlds.folders import WorldFolders

SECRET = bytes(range(7, 39))
START = parse_time("2026-01-05T17:00:00Z")
MINUTE = 60 * SECOND

ANNOUNCED = Event(id="hot", type="heatwave", start=START + 5 * MINUTE, end=START + 600 * MINUTE)
HIDDEN = (
    Event(
        id="hidden-crash",
        type="accident",
        start=START + 6 * MINUTE,
        end=START + 900 * MINUTE,
        parameters={"target": "street-0001", "capacity": 1.0, "opposite": 1.0},
    ),
    Event(
        id="hidden-drift",
        type="sensor_drift",
        start=START + 7 * MINUTE,
        end=START + 900 * MINUTE,
        parameters={"sensor": "air-0001", "rate": 1e-9},
    ),
    Event(id="hidden-leak", type="leak", start=START + 700 * MINUTE, end=START + 900 * MINUTE),
)
"""An accident that keeps nobody up, a drift that nobody sees, and a leak to come."""

AT_LENGTH = {"/v1/stream", "/v1/frame/stream"}
"""Routes that go on for ever; what they bring are readings, which are compared as they are published."""

OF_OTHER_WORLDS = {("POST", "/v1/worlds"), ("POST", "/v1/trials")}
"""Routes that make worlds of one's own."""

PARTS = {
    "sensor": "air-0001",
    "network": "water",
    "event": "hidden-crash",
    "challenge": "leak-detection",
    "edition": "2026",
    **{name: "{" + name + "}" for name in ("world", "pilot", "export", "device", "webhook", "trial", "delivery")},
    **dict.fromkeys(("command", "name", "alert", "check"), "none"),
}
"""What stands in paths; what is in braces are names of `Names`."""


class SharedCity:
    """The process of the shared city, as a thread, with an API beside it."""

    def __init__(self, folder: Path, events: tuple[Event, ...]) -> None:
        city, record, self.broker = small_city(), Record(folder / WORLD), Nobody()
        recipe = Recipe(
            city=city.id, seed=1, start=START, live=False, events=(ANNOUNCED, *events), sealed=seal_of(SECRET)
        )
        record.save_recipe(recipe)
        worlds, self._stop = Worlds(WorldFolders(folder), Limits()), threading.Event()
        self.simulation = Simulation(
            run=Run(city, recipe, record.journal(), record, secret=SECRET),
            encoder=Encoder(city, WORLD),
            publisher=self.broker,
            record=record,
            pace=Pace(state="paused"),
        )
        control = WorldControl(name=WORLD, simulation=self.simulation, record=record, worlds=worlds, stop=self._stop)
        control.verbs |= HostControl(worlds, city, lambda: self.simulation.running.world.domains).verbs
        self.city, self.control = city, control
        self._server = ControlServer(folder / WORLD, control.handle)
        self._thread = threading.Thread(target=self.simulation.run, args=(self._stop,))

    def __enter__(self) -> Self:
        self._server.__enter__()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._server.__exit__()

    def store(self, api: Api) -> None:
        """Store what it has published, as ingest does."""
        telemetry = [
            Message(topic, payload, 0, 0)
            for topic, payload in self.broker.published
            if topic.startswith(f"{WORLD}/telemetry/")
        ]
        batch, dead = Decoder(self.city, Clocks()).decode(telemetry, self.simulation.running.time)
        assert not dead
        api.store.append(batch)
        api.hub.publish(batch)


@contextmanager
def shared_city(folder: Path, events: tuple[Event, ...]) -> Iterator[tuple[SharedCity, Api]]:
    """Run a shared city for a quarter of an hour, with an API whose pilot watches it."""
    folder.mkdir()
    with SharedCity(folder, events) as shared, running(city=shared.city, worlds=folder) as api:
        shared.control.handle("advance", {"steps": 90, "limit": 0})
        shared.store(api)
        yield shared, api


@pytest.fixture(scope="module")
def cities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[tuple[SharedCity, Api]]]:
    """Two shared cities of one secret: with something hidden, and without."""
    folder = tmp_path_factory.mktemp("cities")
    with ExitStack() as stack:
        yield [
            stack.enter_context(shared_city(folder / name, events))
            for name, events in (("hiding", HIDDEN), ("quiet", ()))
        ]


def asks(method: str, path: str) -> list[Ask]:
    """Return how to ask a route of the shared city."""
    if method == "GET":
        return [*REQUESTS.get((method, path), []), Ask(), Ask({"world": WORLD})]
    return REQUESTS.get((method, path), [Ask(body={})])


def answers(api: Api, role: str) -> dict[tuple[Any, ...], tuple[int, str]]:
    """Return what every route answers, but for what the time of the day and chance name."""
    names = Names(
        world=WORLD,
        own=WORLD,
        **dict.fromkeys("pilot device external key export webhook trial delivery".split(), "none"),
    )
    found: dict[tuple[Any, ...], tuple[int, str]] = {}
    with api.client(role) as client:
        for method, path in RIGHTS:
            if path in AT_LENGTH or (method, path) in OF_OTHER_WORLDS:
                continue
            for number, ask in enumerate(asks(method, path)):
                response = ask.send(client, method, path.format_map(PARTS), names)
                found[method, path, number] = response.status_code, without_chance(response)
    return found


def without_chance(response: httpx.Response) -> str:
    """Return what an answer says, but for times of today, ids, secrets and how long ago something was; times of the city stay."""
    if response.headers.get("content-type") == MEDIA_TYPE:
        return (response.content[:8] + response.content[16:]).hex()
    text = re.sub(
        r"20\d\d-\d\d-\d\dT[\d:.]+Z", lambda time: time[0] if time[0] < "2026-01-07" else "now", response.text
    )
    return re.sub(r"whsec_[\w+/=]+|\b(?:\w+[-_])?[0-9a-f]{8,}\b", "id", text)


@pytest.mark.parametrize("role", ["guest", "pilot"])
def test_every_route_answers_as_if_nothing_were_hidden(cities: list[tuple[SharedCity, Api]], role: str) -> None:
    hiding, quiet = (answers(api, role) for _, api in cities)
    assert {key: (hiding[key], quiet[key]) for key in quiet if hiding[key] != quiet[key]} == {}
    text = " ".join(text for _, text in hiding.values())
    assert "hot" in text  # what was announced is told
    secrets = {*(event.id for event in HIDDEN), SECRET.hex(), seal_of(SECRET)} - {PARTS["event"]}  # which was asked for
    assert not [secret for secret in secrets if secret in text]
    assert sum(status == 200 for status, _ in hiding.values()) > 40


@pytest.mark.parametrize("role", ["guest", "pilot"])
def test_so_does_every_topic(cities: list[tuple[SharedCity, Api]], role: str) -> None:
    filters = rights(role, f"test-{role}", WORLD, actuators=("streetlight-0001",)).subscribe
    heard = [
        [
            (topic, payload)
            for topic, payload in shared.broker.published
            if any(topic_matches_sub(f, topic) for f in filters)
        ]
        for shared, _ in cities
    ]
    assert heard[0] == heard[1]
    assert {topic.split("/")[1] for topic, _ in heard[0]} == {"telemetry", "clock", "events"}


def test_what_is_hidden_is_on(cities: list[tuple[SharedCity, Api]]) -> None:
    """Else the others would prove nothing: who may see it sees it, and its shadow takes time."""
    (hiding, api), (quiet, _) = cities
    with api.client("admin") as admin:
        seen = admin.get(f"/v1/worlds/{WORLD}/events").json()["items"]
        truth = admin.get(f"/v1/worlds/{WORLD}/truth").json()["items"]
    assert {event["id"] for event in seen} == {"hot", *(event.id for event in HIDDEN)}
    assert {label["event"] for label in truth} == {"hot", "hidden-crash", "hidden-drift"}
    assert len(hiding.simulation.running.shadows.found) == 3
    assert len(quiet.simulation.running.shadows.found) == 1


@pytest.mark.parametrize("member", ["sealed", "owner", "secret", "live", "full", "parent", "begins"])
def test_no_member_of_a_new_world_makes_it_the_shared_city(cities: list[tuple[SharedCity, Api]], member: str) -> None:
    """A world of the same seed would be the same city, if a pilot could have it sealed with the same secret."""
    _, api = cities[0]
    with api.client("pilot") as client:
        for value in (True, WORLD, SECRET.hex()):
            response = client.post("/v1/worlds", json={"seed": 1, "start": "2026-01-05T17:00:00Z", member: value})
            assert response.status_code in (400, 422), response.text
            assert member in response.json()["detail"]
