"""How several processes of ingest divide the messages of one broker."""

import re
from dataclasses import dataclass

from zenata.city.model import City
from zenata.errors import SetupError
from zenata.wire import topics
from zenata.wire.mqtt import SHARED

_SHARE = f"{SHARED}ingest/"

SHARED_FILTERS = (_SHARE + topics.TELEMETRY, _SHARE + topics.PACKS, _SHARE + topics.PILOTS, topics.CLOCKS)
"""What every worker subscribes to where the broker divides the messages. All hear all clocks."""


@dataclass(frozen=True, slots=True)
class Worker:
    """One of several processes of ingest, counted from 1."""

    number: int
    of: int

    def __str__(self) -> str:
        return f"{self.number}-of-{self.of}"

    def filters(self, city: City) -> tuple[str, ...]:
        """Return what it subscribes to: the districts of a city in turn, and all clocks; the first has pilots' devices."""
        mine = city.districts[self.number - 1 :: self.of]
        own = (topics.PILOTS,) if self.number == 1 else ()
        return (*(filter_ for district in mine for filter_ in topics.of_district(district.id)), *own, topics.CLOCKS)


def parse_worker(text: str) -> Worker:
    """Read ``2/3``, the second of three.

    Raises
    ------
    SetupError
        If it is no such thing.
    """
    match = re.fullmatch(r"([1-9]\d{0,2})/([1-9]\d{0,2})", text)
    if not match or int(match[1]) > int(match[2]):
        raise SetupError(f"worker {text!r} is not one of several: write 2/3 for the second of three")
    return Worker(int(match[1]), int(match[2]))
