"""Readiness is found out once for all who ask within a second."""

import asyncio

import pytest

from api.http import readiness
from api.http.readiness import Readiness
from zenata.errors import StoreError


def test_many_who_ask_at_once_look_once():
    looks: list[int] = []

    async def ask() -> list[list[str]]:
        one = Readiness(lambda: looks.append(1) or ["ingest"], lambda: None)
        return await asyncio.gather(*(one.reasons() for _ in range(100)))

    assert asyncio.run(ask()) == [["ingest"]] * 100
    assert len(looks) == 1


def test_an_old_answer_is_found_out_anew(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(readiness, "FRESH", 0.0)
    monkeypatch.setattr(readiness, "NOT_READY_FRESH", 0.0)
    reasons = [["starting"], [], RuntimeError("wrong"), []]

    def ready() -> list[str]:
        found = reasons.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    async def ask() -> list[object]:
        one = Readiness(ready, lambda: None)
        found: list[object] = []
        for _ in range(4):
            found += await asyncio.gather(one.reasons(), return_exceptions=True)
        return found

    first, second, third, fourth = asyncio.run(ask())
    assert (first, second, fourth) == (["starting"], [], [])
    assert isinstance(third, RuntimeError)


def test_a_store_that_cannot_be_read_is_a_reason():
    def check() -> None:
        raise StoreError("/secret")

    async def ask() -> list[str]:
        return await Readiness(list, check).reasons()

    assert asyncio.run(ask()) == ["the store cannot be read"]
