"""Domains moved on by themselves."""

from collections.abc import Iterator

from simulators.domains.base import Domain
from simulators.world.conditions import TICK, Conditions


def steps(now: Conditions, ticks: int, *domains: Domain, every: int = TICK) -> Iterator[None]:
    """Move on tick by tick, each `every` [us] long, yielding after each."""
    for _ in range(ticks):
        now.move_to(now.time + every)
        for domain in domains:
            domain.step(now)
        yield


def drive(now: Conditions, ticks: int, *domains: Domain, every: int = TICK) -> None:
    """Move on by so many ticks."""
    for _ in steps(now, ticks, *domains, every=every):
        pass
