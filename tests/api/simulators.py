"""Simulators that only write down what they are asked, behind real doors."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event
from typing import Any

from simulators.events.registry import describe_types
from tests.api.running import Api, private_world, running
from zenata.errors import ControlError
from zenata.worlds.control import ControlServer

EVENT = {
    "id": "leak-1",
    "type": "leak",
    "start": "2026-01-01T00:00:00Z",
    "end": "2026-01-01T01:00:00Z",
    "targets": ["street-0001"],
    "severity": 0.1,
    "public": False,
    "parameters": {"target": "street-0001"},
}
LABEL = {
    **{name: EVENT[name] for name in ("type", "start", "end", "targets", "severity", "public")},
    "event": "leak-1",
    "cause": {"area": 0.001},
    "affected": [
        {
            "sensor": "water-0001",
            "property": "head",
            "start": "2026-01-01T00:00:00Z",
            "end": "2026-01-01T00:10:00Z",
            "largest": -2.5,
        }
    ],
}
NODE = {"id": "node-0", "type": "junction"}
NETWORK: dict[str, Any] = {
    "geojson": {
        "type": "FeatureCollection",
        "network": {"name": "water"},
        "features": [
            {
                "type": "Feature",
                "id": "node-0",
                "geometry": {"type": "Point", "coordinates": [-7.45, 33.62]},
                "properties": {"layer": "node", **NODE},
            }
        ],
    },
    "node-link": {
        "directed": False,
        "multigraph": True,
        "graph": {"name": "water"},
        "nodes": [{**NODE, "longitude": -7.45, "latitude": 33.62}],
        "edges": [],
    },
    "pgm": '{"version":"1.0"}',
}
LATER = {**EVENT, "id": "festival-1", "public": True, "start": "2026-01-02T00:00:00Z"}
REPAIR = {
    "id": "repair-1",
    "target": "street-0001",
    "sent": "2026-01-01T00:00:00Z",
    "there": "2026-01-01T00:20:00Z",
    "status": "on its way",
    "done": None,
    "found": None,
    "cost": 400.0,
    "by": "test-pilot",
}
ROW = {
    "time": "2026-01-01T00:00:10Z",
    "world": "w-own",
    "sensor": "air-0001",
    "kind": "air",
    "district": "coast",
    "property": "no2",
    "unit": "ug/m3",
    "value": 1.0,
    "seq": 1,
}


def status(world: str, owner: str = "") -> dict[str, Any]:
    return {
        "world": world,
        "owner": owner,
        "parent": "",
        "city": "zenata",
        "seed": 1,
        "start": "2026-01-01T00:00:00Z",
        "time": "2026-01-01T00:00:00Z",
        "state": "paused",
        "speed": "max",
        "pace": 0.0,
        "kinds": [],
        "districts": [],
        "packs": False,
        "publish": True,
        "live": False,
        "sealed": False,
        "blind": False,
        "zone_rules": "2026f",
        "events": 0,
        "messages": 0,
        "backfill": None,
        "reason": None,
    }


class Simulators:
    """Answers as simulators do, and remembers what was asked.

    Attributes
    ----------
    requests : list of (str, str, dict)
        World, verb and arguments.
    status : str
        What becomes of commands.
    ticks : threading.Event
        Cleared, commands wait.
    about_own : dict
        What the host says of the pilot's world beside the usual.
    expected : int
        Readings that a backfill makes.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Be as new."""
        self.requests: list[tuple[str, str, dict[str, Any]]] = []
        self.status = "applied"
        self.ticks = Event()
        self.ticks.set()
        self.about_own: dict[str, Any] = {}
        self.expected = 0

    def handler(self, world: str, owner: str) -> Callable[[str, dict[str, Any]], object]:
        answers = {
            "create": self.make,
            "fork": self.make,
            "worlds": lambda _: [status("w-foreign", "ben"), status("w-own", "test-pilot") | self.about_own],
            "delete": lambda _: None,
            **dict.fromkeys(("status", "pace"), lambda _: status(world, owner)),
            "backfill": lambda _: status(world, owner) | {"expected": self.expected},
            "advance": self.advance,
            "event": lambda arguments: EVENT | {"type": arguments["event"]["type"]},
            "end-event": lambda arguments: {"id": arguments["id"], "end": None},
            "repair": lambda _: REPAIR,
            "repairs": lambda _: [REPAIR],
            "reveal": lambda _: [EVENT],
            "outcome": self.outcome,
            "events": lambda arguments: (
                [EVENT | {"id": "fire", "public": True}]
                if world == "zenata" and not arguments["full"]
                else [EVENT, EVENT | {"id": "fire", "public": True}, LATER]
            ),
            "command": self.command,
            "record": lambda _: {"format": 1, "world": world},
            "labels": lambda _: [LABEL],
            "event-types": lambda _: describe_types(),
            "network": lambda arguments: NETWORK.get(arguments["format"], f"[TITLE]\n{arguments['network']}\n"),
        }

        def handle(verb: str, arguments: dict[str, Any]) -> object:
            self.requests.append((world, verb, arguments))
            return answers[verb](arguments)

        return handle

    def make(self, arguments: dict[str, Any]) -> dict[str, Any]:
        if arguments.get("seed") == 99:
            raise ControlError("test-pilot has 4 private worlds already", "limit")
        return status("w-new", arguments["owner"])

    def advance(self, arguments: dict[str, Any]) -> dict[str, Any]:
        times = {"from": "2026-01-01T00:00:00Z", "time": "2026-01-01T00:00:10Z"}
        more = arguments["limit"] == 1
        steps = arguments.get("steps", 1)
        return {**times, "steps": steps, "rows": 1 + more, "items": [ROW], "more": more, "outcomes": []}

    def command(self, arguments: dict[str, Any]) -> list[dict[str, Any]]:
        assert self.ticks.wait(30)
        return [
            {
                "id": order["id"] or "made",
                "sensor": order["sensor"],
                "status": self.status,
                "at": None,
                "reason": None,
            }
            for order in arguments["orders"]
        ]

    def outcome(self, arguments: dict[str, Any]) -> dict[str, Any] | None:
        if arguments["id"] != "a":
            return None
        return {"id": "a", "sensor": "air-0001", "status": self.status, "at": "2026-01-01T00:00:10Z", "reason": None}


@contextmanager
def running_with(simulators: Simulators, folder: Path, control: str | None = None) -> Iterator[Api]:
    """Run the API beside the shared city, a world of the pilot and one of somebody else; see `running`."""
    (folder / "zenata").mkdir(parents=True)
    with ExitStack() as stack:
        for world, owner in (("zenata", ""), ("w-own", "test-pilot"), ("w-foreign", "ben")):
            place = private_world(folder, world, owner) if owner else folder / world
            stack.enter_context(ControlServer(place, simulators.handler(world, owner)))
        yield stack.enter_context(running(worlds=folder, control=control))
