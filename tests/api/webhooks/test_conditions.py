from unittest.mock import patch

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.webhooks import edges as module
from api.webhooks.conditions import Levels, Silences, Threshold
from api.webhooks.edges import MAX_EDGES, MAX_LATENESS
from api.webhooks.webhook import NEVER, Phase, State
from zenata.city.clock import SECOND

VALUES = st.floats(-10, 10) | st.just(float("nan"))
READINGS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 50), VALUES), max_size=60)
THRESHOLDS = st.builds(
    lambda level, width, rising, duration: Threshold(
        level=level, clear=level - width if rising else level + width, rising=rising, duration=duration
    ),
    st.floats(-5, 5),
    st.floats(0, 4),
    st.booleans(),
    st.integers(0, 8),
)


def levels(threshold: Threshold, *states: State) -> Levels:
    made = Levels(threshold)
    made.grow(states or [State()] * 4)
    return made


def take(made: Levels, readings: list) -> list:
    index, time, value = zip(*readings, strict=True) if readings else ((), (), ())
    return made.take(np.array(index, dtype=np.int64), np.array(time, dtype=np.int64), np.array(value, dtype=float))


def changes_of(changes: list) -> list:
    return [(c.index, c.state.phase.name, c.state.time) for c in changes if c.notify]


def one(threshold: Threshold, *values: float) -> list:
    """What one series tells that has these values, one after the other."""
    return [
        (phase, time)
        for _, phase, time in changes_of(take(levels(threshold), [(0, t, v) for t, v in enumerate(values)]))
    ]


@pytest.mark.parametrize(
    ("threshold", "values", "expected"),
    [
        (Threshold(level=5, clear=5), [4, 5, 6, 7, 5, 6], [("FIRING", 2), ("CLEAR", 4), ("FIRING", 5)]),
        (Threshold(level=5, clear=3), [6, 4, 6, 4, 3, 4, 6], [("FIRING", 0), ("CLEAR", 4), ("FIRING", 6)]),
        (Threshold(level=5, clear=7, rising=False), [6, 4, 6, 4, 7, 6], [("FIRING", 1), ("CLEAR", 4)]),
        (Threshold(level=5, clear=5, duration=2), [6, 6, 4, 6, 6, 6, 1], [("FIRING", 5), ("CLEAR", 6)]),
        (Threshold(level=5, clear=1, duration=2), [6, 4, 6, 6, 6, 4], [("FIRING", 4)]),
        (Threshold(level=5, clear=5), [float("nan"), 6, float("nan"), 6], [("FIRING", 1)]),
    ],
)
def test_a_threshold_holds_until_it_is_clear(threshold: Threshold, values: list, expected: list) -> None:
    assert one(threshold, *values) == expected


@given(THRESHOLDS, st.lists(READINGS, max_size=5))
def test_it_never_fires_twice_without_clearing(threshold: Threshold, batches: list) -> None:
    made, phases = levels(threshold), dict.fromkeys(range(4), "CLEAR")
    for batch in batches:
        for index, phase, _ in changes_of(take(made, batch)):
            assert phases[index] != phase
            phases[index] = phase


def test_what_comes_too_late_to_be_evaluated_is_counted_once() -> None:
    """More than an hour late, or before all deliveries that are remembered; what agrees with them is no news."""
    made = levels(Threshold(level=0, clear=0))
    take(made, [(0, 10 * n, n % 2) for n in range(2 * MAX_EDGES)])
    take(made, [(1, 0, 1), (1, MAX_LATENESS + 2, 1), (2, 0, 0), (2, MAX_LATENESS + 2, 0)])
    assert made.passed_over() is None
    take(made, [(0, 5, 1), (1, 1, 0), (1, 3, 1), (2, 1, 1), (2, 3, 0)])
    assert made.passed_over() == (3, 1, 5)
    assert made.passed_over() is None
    assert made.late() == []


@given(THRESHOLDS, READINGS, st.randoms(use_true_random=False))
def test_the_order_within_a_batch_does_not_matter(threshold: Threshold, batch: list, random) -> None:
    shuffled = random.sample(batch, len(batch))
    assert repr(take(levels(threshold), batch)) == repr(take(levels(threshold), shuffled))


