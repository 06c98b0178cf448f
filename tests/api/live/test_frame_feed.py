"""Who watches the same property gets the same events, which are made once."""

import asyncio

import numpy as np
import pytest

from api.city.sensor_index import SensorIndex
from api.live import frame_feed
from api.live.frame import Frame, FrameBuilder
from api.live.frame_feed import FrameFeed, Look
from api.live.hub import Hub
from tests.api.running import small_city

BUILDER = FrameBuilder(SensorIndex(small_city()))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frame_feed, "INTERVAL", 0.001)


class Subject:
    """A value that is another at each look."""

    def __init__(self, fails_at: int = 10**9) -> None:
        self.looks, self._fails_at = 0, fails_at

    def look(self) -> Look:
        self.looks += 1
        if self.looks >= self._fails_at:
            raise RuntimeError("the sensors are gone")
        times = np.array([self.looks, 5])
        return Look(Frame(times.astype(float), times), 1_000_000 * self.looks, None, BUILDER)


def test_watchers_share_each_look_and_its_events():
    subject = Subject()

    async def watch(feed: FrameFeed) -> list[bytes]:
        with feed.joined():
            sent = feed.current
            events = [sent.event]
            for _ in range(5):
                await feed.turn()
                events.append(feed.current.changes(sent))
                sent = feed.current
            return events

    async def all_() -> list[list[bytes]]:
        feed = FrameFeed(subject.look)
        return await asyncio.gather(*(watch(feed) for _ in range(20)))

    first, *others = asyncio.run(all_())
    assert len(set(first)) == 6
    assert all(one is other for events in others for one, other in zip(first, events, strict=True))
    assert subject.looks <= 10


def test_who_missed_a_look_gets_what_changed_since_its_own():
    subject = Subject()

    async def slow() -> tuple[bytes, bytes]:
        feed = FrameFeed(subject.look)
        with feed.joined():
            sent = feed.current
            await feed.turn()
            await feed.turn()
            current = feed.current
            own = BUILDER.encode(current.frame, current.time, None, current.frame.changed(sent.frame))
            return current.changes(sent), frame_feed._event("changes", own)

    got, expected = asyncio.run(slow())
    assert got == expected


def test_nobody_looks_while_nobody_watches():
    subject = Subject()

    async def leave() -> int:
        feed = FrameFeed(subject.look)
        for _ in range(2):
            with feed.joined():
                await feed.turn()
        seen = subject.looks
        await asyncio.sleep(0.05)
        return subject.looks - seen

    assert asyncio.run(leave()) == 0


def test_a_look_that_fails_ends_the_watchers():
    async def watch(feed: FrameFeed) -> None:
        with feed.joined():
            while True:
                await feed.turn()

    async def all_() -> list[object]:
        feed = FrameFeed(Subject(fails_at=5).look)
        return await asyncio.gather(*(watch(feed) for _ in range(3)), return_exceptions=True)

    assert [type(one) for one in asyncio.run(all_())] == [RuntimeError] * 3


def test_a_frame_follows_news_and_waits_for_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frame_feed, "INTERVAL", 3600.0)
    monkeypatch.setattr(frame_feed, "SOONEST", 0.001)
    subject, hub = Subject(), Hub()

    async def watch() -> tuple[int, int]:
        feed = FrameFeed(subject.look, hub.listen)
        with feed.joined():
            await asyncio.sleep(0.05)
            quiet = subject.looks
            hub.skip()
            await feed.turn()
            seen = subject.looks
        async with asyncio.timeout(60):
            while hub.listeners:  # who watches no more listens no more
                await asyncio.sleep(0.001)
        return quiet, seen

    assert asyncio.run(watch()) == (1, 2)
