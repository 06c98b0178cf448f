"""Webhooks that are told of sensors which fall silent."""

from dataclasses import replace

import numpy as np
import pytest

from api.webhooks import evaluator as module
from api.webhooks.evaluator import ConditionEvaluator
from tests.api.webhooks.rig import SILENT, Rig, restart
from tests.waiting import wait_until
from zenata.city.clock import SECOND, WallClock


def test_silence_is_by_the_clock_of_the_world(rig: Rig) -> None:
    rig.add(condition=SILENT)
    rig.run()
    rig.store_and_publish(("air-1", 0, 1), ("air-2", 0, 1), ("air-3", 0, 1))
    rig.store_and_publish(("air-2", 5, 1), ("air-3", 9, 1))
    rig.settle()
    assert rig.delivered() == []
    rig.store_and_publish(("air-3", 11, 1))
    fired, cleared = "silence.fired", "silence.cleared"
    rig.wait(("00:10", "air-1", fired))
    rig.store_and_publish(("air-1", 12, 1))
    rig.wait(("00:10", "air-1", fired), ("00:12", "air-1", cleared))
    rig.store_and_publish(("air-3", 16, 1))
    rig.wait(("00:10", "air-1", fired), ("00:12", "air-1", cleared), ("00:15", "air-2", fired))


def test_silence_is_delivered_once_over_a_restart(rig: Rig) -> None:
    rig.add(condition=SILENT)
    with rig.watch():
        rig.store_and_publish(("air-1", 0, 1), ("air-2", 9, 1), ("air-3", 12, 1))
        rig.wait(("00:10", "air-1", "silence.fired"))
    restart(rig)
    rig.run()
    rig.store_and_publish(("air-3", 13, 1))
    rig.settle()
    assert len(rig.delivered()) == 1
    rig.store_and_publish(("air-1", 14, 1))
    rig.wait(("00:10", "air-1", "silence.fired"), ("00:14", "air-1", "silence.cleared"))


def test_a_sensor_that_never_spoke_is_silent_too(rig: Rig) -> None:
    rig.add(condition=SILENT)
    with rig.watch():
        rig.store_and_publish(("air-2", 30, 1))
        rig.settle()
        assert rig.delivered() == []
        rig.store_and_publish(("air-2", 36, 1))
        rig.settle()
    restart(rig)
    rig.run()
    rig.store_and_publish(("air-2", 40, 1))
    rig.wait(("00:40", "air-1", "silence.fired"))


@pytest.mark.parametrize("sensors", [[], ["air-1", "air-2"]])
def test_a_series_that_is_known_before_anything_of_it_is_stored_is_not_silent(rig: Rig, sensors: list) -> None:
    rig.add(condition=SILENT | {"sensor": sensors})
    rig.run()
    rig.batch(("air-2", 0, 1))  # refused, or on its way: the catalog knows it, and no more
    fired, cleared = "silence.fired", "silence.cleared"
    rig.store_and_publish(("air-1", 0, 1), ("air-3", 9, 1))
    rig.settle()
    rig.store_and_publish(("air-3", 10, 1))
    rig.wait(("00:10", "air-1", fired))
    rig.store_and_publish(("air-1", 19, 1))
    late = [("00:19", "air-2", fired)] if sensors else []  # it was expected since the first look
    rig.wait(("00:10", "air-1", fired), ("00:19", "air-1", cleared), *late)


def test_nobody_is_silent_whose_readings_wait_for_the_turn_of_the_pilot(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_TURN", 60.0)
    rig.add(condition=SILENT)
    evaluator = rig.watch()
    evaluator._lead()
    with monkeypatch.context() as patch:
        patch.setattr(module, "_TURN", 0.0)
        for minute in range(0, 30, 5):
            rig.store_and_publish(("air-1", minute, 1), ("air-2", minute, 1))
            look(evaluator)
    look(evaluator)
    assert rig.delivered() == []
    rig.hub.skip()  # what follows is read from the store
    with monkeypatch.context() as patch:
        patch.setattr(ConditionEvaluator, "_take_page", lambda *_: None)
        patch.setattr(module, "_TURN", 0.01)
        rig.store_and_publish(("air-1", 45, 1), ("air-2", 45, 1))
        look(evaluator)
    assert rig.delivered() == []
    look(evaluator)
    assert rig.delivered() == []
    rig.store_and_publish(("air-3", 55, 1))
    look(evaluator)
    assert rig.delivered() == [("00:55", "air-1", "silence.fired"), ("00:55", "air-2", "silence.fired")]


def test_what_comes_while_the_rest_is_taken_in_makes_nobody_silent(rig: Rig) -> None:
    rig.add(condition=SILENT)
    evaluator = rig.watch()
    evaluator._lead()
    rig.store_and_publish(("air-1", 0, 1), ("air-2", 0, 1))
    evaluator._follow()
    rig.store_and_publish(("air-1", 11, 1), ("air-2", 11, 1))
    evaluator._look()
    evaluator._write()
    assert rig.delivered() == []


def look(evaluator: ConditionEvaluator) -> None:
    """Do what the evaluator does in a round."""
    for act in (evaluator._follow, evaluator._look, evaluator._write):
        act()


def test_a_device_s_silence_is_by_the_time_of_day(rig: Rig) -> None:
    now = WallClock().now()
    batch = rig.batch(("esp", 0, 1), world="p-demo")
    rig.store.append(replace(batch, time=np.array([now - 3 * SECOND])))
    rig.add(world="p-demo", condition=SILENT | {"sensor": [], "after": "4s"})
    rig.run()
    wait_until(rig.delivered, "the silence is delivered", pause=0.05)
    (only,) = rig.deliveries()
    assert only.type == "silence.fired"
    assert only.made >= now + SECOND


def test_devices_have_some_grace_after_a_start(rig: Rig) -> None:
    rig.store.append(rig.batch(("esp", 0, 1), world="p-demo"))
    rig.add(world="p-demo", condition=SILENT | {"sensor": [], "after": "4s"})
    rig.run(grace=3600.0)
    rig.settle()
    assert rig.delivered() == []