@given(THRESHOLDS, READINGS, st.integers(0, 60))
def test_where_a_batch_ends_does_not_matter(threshold: Threshold, readings: list, cut: int) -> None:
    ordered = sorted({(index, time): value for index, time, value in readings}.items(), key=lambda item: item[0][1])
    rows = [(*key, value) for key, value in ordered]
    whole, parts = levels(threshold), levels(threshold)
    split = [*take(parts, rows[:cut]), *take(parts, rows[cut:])]
    assert sorted(changes_of(take(whole, rows))) == sorted(changes_of(split))


@given(THRESHOLDS, st.lists(READINGS, max_size=4))
def test_what_comes_again_changes_nothing(threshold: Threshold, batches: list) -> None:
    made = levels(threshold)
    for batch in batches:
        take(made, batch)
    assert [change for batch in batches for change in take(made, batch)] == []


@given(THRESHOLDS, READINGS, READINGS)
def test_a_restart_with_the_stored_states_goes_on_as_if_nothing_was(
    threshold: Threshold, before: list, after: list
) -> None:
    after = [(index, time + 51, value) for index, time, value in after]
    running, states = levels(threshold), {}
    for change in take(running, before):
        states[change.index] = change.state
    again = levels(threshold, *(states.get(index, State()) for index in range(4)))
    # A restart reads once more what may have been taken in already.
    assert changes_of(take(again, before)) == []
    assert changes_of(take(again, after)) == changes_of(take(running, after))


def settle(made: Levels, stored: dict) -> list:
    """Evaluate again what late readings ask for, from what is stored by (index, time)."""
    found = []
    for span in made.late():
        rows = [(time, value) for (index, time), value in stored.items() if index == span.index]
        time, value = zip(*rows, strict=True)
        found += made.revise(span, np.array(time, dtype=np.int64), np.array(value, dtype=float))
    assert made.late() == []
    return found


def restarted(made: Levels, threshold: Threshold) -> Levels:
    return levels(threshold, *(made.state(index) for index in range(4)))


def expected(threshold: Threshold, stored: dict) -> list:
    """What the stored readings say, in order."""
    return changes_of(take(levels(threshold), [(*key, value) for key, value in stored.items()]))


DISORDERED = st.lists(
    st.tuples(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 40), VALUES), max_size=8), st.sampled_from("wsr")),
    max_size=8,
)


@given(THRESHOLDS, DISORDERED)
def test_readings_in_any_order_with_restarts_deliver_each_crossing_once(threshold: Threshold, batches: list) -> None:
    """A delivery for each crossing of the stored readings, within the time for which it holds by them."""
    threshold = Threshold(level=threshold.level, clear=threshold.clear, rising=threshold.rising)
    made, stored, delivered = levels(threshold), {}, []
    for batch, then in batches:
        rows = []
        for index, time, value in batch:
            stored.setdefault((index, time), value)
            rows.append((index, time, stored[index, time]))  # a store has one value of a time
        delivered += take(made, rows)
        if then == "s":
            delivered += settle(made, stored)
        if then == "r":  # a restart reads again what is stored
            made = restarted(made, threshold)
            delivered += take(made, [(*key, value) for key, value in stored.items()])
    delivered += settle(made, stored)
    assert settle(made, stored) == []
    changes = changes_of(delivered)
    for index in range(4):
        edges = [(phase, time) for which, phase, time in expected(threshold, stored) if which == index]
        mine = sorted((time, phase) for which, phase, time in changes if which == index)
        assert [phase for _, phase in mine] == [phase for phase, _ in edges]
        ends = [time for _, time in edges[1:]] + [99] * bool(edges)
        for (time, _), (_, begin), end in zip(mine, edges, ends, strict=True):
            assert begin <= time < end
        last = Phase[edges[-1][0]] if edges else Phase.CLEAR
        assert made.state(index).phase is last


