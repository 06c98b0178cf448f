"""Evaluation of the conditions of webhooks."""

import json
import time
from typing import Any
from unittest.mock import Mock

import pytest
from sqlalchemy.exc import OperationalError

from api.live.hub import Hub
from api.webhooks import evaluator as module
from api.webhooks.trackers import SensorTracker
from api.webhooks.webhook import Status
from tests.api.webhooks.rig import CLEARS, FIRES, FLOOD, HIGH, SILENT, Rig, restart
from tests.waiting import wait_until
from zenata.city.clock import format_time
from zenata.control.audit import WEBHOOK_LATE, Audit
from zenata.errors import QueryTooFine


def test_a_threshold_is_delivered_when_it_fires_and_clears(rig: Rig) -> None:
    rig.add()
    rig.run()
    for minute, value in enumerate([45, 55, 45, 60, 40, 51]):
        rig.store_and_publish(("air-1", minute, value), ("air-2", minute, 0))
    rig.wait(("00:01", "air-1", FIRES), ("00:04", "air-1", CLEARS), ("00:05", "air-1", FIRES))
    first = rig.deliveries()[0]
    assert json.loads(first.body) == {
        "type": FIRES,
        "timestamp": format_time(first.made),
        "data": {
            "webhook": "wh_1",
            "name": "",
            "world": "zenata",
            "sensor": "air-1",
            "kind": "air",
            "district": "coast",
            "property": "pm25",
            "unit": "ug/m3",
            "value": 55.0,
            "time": "2026-01-01T00:01:00Z",
            "since": "2026-01-01T00:01:00Z",
        },
    }
    assert (first.status, first.due) == (Status.PENDING, first.made)


