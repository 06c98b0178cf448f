import asyncio
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.live.socket import Loss, Outbox


def describe(subscription: str, loss: Loss) -> str:
    return f"{subscription} lost {loss.count} from {loss.first} to {loss.last}"


def offer(outbox: Outbox, subscription: str, count: int, time: int = 0) -> None:
    outbox.offer(subscription, Loss(count=count, first=time, last=time), lambda: f"{subscription} {count}")


async def drain(outbox: Outbox) -> list[str]:
    taken = []
    try:
        while True:
            async with asyncio.timeout(0.01):
                taken.append(await outbox.take())
    except TimeoutError:
        return taken


def test_what_there_is_no_room_for_is_counted_and_told_before_what_follows() -> None:
    async def run() -> list[str]:
        outbox = Outbox(describe, limit=10)
        offer(outbox, "a", 6)
        offer(outbox, "b", 4)
        offer(outbox, "a", 1, time=7)
        offer(outbox, "a", 3, time=5)
        first = await outbox.take()
        offer(outbox, "a", 2)
        return [first, *await drain(outbox)]

    assert asyncio.run(run()) == ["a 6", "b 4", "a lost 4 from 5 to 7", "a 2"]


def test_a_loss_is_reported_when_nothing_follows() -> None:
    async def run() -> list[str]:
        outbox = Outbox(describe, limit=1)
        offer(outbox, "a", 1)
        offer(outbox, "a", 2)
        return await drain(outbox)

    assert asyncio.run(run()) == ["a 1", "a lost 2 from 0 to 0"]


def test_what_is_forgotten_neither_comes_nor_takes_room() -> None:
    async def run() -> list[str]:
        outbox = Outbox(describe, limit=2)
        for subscription in "aab":
            offer(outbox, subscription, 1)
        outbox.forget("a")
        outbox.forget("b")
        offer(outbox, "c", 2)
        return await drain(outbox)

    assert asyncio.run(run()) == ["c 2"]


def test_who_waits_is_woken() -> None:
    async def run() -> str:
        outbox = Outbox(describe)
        asyncio.get_running_loop().call_later(0.01, offer, outbox, "a", 1)
        async with asyncio.timeout(5):
            return await outbox.take()

    assert asyncio.run(run()) == "a 1"


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 8)) | st.none(), max_size=30), st.integers(1, 12))
def test_every_reading_comes_or_is_reported_as_lost(steps: list, limit: int) -> None:
    async def run() -> list[str]:
        outbox, taken, held = Outbox(describe, limit=limit), [], 0
        for step in steps:
            if step is not None:
                offer(outbox, *step)
                held += 1
            elif held:
                taken.append(await outbox.take())
                held = len(outbox._queue) + len(outbox._lost)
            assert outbox._held <= limit
        return taken + await drain(outbox)

    offered = [step for step in steps if step is not None]
    counts = dict.fromkeys("ab", 0)
    for text in asyncio.run(run()):
        name, *words = text.split()
        counts[name] += int(words[1] if words[0] == "lost" else words[0])
    assert counts == {
        name: sum(count for _, count in group)
        for name, group in itertools.chain(
            [("a", ()), ("b", ())], ((n, [s for s in offered if s[0] == n]) for n in "ab")
        )
    }


@pytest.mark.parametrize("count", [1, 10])
def test_text_is_made_only_if_there_is_room(count: int) -> None:
    made = []
    outbox = Outbox(describe, limit=count)
    for _ in range(3):
        outbox.offer("a", Loss(count=count, first=0, last=0), lambda: made.append(1) or "text")
    assert made == [1]
