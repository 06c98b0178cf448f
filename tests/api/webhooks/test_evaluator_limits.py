"""Limits of what the webhooks of one pilot take from others."""

from typing import Any
from unittest.mock import Mock

import pytest

from api.webhooks import backlog
from api.webhooks import evaluator as module
from api.webhooks.trackers import Room, SensorTracker
from tests.api.running import START
from tests.api.webhooks.rig import FIRES, Rig
from tests.waiting import wait_until
from zenata.control.audit import WEBHOOK_FULL, WEBHOOK_LATE, Audit


def test_webhooks_of_a_pilot_look_at_so_many_sensors_and_what_is_left_out_is_told(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_REPORT", 0.0)
    monkeypatch.setattr(module, "Room", lambda: Room(3))
    rig.add(name="air")
    rig.add("wh_other", pilot="ben")
    rig.run()
    rig.store_and_publish(("air-1", 0, 99), ("air-2", 0, 99))
    rig.settle()  # that takes the last room
    rig.store_and_publish(*[(f"air-{n}", 1, 99) for n in range(1, 6)])
    wait_until(lambda: len(rig.deliveries("wh_other")) == 3, "another pilot has room of its own")
    audit = Audit(rig.hooks._engine)
    wait_until(lambda: audit.entries(who="demo", what=(WEBHOOK_FULL,)), "it is recorded")
    (entry,) = audit.entries(who="demo", what=(WEBHOOK_FULL,))
    assert (entry.who, entry.target, entry.detail) == ("demo", "wh_1", {"name": "air", "sensors": 3})
    assert {key[1] for key in rig.delivered()} == {"air-1", "air-2"}
    assert "3 sensors are not looked at" in rig.hooks.webhook("demo", "wh_1").reason
    rig.hooks.change("demo", "wh_1", restart=2)
    assert rig.hooks.webhook("demo", "wh_1").reason == ""


def test_what_is_too_much_to_be_read_again_is_told(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_REPORT", 0.0)
    monkeypatch.setattr(backlog, "REPLAY_LIMIT", 3)
    monkeypatch.setattr(backlog, "_PAGE", 3)
    rig.add()
    rig.hooks.mark({"wh_1": (1, START)})
    rig.store_and_publish(*[("air-1", minute, 99 - 99 * (minute % 2)) for minute in range(1, 21)])
    rig.run()
    audit = Audit(rig.hooks._engine)
    wait_until(lambda: audit.entries(what=(WEBHOOK_LATE,)), "it is recorded")
    (entry,) = audit.entries(what=(WEBHOOK_LATE,))
    assert (entry.detail["oldest"], entry.detail["newest"]) == ("2026-01-01T00:04:00Z", "2026-01-01T00:20:00Z")
    assert entry.detail["readings"] >= 16
    assert len(rig.delivered()) < 5


def test_a_pilot_whose_webhooks_have_too_much_to_evaluate_is_late_alone(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Worlds at `max` say more than can be evaluated: others' deliveries are not to wait for that."""
    now, take = [0.0], SensorTracker.take

    def slow(tracker: SensorTracker, *readings: Any) -> Any:
        now[0] += 10.0 * (tracker.hook.pilot == "heavy")
        return take(tracker, *readings)

    rig.add("wh_1", pilot="heavy")
    rig.add("wh_2", pilot="other")
    evaluator = rig.watch()
    evaluator._lead()
    monkeypatch.setattr(SensorTracker, "take", slow)
    monkeypatch.setattr(module, "time", Mock(monotonic=lambda: now[0]))
    for minute in range(40):
        rig.store_and_publish(("air-1", minute, 60 if minute % 2 else 30))
    evaluator._follow()
    assert [len(rig.deliveries(id_)) for id_ in ("wh_1", "wh_2")] == [0, 39]
    for _ in range(40):
        evaluator._follow()
    assert len(rig.deliveries("wh_1")) == 39
    rig.hub.skip()  # what follows is read from the store
    rig.store_and_publish(("air-1", 40, 30))
    evaluator._follow()
    assert len(rig.deliveries("wh_2")) == 40
    for _ in range(5):
        evaluator._follow()
    assert len(rig.deliveries("wh_1")) == 40


def test_a_webhook_made_while_its_pilot_is_behind_delivers_nothing_of_before(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_TURN", 60.0)
    rig.add("wh_1")
    evaluator = rig.watch()
    evaluator._lead()
    with monkeypatch.context() as patch:
        patch.setattr(module, "_TURN", 0.0)
        for minute, value in enumerate((10, 90, 10)):
            rig.store_and_publish(("air-1", minute, value))
        evaluator._follow()
        rig.add("wh_2")
        evaluator._lead()
    for act in (evaluator._follow, evaluator._revise, evaluator._follow, evaluator._write):
        act()
    assert len(rig.delivered("wh_1")) == 2
    assert rig.delivered("wh_2") == []
    rig.store_and_publish(("air-1", 3, 90))
    evaluator._follow()
    assert rig.delivered("wh_2") == [("00:03", "air-1", FIRES)]