@given(THRESHOLDS, DISORDERED)
def test_with_a_duration_readings_in_any_order_deliver_what_was_due_and_alternate(
    threshold: Threshold, batches: list
) -> None:
    """What was delivered by readings between which a late one came is not taken back; nothing that was due is missing."""
    made, stored, delivered = levels(threshold), {}, []
    for batch, then in batches:
        for index, time, value in batch:
            stored.setdefault((index, time), value)
        delivered += take(made, [(index, time, stored[index, time]) for index, time, _ in batch])
        if then == "r":
            made = restarted(made, threshold)
            delivered += take(made, [(*key, value) for key, value in stored.items()])
        delivered += settle(made, stored)
    changes = changes_of(delivered)
    for index in range(4):
        mine = [phase for _, phase in sorted((time, phase) for which, phase, time in changes if which == index)]
        assert mine == ["FIRING", "CLEAR"] * (len(mine) // 2) + ["FIRING"] * (len(mine) % 2)
        due = [phase for which, phase, _ in expected(threshold, stored) if which == index]
        assert len(mine) >= len(due)


def test_late_readings_are_delivered_between_what_was_delivered_before() -> None:
    threshold = Threshold(level=0.5, clear=0.5)
    made, stored = levels(threshold), {}
    early, late = [(0, n, n // 25 % 2) for n in range(150)], range(49, 80)  # two turns of a door come late
    stored |= {(index, time): float(value) for index, time, value in early}
    changes = changes_of(take(made, [row for row in early if row[1] not in late]))
    assert changes == [(0, "FIRING", 25), (0, "CLEAR", 100), (0, "FIRING", 125)]
    assert changes_of(take(made, [row for row in early if row[1] in late])) == []
    assert changes_of(settle(made, stored)) == [(0, "CLEAR", 50), (0, "FIRING", 75)]
    assert made.state(0).phase is Phase.FIRING
    take(made, early)
    assert made.late() == []


@pytest.mark.parametrize(("before", "after"), [(0, 1), (1, 0)])
def test_a_late_reading_ends_what_another_has_shown_to_begin_earlier(before: int, after: int) -> None:
    made, stored = levels(Threshold(level=0.5, clear=0.5)), {}
    found = []
    for row in ((0, 0, before), (0, 10, after), (0, 4, after), (0, 6, before)):
        stored[row[:2]] = row[2]
        found += [*take(made, [row]), *settle(made, stored)]
    assert sorted(change.state.time for change in found) == [0] * before + [4, 6, 10]


def test_what_is_older_than_what_is_remembered_is_not_evaluated() -> None:
    made = levels(Threshold(level=0.5, clear=0.5))
    take(made, [(0, 10 * n, n % 2) for n in range(2 * MAX_EDGES)])
    take(made, [(0, 5, 1), (1, 0, 0), (1, MAX_LATENESS + 2, 0)])
    take(made, [(1, 1, 1)])
    assert made.late() == []
    take(made, [(1, 2, 1)])
    assert [(span.index, span.start) for span in made.late()] == [(1, 2)]


def forgotten(made: Levels, index: int) -> int:
    """Until when deliveries were forgotten, by the stored state."""
    about = made.state(index).about
    return msgspec.json.decode(about).get("forgotten", NEVER) if about else NEVER


@given(THRESHOLDS, DISORDERED, st.integers(1, 4), st.integers(1, 8))
def test_of_what_is_forgotten_nothing_is_delivered_again_and_of_the_rest_all(
    threshold: Threshold, batches: list, limit: int, limit_in_all: int
) -> None:
    """Late readings in any order, with restarts from the states as they were stored at the last change of each."""
    threshold = Threshold(level=threshold.level, clear=threshold.clear, rising=threshold.rising)
    with patch.multiple(module, MIN_EDGES=1, MAX_EDGES=limit, MAX_EDGES_IN_ALL=limit_in_all):
        made, stored, delivered, states = levels(threshold), {}, [], {}
        for batch, then in batches:
            for index, time, value in batch:
                stored.setdefault((index, time), value)
            found = take(made, [(index, time, stored[index, time]) for index, time, _ in batch])
            found += settle(made, stored) if then == "s" else []
            states |= {change.index: made.state(change.index) for change in found}
            delivered += found
            if then == "r":
                made = levels(threshold, *(states.get(index, State()) for index in range(4)))
                found = [*take(made, [(*key, value) for key, value in stored.items()]), *settle(made, stored)]
                states |= {change.index: made.state(change.index) for change in found}
                delivered += found
        delivered += settle(made, stored)
    for index in range(4):
        changes = sorted((time, phase) for which, phase, time in changes_of(delivered) if which == index)
        phases = [phase for _, phase in changes]
        assert phases == (["FIRING", "CLEAR"] * len(phases))[: len(phases)]
        since = forgotten(made, index)
        assert since == NEVER or since in [time for time, _ in changes]
        before = [phase for time, phase in changes if time <= since]
        rest = {key: value for key, value in stored.items() if key[0] == index and key[1] > since}
        fresh = levels(threshold, *[State(phase=Phase[before[-1]] if before else Phase.CLEAR, time=since)] * 4)
        due = changes_of(take(fresh, [(*key, value) for key, value in rest.items()]))
        mine = [(time, phase) for time, phase in changes if time > since]
        assert [phase for _, phase in mine] == [phase for _, phase, _ in due]
        ends = [time for _, _, time in due[1:]] + [99] * bool(due)
        assert all(begin <= time < end for (time, _), (_, _, begin), end in zip(mine, due, ends, strict=True))


def flapping(start: int, end: int) -> list:
    """Readings of a door that opens and shuts every 2.6 s, from and to a number of them."""
    return [(0, n * 26 * SECOND // 10, n % 2) for n in range(start, end)]


@pytest.mark.parametrize("restarts", [False, True])
def test_a_sensor_that_flaps_and_comes_minutes_late_delivers_all(restarts: bool) -> None:
    threshold = Threshold(level=0.5, clear=0.5)
    made = levels(threshold)
    rows = flapping(0, 100) + flapping(400, 500)
    delivered = take(made, rows)
    for begin in (300, 200, 100):
        if restarts:
            made = restarted(made, threshold)
        late = flapping(begin, begin + 100)
        rows += late
        assert take(made, late) == []
        delivered += settle(made, {row[:2]: row[2] for row in rows})
    assert made.passed_over() is None
    assert sorted(change.state.time for change in delivered) == [time for _, time, _ in flapping(1, 500)]


def silences(after: int, *times: int) -> Silences:
    made = Silences(after)
    made.grow([State(time=time) for time in times])
    return made


def report(made: Silences, index: int, time: int) -> None:
    made.take(np.array([index]), np.array([time]), np.zeros(1))


def test_silence_is_delivered_once_and_its_end_too() -> None:
    made = silences(10, 100, 105)
    assert changes_of(made.look(109)) == []
    (change,) = made.look(110)
    assert (change.index, change.state) == (0, State(phase=Phase.FIRING, since=110, time=100))
    assert made.look(112) == []
    report(made, 0, 113)
    assert changes_of(made.look(114)) == [(0, "CLEAR", 113)]
    assert changes_of(made.look(120)) == [(1, "FIRING", 105)]


def test_what_was_never_received_is_not_silent_until_it_is_expected() -> None:
    made = silences(10, NEVER, 100, NEVER)
    assert changes_of(made.look(110)) == [(1, "FIRING", 100)]
    report(made, 1, 111)
    assert changes_of(made.look(112)) == [(1, "CLEAR", 111)]
    assert made.expect(np.array([0, 1]), 112).tolist() == [0]
    assert made.expect(np.array([0, 1]), 115).tolist() == []
    assert changes_of(made.look(122)) == [(0, "FIRING", 112), (1, "FIRING", 111)]


def test_an_old_reading_does_not_end_a_silence() -> None:
    made = silences(10, 100)
    made.look(150)
    report(made, 0, 120)
    assert made.look(150) == []
    report(made, 0, 145)
    report(made, 0, 130)
    assert changes_of(made.look(150)) == [(0, "CLEAR", 145)]


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 30)), max_size=40), st.integers(1, 10))
def test_a_silence_never_begins_twice_without_an_end(heards: list, after: int) -> None:
    made, phases, now = silences(after, 0, 0, 0), dict.fromkeys(range(3), "CLEAR"), 0
    for index, step in heards:
        now += step % 4
        report(made, index, now - step % 3)
        for where, phase, _ in changes_of(made.look(now)):
            assert phases[where] != phase
            phases[where] = phase


@given(st.permutations([(0, 3), (0, 9), (1, 4), (1, 4), (2, 0)]))
def test_the_order_of_what_is_received_does_not_matter(heards: list) -> None:
    made = silences(10, 0, 0, 0)
    for index, time in heards:
        report(made, index, time)
    assert [state.index for state in made.look(14)] == [1, 2]
