"""A world is advanced as far as was asked, and every reading comes."""

import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from zenata_client import IncompleteError
from zenata_client.calls.worlds import advance
from zenata_client.plan import Pause

START = datetime(2026, 1, 1, tzinfo=UTC)
READING = {"world": "w", "kind": "k", "district": "d", "property": "p", "unit": "u", "value": 1.0, "seq": 1}


class World:
    """Answers the requests of a plan as a paused world would, and stores readings after a few questions."""

    def __init__(self, per_step, *, hidden=(), after=0):
        self.per_step, self.steps, self.requests, self.after = per_step, 0, 0, after
        self.hidden = set(hidden)  # numbers of readings that no answer to `advance` has

    def carry_out(self, plan):
        outcome = None
        while True:
            try:
                step = plan.send(outcome)
            except StopIteration as end:
                return end.value
            outcome = None if isinstance(step, Pause) else self.answer(step)

    def answer(self, send):
        self.requests += 1
        content = self.advance(json.loads(send.body)) if send.method == "POST" else self.look(send)
        return httpx.Response(200, json=content)

    def advance(self, body):
        before, self.steps = self.steps, self.steps + body["steps"]
        rows = self.rows(before, self.steps)
        shown = [row for number, row in rows if number not in self.hidden][: body["limit"]]
        return {
            **self.times(before),
            "steps": body["steps"],
            "rows": len(rows),
            "items": shown,
            "next": None,
            "outcomes": [],
        }

    def look(self, send):
        if send.path.endswith("/w"):
            state = dict.fromkeys(("world", "owner", "parent", "city"), "")
            rest = {"seed": 1, "start": at(0), "time": at(self.steps), "state": "paused", "speed": 1, "pace": 0}
            rest |= {"publish": True, "sealed": False, "blind": False, "zone_rules": ""}
            more = {"kinds": [], "districts": [], "packs": False, "live": False, "events": 0, "messages": 0}
            return {**state, **rest, **more, "backfill": None}
        self.after -= 1
        return {"items": [row for _, row in self.rows(0, self.steps)] if self.after < 0 else [], "next": None}

    def rows(self, begin, end):
        numbers = range(begin * self.per_step, end * self.per_step)
        return [
            (n, {**READING, "time": at(n // self.per_step + 1), "sensor": f"s-{n % self.per_step}"}) for n in numbers
        ]

    def times(self, before):
        return {"from": at(before), "time": at(self.steps)}


def at(steps):
    return (START + timedelta(seconds=10 * steps)).isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize(("per_step", "steps"), [(40, 360), (40, 1), (40, 6), (40, 7), (9_000, 12), (0, 100)])
def test_l4_all_readings_of_a_long_way_come(per_step, steps):
    world = World(per_step)
    moved = world.carry_out(advance("w", steps=steps))
    assert (len(moved.items), moved.rows, moved.steps) == (per_step * steps, per_step * steps, steps)
    assert len({(row.time, row.sensor) for row in moved.items}) == per_step * steps
    assert (moved.from_, moved.time, moved.next) == (START, START + timedelta(seconds=10 * steps), None)


@pytest.mark.parametrize(
    ("until", "steps"),
    [
        (timedelta(hours=1), 360),
        (at(31), 31),
        (START + timedelta(seconds=301), 31),
        (START + timedelta(seconds=299), 30),
        ("+10m", 60),
        ("now+PT1H", 360),
        (int(START.timestamp() * 1000) + 60_000, 6),
    ],
)
def test_a_way_may_be_a_time_or_a_duration(until, steps):
    assert World(2).carry_out(advance("w", end=until)).steps == steps
    assert World(2).carry_out(advance("w", until=until)).steps == steps


def test_the_length_of_a_tick_may_be_text_or_seconds():
    assert World(2).carry_out(advance("w", end=timedelta(minutes=10), every="5m")).steps == 2
    assert World(2).carry_out(advance("w", end="+10m", every=300)).steps == 2


def test_readings_that_an_answer_has_no_room_for_are_queried_until_they_are_stored():
    world = World(40, hidden=range(30, 60), after=3)
    moved = world.carry_out(advance("w", steps=6))
    assert len({(row.time, row.sensor) for row in moved.items}) == 240


def test_readings_that_never_come_are_an_error_and_no_silence():
    with pytest.raises(IncompleteError, match="30 of 240"):
        World(40, hidden=range(30, 60), after=10**6).carry_out(advance("w", steps=6))


def test_a_limit_is_kept_and_the_world_goes_all_the_way():
    moved = World(40).carry_out(advance("w", steps=100, limit=10))
    assert (len(moved.items), moved.rows, moved.steps) == (10, 4000, 100)


@pytest.mark.parametrize("way", [{}, {"steps": 1, "until": at(1)}, {"end": timedelta(seconds=5)}])
def test_a_way_that_is_none_is_refused_before_anything_is_asked(way):
    with pytest.raises(ValueError, match=r"steps|ticks"):
        next(advance("w", **way))
