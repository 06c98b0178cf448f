"""Load on a running city while it is disturbed: devices by MQTT and HTTP, a private world, a webhook and exports.

Everything is counted by its sender, so that what is lost or doubled shows in the end.
"""

import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.api.webhooks.receiver import Receiver, receiving
from tests.waiting import PATIENCE, wait_until
from zenata.city.clock import format_time
from zenata.wire import topics
from zenata.wire.address import Address
from zenata.wire.mqtt import Publisher

PAUSE = 0.1  # between two messages of a device [s]
LONG = 25  # messages between two turns of the door
METER, POSTER = "meter", "poster"


@dataclass
class Load:
    """What was sent so far, and what must therefore be there.

    Parameters
    ----------
    http, mqtt, key : str
        URLs that stay the same when the city starts again, and the key of the demo pilot.
    receiver : Receiver
        Of the webhook.
    """

    http: str
    mqtt: str
    key: str
    receiver: Receiver
    world: str = ""
    published: int = 0
    posted: int = 0
    turns: list[tuple[str, str]] = field(default_factory=list)
    exports: Counter[int] = field(default_factory=Counter)
    deleted: set[str] = field(default_factory=set)
    """Exports whose deletion was asked for."""
    stop: threading.Event = field(default_factory=threading.Event)
    parts: list[Future[None]] = field(default_factory=list)

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Ask as the demo pilot, again and again until it is answered in some way that is no failure of ours."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                headers = {"Authorization": f"Bearer {self.key}"}
                answer = httpx.request(
                    method, self.http + path, headers=headers, timeout=30, trust_env=False, **options
                )
                if answer.status_code < 500 and answer.status_code != 429:
                    return answer
                why = f"{answer.status_code}: {answer.text[:300]}"
            except httpx.HTTPError as error:
                why = repr(error)
            assert time.monotonic() < deadline, f"{method} {path}: {why}"
            time.sleep(0.3)

    def prepare(self) -> None:
        """Make the devices, the world and the webhook."""
        for name in (METER, POSTER):
            assert self.ask("POST", "/v1/devices", json={"id": name}).status_code == 201
        made = self.ask("POST", "/v1/worlds", json={"speed": 10, "kinds": ["weather", "air"]})
        self.world = made.json()["world"]
        condition = {"type": "threshold", "property": "door", "above": 0.5, "sensor": METER}
        hook = {"url": self.receiver.url, "world": "p-demo", "condition": condition}
        assert self.ask("POST", "/v1/webhooks", json=hook).status_code == 201

    def begin(self) -> None:
        """Begin to send."""
        threads = ThreadPoolExecutor(3)
        self.parts = [threads.submit(part) for part in (self.publish, self.post, self.export)]
        threads.shutdown(wait=False)

    def end(self) -> None:
        """Stop sending; what failed meanwhile fails here."""
        self.stop.set()
        for part in self.parts:
            part.result()

    def publish(self) -> None:
        """Be a device that publishes over MQTT; its door opens and shuts."""
        parts = urlsplit(self.mqtt)
        address = Address(host=parts.hostname or "", port=parts.port or 0, username="demo", password=self.key)
        with Publisher(address, client_id="meter-of-demo") as publisher:
            publisher.connect(PATIENCE)
            for number in itertools.count(1):
                now, is_open = format_time(time.time_ns() // 1000), number // LONG % 2
                message = {"time": now, "n": number, "door": is_open}
                publisher.publish(topics.device("demo", METER), json.dumps(message).encode())
                self.published = number
                if number % LONG == 0:
                    self.turns.append(("threshold.fired" if is_open else "threshold.cleared", now))
                if self.stop.wait(PAUSE):
                    break
            assert publisher.drain(PATIENCE), "the broker acknowledges what devices say"

    def post(self) -> None:
        """Be a device that posts; what was not answered is sent again as it was."""
        for number in itertools.count(1):
            message = {"time": format_time(time.time_ns() // 1000), "n": number}
            answer = self.ask("POST", f"/v1/telemetry?device={POSTER}", json=message)
            assert answer.status_code == 200, answer.text
            self.posted = number
            if self.stop.wait(PAUSE):
                return

    def export(self) -> None:
        """Make exports and delete them, one after the other."""
        while not self.stop.wait(1.0):
            answer = self.ask("POST", "/v1/exports", json={"world": "p-demo", "format": "csv"})
            self.exports[answer.status_code] += 1
            if answer.status_code == 202:
                made = answer.json()["id"]
                wait_until(lambda made=made: self._is_done(made), "an export is done")

    def _is_done(self, id_: str) -> bool:
        """Return whether an export is made and deleted; that it was may be all that is to be seen, after a kill."""
        found = self.ask("GET", f"/v1/exports/{id_}")
        if found.status_code == 404:
            assert id_ in self.deleted, f"an export is gone: {found.text}"
            return True
        if found.json()["state"] not in {"done", "failed"}:
            return False
        self.deleted.add(id_)
        return self.ask("DELETE", f"/v1/exports/{id_}").status_code == 204

    def check(self, lost: int = 0) -> int:
        """Compare all that was sent with what is there, once nothing more is sent.

        Of what was published `lost` may be missing, as many as the broker is known to have lost; return how many are.
        """
        wait_until(lambda: self.count(METER) >= self.published - lost, f"{self.published} of the meter but {lost}")
        wait_until(lambda: self.count(POSTER) >= self.posted, f"{self.posted} that were posted")
        if lost:
            self._wait_until_still()
        turns = self.turns
        for device, sent, allowed in ((METER, self.published, lost), (POSTER, self.posted, 0)):
            numbers, every = self.numbers(device), set(range(1, sent + 1))
            assert len(numbers) == len(set(numbers)), Counter(numbers).most_common(3)
            assert set(numbers) <= every
            assert len(every - set(numbers)) <= allowed, sorted(every - set(numbers))[:10]
        missing = self.published - self.count(METER)
        if missing:
            turns = self._turns_of_stored()
        dead_letters = self.ask("GET", "/v1/dead-letters").json()["items"]
        assert dead_letters == []
        with suppress(AssertionError):
            wait_until(lambda: len(self.reported()) >= len(turns), "all turns of the door are told")
        assert (problems := differences(self.reported(), turns)) == [], problems
        return missing

    def _wait_until_still(self) -> None:
        """Wait until what the broker still has has come: it sends again after five seconds."""
        before = -1
        while (now := self.count(METER)) > before:
            before = now
            time.sleep(12)

    def _turns_of_stored(self) -> list[tuple[str, str]]:
        """Return the turns of the door by the messages that are there."""
        stored = self._readings(METER, "door")
        return [
            ("threshold.fired" if one["value"] else "threshold.cleared", one["time"])
            for before, one in itertools.pairwise(stored)
            if one["value"] != before["value"]
        ]

    def reported(self) -> list[tuple[str, str]]:
        """Return what the webhook has delivered, each delivery once: a type, and the time of its reading."""
        deliveries = {request.id: request.json for request in self.receiver.requests}
        return [(one["type"], one["data"]["time"]) for one in deliveries.values()]

    def numbers(self, device: str) -> list[int]:
        """Return the numbers of the messages that are stored."""
        return [int(item["value"]) for item in self._readings(device, "n")]

    def _readings(self, device: str, name: str) -> list[dict[str, Any]]:
        """Return what is stored of a device, oldest first."""
        params = {"world": "p-demo", "sensor": device, "property": name, "start": "-1d", "limit": 100_000}
        items: list[dict[str, Any]] = self.ask("GET", "/v1/readings", params=params).json()["items"]
        return sorted(items, key=lambda item: str(item["time"]))

    def count(self, device: str) -> int:
        """Return how many are stored."""
        return len(self.numbers(device))


def differences(reported: list[tuple[str, str]], turns: list[tuple[str, str]]) -> list[str]:
    """Return what is wrong with deliveries: each turn has one, with the time of a reading from it to the turn that follows.

    It has that of the turn itself, unless that reading came later than others behind it.
    """
    deliveries, problems = sorted(reported, key=lambda one: one[1]), []
    for (type_, begin), end in zip(turns, [*(begin for _, begin in turns[1:]), "9"], strict=True):
        mine = [one for one in deliveries if begin <= one[1] < end]
        if [one for one, _ in mine] != [type_]:
            problems.append(f"{type_} from {begin} to {end}: {mine}")
    before = [one for one in deliveries if not turns or one[1] < turns[0][1]]
    return problems + [f"before all turns: {one}" for one in before]


@contextmanager
def loading(http: str, mqtt: str, folder: Path) -> Iterator[Load]:
    """Put load on a city until `Load.end`, and receive what its webhook tells until the end of the block."""
    with receiving() as receiver:
        load = Load(http, mqtt, (folder / "demo.key").read_text().strip(), receiver)
        load.prepare()
        load.begin()
        try:
            yield load
        finally:
            load.stop.set()