def test_late_readings_that_are_passed_over_are_recorded(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_REPORT", 0.0)
    rig.add(name="air")
    rig.run()
    audit = Audit(rig.hooks._engine)
    rig.store_and_publish(("air-1", 120, 45))
    rig.settle()
    rig.store_and_publish(("air-1", 1, 90), ("air-1", 2, 45), ("air-1", 3, 91))
    wait_until(lambda: audit.entries(limit=10), "they are recorded")
    (entry,) = audit.entries(limit=10)
    times = {"oldest": "2026-01-01T00:01:00Z", "newest": "2026-01-01T00:03:00Z"}
    assert (entry.who, entry.what, entry.target) == ("demo", WEBHOOK_LATE, "wh_1")
    assert entry.detail == {"name": "air", "readings": 2, **times}
    assert rig.delivered() == []


def test_a_new_webhook_delivers_what_holds_already(rig: Rig) -> None:
    rig.store_and_publish(("air-1", 0, 90), ("air-2", 0, 90), ("air-2", 1, 10))
    rig.run()
    rig.add()
    rig.wait(("00:00", "air-1", FIRES))


def test_only_what_is_meant_is_looked_at(rig: Rig) -> None:
    rig.add(condition=HIGH | {"sensor": ["air-1"], "district": ["coast"]})
    rig.add("wh_2", condition=HIGH | {"kind": ["noise"]})
    rig.add("wh_3", world="w-1")
    rig.run()
    rig.store_and_publish(("air-1", 0, 90), ("air-2", 0, 90))
    rig.settle()
    assert rig.delivered() == [("00:00", "air-1", FIRES)]
    assert rig.delivered("wh_2") == rig.delivered("wh_3") == []


def test_what_comes_again_after_a_restart_is_delivered_once(rig: Rig) -> None:
    rig.add()
    with rig.watch():
        rig.store_and_publish(("air-1", 0, 90), ("air-1", 1, 10), ("air-2", 1, 90))
        rig.wait(("00:00", "air-1", FIRES), ("00:01", "air-1", CLEARS), ("00:01", "air-2", FIRES))
    restart(rig)
    rig.run()
    rig.store_and_publish(("air-1", 0, 90), ("air-1", 1, 10), ("air-2", 1, 90))
    rig.store_and_publish(("air-2", 2, 95))
    rig.settle()
    assert len(rig.delivered()) == 3
    rig.store_and_publish(("air-2", 3, 1))
    rig.wait(
        ("00:00", "air-1", FIRES), ("00:01", "air-1", CLEARS), ("00:01", "air-2", FIRES), ("00:03", "air-2", CLEARS)
    )


def test_what_was_stored_while_nobody_looked_is_found(rig: Rig) -> None:
    rig.add()
    with rig.watch():
        rig.store_and_publish(("air-1", 0, 10))
        rig.settle()
    rig.store.append(rig.batch(("air-1", 10, 90), ("air-1", 20, 10), ("air-2", 21, 90)))
    restart(rig)
    rig.run()
    rig.wait(("00:10", "air-1", FIRES), ("00:20", "air-1", CLEARS), ("00:21", "air-2", FIRES))


LATE = [("00:10", "air-1", FIRES), ("00:11", "air-1", CLEARS), ("00:20", "air-1", FIRES)]


def test_late_readings_are_delivered_in_the_order_of_their_times(rig: Rig) -> None:
    rig.add()
    rig.run()
    rig.store_and_publish(("air-1", 9, 10), ("air-1", 12, 10))
    rig.store_and_publish(("air-1", 20, 90), ("air-1", 23, 90))
    rig.wait(LATE[2])
    rig.store_and_publish(("air-1", 10, 90), ("air-1", 11, 10), ("air-1", 22, 90))
    rig.wait(*LATE)
    rig.store_and_publish(("air-1", 21, 10))
    rig.wait(*LATE, ("00:21", "air-1", CLEARS), ("00:22", "air-1", FIRES))
    rig.store_and_publish(("air-1", 10, 90), ("air-1", 20, 90), ("air-1", 21, 10), ("air-1", 24, 10))
    rig.wait(*LATE, ("00:21", "air-1", CLEARS), ("00:22", "air-1", FIRES), ("00:24", "air-1", CLEARS))
    made = [one.made for one in rig.deliveries()]
    assert len(set(made)) == len(made)


def test_late_readings_that_the_store_cannot_show_are_passed_over(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.add()
    rig.run()
    rig.store_and_publish(("air-1", 20, 90))
    rig.wait(LATE[2])
    query = Mock(side_effect=QueryTooFine("rolled up"))
    with monkeypatch.context() as patch:
        patch.setattr(rig.store, "query", query)
        rig.store_and_publish(("air-1", 10, 90), ("air-1", 11, 10))
        wait_until(lambda: query.called, "it is asked for")
    rig.store_and_publish(("air-1", 21, 10))
    rig.wait(LATE[2], ("00:21", "air-1", CLEARS))
    assert query.call_count == 1


def test_late_readings_that_were_stored_before_a_kill_are_delivered_after_it(rig: Rig) -> None:
    rig.add()
    with rig.watch():
        rig.store_and_publish(("air-1", 9, 10), ("air-1", 20, 90), ("air-1", 50, 90))
        rig.wait(LATE[2])
        rig.settle()
    rig.store.append(rig.batch(("air-1", 10, 90), ("air-1", 11, 10)))
    restart(rig)
    rig.run()
    rig.wait(*LATE)


def test_a_kill_before_anything_was_noted_loses_nothing(rig: Rig, monkeypatch) -> None:
    monkeypatch.setattr(module, "_MARK", 3600.0)
    rig.add()
    with rig.watch():
        rig.settle()
        monkeypatch.setattr(rig.hooks, "record", lambda *_: 0)
        rig.store_and_publish(("air-1", 0, 90), ("air-1", 1, 10))
        time.sleep(0.5)
    monkeypatch.undo()
    assert rig.delivered() == []
    restart(rig)
    rig.run()
    rig.wait(("00:00", "air-1", FIRES), ("00:01", "air-1", CLEARS))


def test_a_duration_goes_on_over_a_restart(rig: Rig) -> None:
    rig.add(condition=HIGH | {"duration": "10m"})
    with rig.watch():
        rig.store_and_publish(("air-1", 0, 90), ("air-1", 6, 90))
        rig.settle()
    restart(rig)
    rig.run()
    rig.store_and_publish(("air-1", 9, 90))
    rig.settle()
    assert rig.delivered() == []
    rig.store_and_publish(("air-1", 11, 90))
    rig.wait(("00:00", "air-1", FIRES))


def test_a_ring_that_has_gone_on_is_bridged_from_the_store(rig: Rig) -> None:
    rig.hub = Hub(capacity=1)
    rig.add()
    rig.run()
    rig.settle()
    for minute, value in enumerate([90, 10, 90, 10] * 10):
        rig.store_and_publish(("air-1", minute, value))
    rig.wait(*[(f"00:{minute:02}", "air-1", FIRES if minute % 2 == 0 else CLEARS) for minute in range(40)])


def test_a_condition_that_fails_stops_no_other(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    take, look, broken = SensorTracker.take, SensorTracker.look, [True, True]

    def failing(act: Any, number: int) -> Any:
        def act_or_fail(tracker: SensorTracker, *args: Any) -> Any:
            if tracker.hook.id == "wh_0" and broken[number]:
                raise ValueError(number)
            return act(tracker, *args)

        return act_or_fail

    monkeypatch.setattr(module, "_RIGHTS", 0.0)
    rig.add("wh_0", condition=SILENT)
    rig.add(condition=SILENT)
    rig.run()
    rig.store_and_publish(("air-1", 0, 1), ("air-2", 9, 1))
    rig.settle()
    monkeypatch.setattr(SensorTracker, "take", failing(take, 0))
    monkeypatch.setattr(SensorTracker, "look", failing(look, 1))
    rig.store_and_publish(("air-2", 11, 1))
    fired = [("00:10", "air-1", "silence.fired")]
    rig.wait(*fired)
    assert rig.delivered("wh_0") == []
    broken[:] = [False, False]
    rig.wait(*fired, id_="wh_0")


def test_an_event_is_delivered_once_when_it_starts_and_once_when_it_has_ended(rig: Rig) -> None:
    rig.add(condition={"type": "event", "event": ["flood"]})
    rig.add("wh_2", world="w-1", condition={"type": "event", "event": []})
    with rig.watch() as watch:
        for event in (FLOOD, FLOOD, FLOOD | {"id": "e2", "type": "festival"}, {"id": "e3"}, FLOOD | {"end": "soon"}):
            watch.announce("zenata", json.dumps(event).encode())
        (fired,) = rig.deliveries()
        assert fired.type == "event.started"
        about = {"webhook": "wh_1", "name": "", "world": "zenata", "event": FLOOD}
        assert json.loads(fired.body)["data"] == about
        rig.store_and_publish(("air-1", 119, 0))
        rig.settle()
        assert len(rig.deliveries()) == 1
    restart(rig)
    watch = rig.run()
    watch.announce("zenata", json.dumps(FLOOD).encode())
    rig.store_and_publish(("air-1", 120, 0))
    rig.settle()
    watch.announce("zenata", json.dumps(FLOOD).encode())
    rig.settle()
    assert [one.type for one in rig.deliveries()] == ["event.started", "event.ended"]
    assert json.loads(rig.deliveries()[1].body)["data"] == about
    assert rig.deliveries("wh_2") == []


def test_an_event_that_cannot_be_noted_is_to_be_announced_again(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.add(condition={"type": "event", "event": []})
    watch = rig.watch()
    failing = Mock(side_effect=OperationalError("", {}, Exception()))
    with monkeypatch.context() as patch:
        patch.setattr(rig.hooks, "record", failing)
        for _ in range(2):
            with pytest.raises(OperationalError):
                watch.announce("zenata", json.dumps(FLOOD).encode())
    watch.announce("zenata", json.dumps(FLOOD).encode())
    assert [one.type for one in rig.deliveries()] == ["event.started"]


def test_who_may_not_look_receives_nothing_until_it_may_again(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_RIGHTS", 0.0)
    rig.add(condition={"type": "event", "event": []})
    rig.add("wh_2")
    rig.allowed = False
    watch = rig.run()
    rig.store_and_publish(("air-1", 0, 90))
    watch.announce("zenata", json.dumps(FLOOD).encode())
    time.sleep(0.5)
    assert rig.delivered() == rig.delivered("wh_2") == []
    rig.allowed = True
    rig.wait(("00:00", "air-1", FIRES), id_="wh_2")
    assert rig.delivered() == []


def test_a_webhook_that_is_switched_off_changed_or_removed_is_left(rig: Rig) -> None:
    rig.add()
    rig.run()
    rig.store_and_publish(("air-1", 0, 45))
    rig.settle()
    rig.hooks.change("demo", "wh_1", restart=2, condition=HIGH | {"above": 44.0, "clear": 44.0})
    rig.wait(("00:00", "air-1", FIRES))
    rig.hooks.change("demo", "wh_1", enabled=False)
    rig.settle()
    rig.store_and_publish(("air-2", 1, 99))
    rig.settle()
    assert len(rig.delivered()) == 1
    assert rig.deliveries()[0].status is Status.DROPPED
    rig.hooks.remove("demo", "wh_1")
    rig.settle()
    assert rig.delivered() == []


def test_a_database_that_is_away_loses_nothing(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.add()
    rig.run()
    rig.settle()
    record, calls = rig.hooks.record, []

    def failing(*args: Any) -> int:
        calls.append(args)
        if len(calls) < 4:
            raise OperationalError("", {}, Exception())
        return record(*args)

    monkeypatch.setattr(rig.hooks, "record", failing)
    rig.store_and_publish(("air-1", 0, 90))
    rig.wait(("00:00", "air-1", FIRES))
    assert len(calls) >= 4


def test_one_of_two_evaluates_and_the_other_goes_on_when_it_no_longer_does(rig: Rig) -> None:
    rig.add()
    rig.add("wh_2", condition={"type": "event", "event": []})
    leader = ["a"]
    rig.run(leads=lambda: leader[0] == "a")
    other = rig.run(leads=lambda: leader[0] == "b")
    rig.store_and_publish(("air-1", 0, 90))
    rig.wait(("00:00", "air-1", FIRES))
    assert not other._sensors, "who does not lead looks at nothing"
    leader[0] = ""  # it has died
    rig.store_and_publish(("air-1", 1, 10), ("air-2", 1, 90))
    leader[0] = "b"
    rig.wait(("00:00", "air-1", FIRES), ("00:01", "air-1", CLEARS), ("00:01", "air-2", FIRES))
    other.announce("zenata", json.dumps(FLOOD).encode())
    assert [one.type for one in rig.hooks.deliveries("wh_2")] == ["event.started"]


def test_what_was_stored_elsewhere_is_taken_up_from_the_store(rig: Rig) -> None:
    rig.add()
    rig.run()
    rig.store_and_publish(("air-1", 0, 10))
    rig.settle()
    rig.store.append(rig.batch(("air-1", 1, 90)))  # by a server that died before it could say so
    rig.hub.skip()
    rig.wait(("00:01", "air-1", FIRES))


def test_a_webhook_that_is_removed_while_it_reads_what_it_has_missed_is_left(rig: Rig) -> None:
    rig.add()
    evaluator = rig.watch()
    evaluator._lead()
    rig.store_and_publish(("air-1", 0, 60))
    evaluator._follow()
    rig.hub.skip()
    rig.hub.publish(rig.batch(("air-1", 1, 60)))
    turn = evaluator._turns["demo"]
    turn.next = rig.hub.first - 1
    turn.behind.append((evaluator._sensors["wh_1"], iter(())))
    del evaluator._sensors["wh_1"]
    evaluator._take_turn(turn, [])
    assert not turn.behind
