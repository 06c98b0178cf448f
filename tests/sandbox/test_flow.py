"""Whether the messages of a world are stored, as its simulator and the ledger tell."""

from collections.abc import Callable
from types import SimpleNamespace

import msgspec
import numpy as np

from sandbox import flow as flow_module
from sandbox.flow import Flow, FlowMonitor, _Status
from zenata.store.ledger import Entries, Ledger
from zenata.worlds.folders import WorldFolders

RATE = 200  # messages a second, published every ten seconds


def status(second: float, messages: int, **options) -> _Status:
    time = f"2026-01-01T00:{int(second) // 60:02}:{int(second) % 60:02}Z"
    return _Status(time=time, state=options.pop("state", "running"), messages=messages, **options)


def first_problem(
    in_flight, seconds: int = 60, messages=lambda second: RATE * (second // 10 * 10)
) -> tuple[int, str] | None:
    flow = Flow("zenata")
    for second in range(seconds):
        flow.answered(status(second, messages(second)), in_flight(second), float(second))
        if problem := flow.problem(float(second)):
            return second, problem
    return None


def test_a_city_whose_messages_are_stored_is_well() -> None:
    assert first_problem(lambda _: 100) is None


def test_messages_that_stop_being_stored_are_reported_within_15_s() -> None:
    for stop in range(20, 30):
        at_stop = RATE * (stop // 10 * 10)
        second, problem = first_problem(lambda second, at=at_stop: max(RATE * (second // 10 * 10) - at, 0))
        assert second - stop <= 15
        assert "are published and not stored" in problem


def test_a_stop_that_was_there_before_we_looked_is_reported_too() -> None:
    second, _ = first_problem(lambda second: 10_000 + RATE * (second // 10 * 10))
    assert second <= 15


def test_slow_storing_is_reported() -> None:
    assert first_problem(lambda second: RATE * (second // 10 * 10) * 9 // 10) is not None


def test_messages_lost_before_we_looked_are_no_problem() -> None:
    assert first_problem(lambda _: 57_624) is None


def test_a_burst_that_is_stored_behind_is_no_problem_while_it_is_young() -> None:
    assert first_problem(lambda second: 50_000 if second < 4 else 0, messages=lambda _: 50_000) is None


def test_a_city_whose_time_stands_is_reported_and_a_paused_one_is_not() -> None:
    for state, named in (("running", True), ("paused", False)):
        flow = Flow("zenata")
        flow.answered(status(0, 10, state=state), 0, 0.0)
        for second in range(1, 20):
            flow.answered(status(5, 10, state=state), 0, float(second))
        assert ("stands at 2026-01-01T00:00:05Z" in flow.problem(19.0)) is named


def test_a_slow_world_has_time_for_its_tick() -> None:
    flow = Flow("zenata")
    for second in range(300):
        flow.answered(status(second // 100 * 10, second, speed=0.1), 0, float(second))
        assert flow.problem(float(second)) == ""


def test_a_simulator_that_does_not_answer_is_reported() -> None:
    flow = Flow("zenata")
    assert flow.problem(100.0) == ""
    flow.answered(status(0, 1), 0, 100.0)
    assert "has not answered for 10 s" in flow.problem(110.0)


def test_what_a_lost_session_held_is_no_stop_and_what_stops_later_is() -> None:
    flow = Flow("zenata")
    lost = 5000
    for second in range(60):
        flow.answered(status(second, RATE * second), 0 if second < 20 else lost, float(second))
        if second == 21:
            flow.forget_outstanding()
        if second > 21:
            assert flow.problem(float(second)) == ""
    for second in range(60, 75):
        flow.answered(status(second, RATE * second), lost + RATE * (second - 59), float(second))
    assert "are published and not stored" in flow.problem(74.0)


def test_a_city_that_stands_while_it_catches_up_is_reported() -> None:
    """Its publisher waits for the broker: it never comes to where it was killed, and counts nothing new."""
    flow = Flow("zenata")
    for second in range(5):
        flow.moved(status(10 * second, 100, state="catching-up"), float(second))
        assert flow.problem(float(second)) == ""
    for second in range(5, 20):
        flow.moved(status(40, 100, state="catching-up"), float(second))
    assert "the time of zenata stands" in flow.problem(19.0)
    flow.answered(status(50, 100), 0, 20.0)
    assert flow.problem(20.0) == ""


def test_a_world_at_max_that_stands_is_reported_however_far_it_went_before() -> None:
    flow = Flow("w-1")
    for second in range(5):
        flow.answered(status(600 * second, 1, speed="max"), 0, float(second))
        assert flow.problem(float(second)) == ""
    flow.answered(status(2400, 1, speed="max"), 0, 15.0)
    assert "the time of w-1 stands" in flow.problem(15.0)


def test_a_city_that_is_being_started_is_ready_once_it_answers_and_has_readings() -> None:
    """What `/readyz` says lets the next call of a user work: of worlds, and of the latest readings."""
    running: list[str] = []
    answer = msgspec.json.encode({"time": "2026-01-01T00:00:10Z", "state": "running", "messages": 3})
    index = SimpleNamespace(names=list, running=lambda: running, ask_raw=lambda *_, **__: answer)
    ledger = Ledger()

    def monitor(**options: bool) -> Callable[[], list[str]]:
        one = FlowMonitor(index, "zenata", lambda: ledger, **options)

        def problems() -> list[str]:
            one.compare()
            return one.shared_problems()

        return problems

    starting, alone = monitor(awaited=True), monitor()
    assert (starting(), alone()) == (["the simulators do not answer yet"], [])
    running.append("w-1")
    assert starting() == ["the simulators do not answer yet"], "a private world is not the city"
    running.append("zenata")
    assert starting() == ["no reading of zenata has come yet"]
    stored = np.array([0], dtype=np.uint8)
    ledger.enter(Entries(np.array([ledger.number("zenata", "air-0001")], dtype=np.int32), np.array([1]), stored))
    assert starting() == []
    assert alone() == []


def test_nothing_of_a_world_that_publishes_no_readings_is_awaited(monkeypatch) -> None:
    """Steps of a trial over HTTP carry its readings: each had raised the alert that they are not stored."""
    seconds = iter(range(100))
    monkeypatch.setattr(flow_module.time, "monotonic", lambda: float(next(seconds)))
    counts = iter(range(0, 100_000, 500))
    publish = [False]

    def answer(*_: object, **__: object) -> bytes:
        return msgspec.json.encode(
            {"time": "2026-01-01T00:00:10Z", "state": "paused", "messages": next(counts), "publish": publish[0]}
        )

    ledger = Ledger()
    index = SimpleNamespace(names=list, running=lambda: ["w-1"], ask_raw=answer)
    one = FlowMonitor(index, "zenata", lambda: ledger)
    for _ in range(20):
        one.compare()
        assert one.problems == {}
    assert ledger.balance("w-1").in_flight == 0
    publish[0] = True
    one.compare()
    assert one.problems == {}, "what was not published before is not awaited"
    for _ in range(10):
        one.compare()
    assert "published and not stored" in one.problems["w-1"]


def test_a_private_world_that_does_not_run_as_it_should_is_reported(monkeypatch, tmp_path) -> None:
    """Its process ends and takes away where it answered: nobody was told, and one that had failed was deleted in the end."""
    now = [100.0]
    monkeypatch.setattr(flow_module.time, "monotonic", lambda: now[0])
    for name in ("w-away", "w-asleep", "w-failed"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "world.json").write_text("{}")
    index = WorldFolders(tmp_path)
    index.mark("w-asleep", "asleep")
    index.mark("w-failed", "failed", "w-failed ended with exit code 1 and is given up on:\n  a line of its log")
    failed = {"w-failed": "w-failed has failed: w-failed ended with exit code 1 and is given up on"}
    one = FlowMonitor(index, "zenata", Ledger)
    one.compare()
    assert one.problems == failed
    now[0] += 30
    one.compare()
    assert one.problems == failed, "one that begins has more time than one that has answered"
    now[0] += 31
    one.compare()
    assert one.problems == failed | {"w-away": "the simulator of w-away has not answered for 61 s"}
    index.mark("w-away", "asleep")
    index.wake("w-failed")
    one.compare()
    assert one.problems == {}
