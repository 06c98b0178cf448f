"""A store, a hub and webhooks, with an evaluator of their conditions."""

import json
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from api.live.hub import Hub
from api.webhooks.evaluator import ConditionEvaluator
from api.webhooks.register import Webhooks
from api.webhooks.signature import new_secret
from api.webhooks.webhook import Delivery, Webhook
from tests.api.running import MINUTE, START
from tests.waiting import wait_until
from tests.zenata.control.databases import sqlite_in
from zenata.city.clock import WallClock
from zenata.city.readings import Catalog, ReadingBatch, Series
from zenata.control.database import open_database
from zenata.store import open_store

FIRES, CLEARS = "threshold.fired", "threshold.cleared"
ALL = {"sensor": [], "kind": [], "district": []}
LEVELS = {"property": "pm25", "above": 50.0, "below": None, "clear": 40.0, "duration": None}
HIGH = ALL | LEVELS | {"type": "threshold"}
SILENT = ALL | {"type": "silence", "sensor": ["air-1", "air-2"], "property": [], "after": "10m"}
HOOK = Webhook(
    id="wh_1",
    pilot="demo",
    name="",
    url="http://example.org/",
    world="zenata",
    condition=HIGH,
    secret=new_secret(),
    made=1,
    begun=1,
)
FLOOD = {"id": "e1", "type": "flood", "start": "2026-01-01T00:00:00Z", "end": "2026-01-01T02:00:00Z", "targets": []}


class Rig:
    """A store, a hub and webhooks, and what looks at them."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.hooks = Webhooks(open_database(sqlite_in(folder)))
        self.store = open_store(f"duckdb:///{folder}/readings.duckdb")
        self.allowed = True
        self.hub = Hub()
        self.stack = stack
        self.catalog = Catalog()
        stack.callback(self.store.close)

    def add(self, id_: str = "wh_1", **members: Any) -> Webhook:
        hook = replace(HOOK, id=id_, **members)
        self.hooks.add(hook)
        return hook

    def watch(self, **options: Any) -> ConditionEvaluator:
        return ConditionEvaluator(
            **{"hooks": self.hooks, "hub": self.hub, "store": self.store, "grace": 0.0}
            | {"may": lambda *_: self.allowed, "clock": WallClock()}
            | options
        )

    def run(self, **options: Any) -> ConditionEvaluator:
        """Look on until the end of the test."""
        return self.stack.enter_context(self.watch(**options))

    def batch(self, *readings: tuple[str, float, float], world: str = "zenata") -> ReadingBatch:
        """Readings of a sensor at a minute."""
        series = [Series(world, sensor, "pm25", "air", "coast", "ug/m3") for sensor, _, _ in readings]
        return ReadingBatch(
            catalog=self.catalog,
            series=np.array([self.catalog.intern(one) for one in series], dtype=np.int32),
            time=np.array([START + int(minute * MINUTE) for _, minute, _ in readings]),
            value=np.array([float(value) for *_, value in readings]),
            seq=np.ones(len(readings), dtype=np.int64),
        )

    def store_and_publish(self, *readings: tuple[str, float, float], world: str = "zenata") -> None:
        batch = self.batch(*readings, world=world)
        self.store.append(batch)
        self.hub.publish(batch)

    def deliveries(self, id_: str = "wh_1") -> list[Delivery]:
        """The oldest first."""
        return self.hooks.deliveries(id_, limit=5000)[::-1]

    def delivered(self, id_: str = "wh_1") -> list[tuple]:
        found = [json.loads(one.body) for one in self.deliveries(id_)]
        return sorted((one["data"]["since"][11:16], one["data"]["sensor"], one["type"]) for one in found)

    def wait(self, *expected: tuple, id_: str = "wh_1") -> None:
        wait_until(lambda: self.delivered(id_) == sorted(expected), f"the deliveries {expected}", pause=0.02)

    def settle(self) -> None:
        """Wait until what is published has been looked at: another webhook is told of a last reading, in its turn."""
        self.settled = getattr(self, "settled", 0) + 1
        id_ = f"wh_settle{self.settled}"
        self.store_and_publish(("settle", 0, 99), world=f"w-{id_}")
        self.add(id_, world=f"w-{id_}")
        self.wait(("00:00", "settle", FIRES), id_=id_)
        self.store_and_publish(("settle", 1, 0), world=f"w-{id_}")
        self.wait(("00:00", "settle", FIRES), ("00:01", "settle", CLEARS), id_=id_)


def restart(rig: Rig) -> None:
    """Give it another hub over the same store and database, as after a restart."""
    rig.hub, rig.catalog = Hub(), Catalog()
