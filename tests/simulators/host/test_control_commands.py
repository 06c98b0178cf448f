"""Commands to a world, and their outcomes."""

from datetime import UTC, datetime

import msgspec
import pytest

from simulators.world.world import TICK
from tests.simulators.host.running import LAMP, TIMEOUT
from zenata.city.clock import format_time
from zenata.contract.commands import CommandResult


class TestCommands:
    def test_a_command_waits_for_its_tick(self, world):
        answer = world("command", orders=[LAMP | {"set": {"dim": 0.25}, "by": "demo"}])[0]
        assert answer["status"] == "pending"
        assert answer["id"]
        world("advance", steps=1, limit=0)
        (entry,) = world.record.journal().since(0)
        assert (entry.order.id, entry.order.by, entry.order.set) == (answer["id"], "demo", {"dim": 0.25})

    def test_it_is_answered_with_the_tick_that_obeyed_it(self, world):
        world("pace", state="running", speed="max")
        (answer,) = world("command", orders=[{**LAMP, "set": {"dim": 0.25}, "id": "a"}], wait=TIMEOUT)
        world("pace", state="paused")
        (entry,) = world.record.journal().since(0)
        assert answer == {
            "id": "a",
            "sensor": LAMP["sensor"],
            "status": "applied",
            "at": format_time(entry.at + TICK),
            "reason": None,
        }
        assert world("outcome", id="a") == answer

    @pytest.mark.parametrize(
        ("setting", "reason"),
        [
            ({"limt": 5}, "unknown setting 'limt': kind streetlight has dim"),
            ({"dim": 2.0}, "dim 2 is out of range: from 0 to 1"),
            ({}, "nothing to set: name one of dim"),
        ],
    )
    def test_q4_a_command_is_checked_at_once_also_in_a_paused_world(self, world, setting, reason):
        why, text = world.refuses("command", orders=[{**LAMP, "set": setting}], wait=15)
        assert why == "invalid"
        assert text.startswith(reason)
        assert not len(world.record.journal())

    def test_q4_one_bad_command_refuses_the_list_and_is_named(self, world):
        good, bad = {**LAMP, "set": {"dim": 0.5}}, {"kind": "air", "sensor": "air-0001", "set": {"x": 1}}
        assert world.refuses("command", orders=[good, bad]) == (
            "invalid",
            "command 2, to air-0001: sensors of kind air take no commands",
        )
        assert not world("advance", steps=1, limit=0)["outcomes"]

    def test_nobody_waits_for_a_world_that_stands_still(self, world):
        (answer,) = world(
            "command", orders=[{**LAMP, "set": {"dim": 0.5}, "id": "a"}], wait=60
        )  # the test would be long
        assert answer["status"] == world("outcome", id="a")["status"] == "pending"
        assert world("outcome", id="b") is None

    def test_an_advance_takes_commands_and_returns_their_outcomes(self, world):
        world("command", orders=[{**LAMP, "set": {"dim": 0.5}, "id": "before"}])
        orders = [{**LAMP, "set": {"dim": 0.25}, "id": "with"}, {**LAMP, "set": {"dim": 0.5}}]
        outcomes = msgspec.convert(world("advance", steps=2, limit=0, orders=orders)["outcomes"], list[CommandResult])
        assert [one.id for one in outcomes[:2]] == ["before", "with"]
        assert outcomes[2].id  # one is made for a command without
        assert {(one.sensor, one.status, one.at) for one in outcomes} == {
            (LAMP["sensor"], "applied", datetime(2026, 1, 5, 17, tzinfo=UTC))
        }
        assert [row["value"] for row in world("advance", steps=1)["items"] if row["property"] == "dim"] != []

    def test_an_outcome_is_for_its_sender(self, world):
        world("advance", steps=1, limit=0, orders=[{**LAMP, "set": {"dim": 0.5}, "id": "a", "by": "demo"}])
        assert world("outcome", id="a", by="demo")["status"] == "applied"
        assert world("outcome", id="a", by="eve") is None
        assert world("outcome", id="a")["status"] == "applied"
