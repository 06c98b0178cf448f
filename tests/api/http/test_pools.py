"""A share for each, by turns, and who has no key last."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.http.pools import NOBODY, FairPool
from api.http.problems import Problem


def served(pool: FairPool, owners: list[str], first: int = 0) -> list[str]:
    """The order in which requests that all come at once begin; each ends when the next one is looked at."""

    async def run() -> list[str]:
        order: list[str] = []

        async def one(owner: str) -> None:
            async with pool.slot(owner):
                order.append(owner)
                await asyncio.sleep(0.001)

        await asyncio.gather(*(one(owner) for owner in owners))
        return order

    return asyncio.run(run())


def test_one_owner_never_has_more_than_its_share() -> None:
    async def run() -> None:
        pool, running, peak = FairPool(slots=10, share=3, queue=100), 0, 0

        async def one() -> None:
            nonlocal running, peak
            async with pool.slot("ada"):
                running += 1
                peak = max(peak, running)
                await asyncio.sleep(0)
                running -= 1

        await asyncio.gather(*(one() for _ in range(50)))
        assert peak == 3

    asyncio.run(run())


def test_who_waits_comes_in_by_turns_and_without_a_key_last() -> None:
    order = served(FairPool(slots=1, share=1, queue=100), ["ada"] * 5 + [NOBODY] * 2 + ["ben"] * 2)
    assert order[:4] == ["ada", "ada", "ben", "ada"] or order[:4] == ["ada", "ben", "ada", "ben"]
    assert order[-2:] == [NOBODY] * 2
    assert order.index("ben") <= 2


def test_too_many_that_wait_are_refused_and_others_are_not() -> None:
    async def run() -> None:
        pool, gate = FairPool(slots=2, share=1, queue=2), asyncio.Event()

        async def one(owner: str) -> None:
            async with pool.slot(owner):
                await gate.wait()

        tasks = [asyncio.create_task(one("ada")) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(Problem, match="2 requests of yours wait"):
            await one("ada")
        other = asyncio.create_task(one("ben"))
        gate.set()
        await asyncio.gather(other, *tasks)

    asyncio.run(run())


@given(st.lists(st.tuples(st.sampled_from(["ada", "ben", NOBODY]), st.booleans()), max_size=30))
def test_no_place_is_lost_whoever_gives_up(steps: list[tuple[str, bool]]) -> None:
    async def run() -> None:
        pool = FairPool(slots=3, share=2, queue=100)

        async def one(owner: str) -> None:
            async with pool.slot(owner):
                await asyncio.sleep(0)

        tasks = []
        for owner, gives_up in steps:
            tasks.append(asyncio.create_task(one(owner)))
            await asyncio.sleep(0)
            if gives_up:
                tasks[len(tasks) // 2].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert not pool._running
        assert not pool._waiting

    asyncio.run(run())
