"""Clocks of worlds as ingest knows them: they tell readings from the future."""

import math
from collections.abc import Iterable

import msgspec

from zenata.city.clock import EARLIEST, LATEST, SECOND, format_time, parse_time
from zenata.city.model import PRIVATE
from zenata.store.ledger import Ledger
from zenata.wire import topics
from zenata.wire.bulletins import Clock
from zenata.wire.mqtt import Message

LEAD = 600.0
"""How far readings may be ahead of a world's clock [s of the wall]: the two come by different topics."""

LEAP = 86_400 * SECOND
"""How far they may be ahead where the clock goes by leaps [us]."""


class Clocks:
    """The newest time of each world, from its clock messages and its readings.

    Attributes
    ----------
    published : dict of str to int
        How many messages each world says that it has published.
    """

    def __init__(self) -> None:
        self.published: dict[str, int] = {}
        self._newest: dict[str, int] = {}  # by clock or reading [us]
        self._lead: dict[str, int] = {}  # [us]

    def update(self, world: str, payload: bytes) -> None:
        """Take a clock message; one that cannot be read is ignored."""
        try:
            clock = msgspec.json.decode(payload, type=Clock)
            time = parse_time(clock.time)
        except (msgspec.DecodeError, ValueError):
            return
        self.published[world] = clock.messages
        self._newest[world] = max(time, self._newest.get(world, time))
        leaps = clock.state != "running" or clock.speed == "max"
        self._lead[world] = LEAP if leaps else int(LEAD * max(float(clock.speed), 1.0)) * SECOND

    def take(self, messages: Iterable[Message], ledger: Ledger) -> tuple[list[Message], set[str]]:
        """Take the clocks out of messages, and announce to a ledger what they say is published.

        Returns
        -------
        list of Message
            The others.
        set of str
            Private worlds that are no more: who deletes one takes its clock away.
        """
        others, gone, heard = [], set(), set()
        for message in messages:
            if not topics.is_clock(message.topic):
                others.append(message)
                continue
            world = topics.world_of(message.topic)
            self.update(world, message.payload)
            heard.add(world)
            if world.startswith(PRIVATE) and not message.payload:
                self.forget(world)
                gone.add(world)
        for world in heard & self.published.keys():  # of the others somebody may know more by now
            ledger.announce(world, self.published[world])
        return others, gone

    def forget(self, world: str) -> None:
        """Drop all that is known of a world."""
        for of_world in (self.published, self._newest, self._lead):
            of_world.pop(world, None)

    def refusal(self, world: str, first: int, last: int) -> str | None:
        """Return why a message cannot be observed from `first` to `last` [us since the Unix epoch], or None if it can.

        One that can is as good as a word of the clock.
        """
        if first < EARLIEST or last >= LATEST:
            return f"observed at {_say(first if first < EARLIEST else last)}, which is no time of a city"
        newest = self._newest.get(world, math.inf)
        if last <= newest:
            return None
        if last > newest + self._lead.get(world, 0):
            return f"observed at {format_time(last)}, while it is {format_time(int(newest))} in {world}"
        self._newest[world] = last
        return None


def _say(time: int) -> str:
    try:
        return format_time(time)
    except (ValueError, OverflowError):
        return f"{time / 1e6:.0f} s since 1970"
