"""Event streams read as the standard says, from an API that a test feeds."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import httpx

from tests.api.running import START, Api, batch_of, private_world, running, series_of, small_city
from tests.waiting import wait_until
from zenata.store import open_store

CITY = small_city()
SERIES = series_of(CITY)
NOISE = {"kind": "noise"}
"""One series: one reading a minute."""
ELSEWHERE = f"{0:016}-0-{START}"
"""An id of a hub that is no more."""


@contextmanager
def serving(folder: Path) -> Iterator[Callable[..., Api]]:
    """Starts the API over an empty store; the pilot has a world `w-1`, and another has `w-2`."""
    private_world(folder, "w-1")
    private_world(folder, "w-2", owner="other")
    with ExitStack() as stack:
        store = stack.enter_context(closing(open_store(f"duckdb:///{folder}/readings.duckdb")))
        yield lambda **options: stack.enter_context(running(city=CITY, store=store, worlds=folder, **options))


@dataclass(frozen=True)
class Event:
    id: str
    name: str
    data: dict

    @property
    def minute(self) -> int:
        return self.data["seq"] - 1


def events(response: httpx.Response, names: tuple[str, ...] = ("reading", "gap")) -> Iterator[Event]:
    """The events of these names, read as the standard says."""
    fields: dict[str, str] = {}
    for line in response.iter_lines():
        if line:
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
        else:
            if fields["event"] in names:
                yield Event(fields["id"], fields["event"], json.loads(fields["data"]))
            fields = {}


def noise(client: httpx.Client, last: str = "") -> AbstractContextManager[httpx.Response]:
    """Open a stream of `NOISE`, behind the last event that was received."""
    headers = {"Last-Event-ID": last} if last else {}
    return client.stream("GET", "/v1/stream", params=NOISE, headers=headers)


def take(response: httpx.Response, count: int) -> list[Event]:
    return list(islice(events(response), count))


def ingest(api: Api, minutes: range, series: list = SERIES) -> None:
    """What ingest does: store, then publish."""
    batch = batch_of(series, minutes)
    api.store.append(batch)
    api.hub.publish(batch)


def listening(api: Api, count: int = 1) -> None:
    """Wait until the server has so many listeners."""
    wait_until(lambda: api.hub.listeners == count, f"{count} listeners", pause=0.005)
