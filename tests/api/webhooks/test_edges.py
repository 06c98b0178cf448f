import tracemalloc
from unittest.mock import patch

import msgspec
import numpy as np

from api.webhooks import edges as module
from api.webhooks.conditions import Threshold
from api.webhooks.edges import MAX_EDGES_IN_ALL, MAX_LATENESS, MIN_EDGES
from api.webhooks.trackers import SensorTracker
from api.webhooks.webhook import NEVER, Phase, State
from tests.api.webhooks.rig import HOOK
from tests.api.webhooks.test_conditions import forgotten, levels, settle, take
from zenata.city.readings import Catalog, ReadingBatch, Series


def test_deliveries_older_than_late_readings_may_be_are_forgotten() -> None:
    made = levels(Threshold(level=0, clear=0))
    take(made, [(0, 1, 1), (0, 2, 0), (0, 3, 1), (0, MAX_LATENESS + 3, 0)])
    assert forgotten(made, 0) == 2


def test_where_sensors_come_those_with_the_most_deliveries_forget_some_and_say_until_when() -> None:
    made = levels(Threshold(level=0.5, clear=0.5))
    with patch.object(module, "MAX_EDGES_IN_ALL", 100):
        take(made, [(0, n, n % 2) for n in range(81)])  # 80 deliveries
        take(made, [(1, n, n % 2) for n in range(11)])
        take(made, [(0, 10, 1)])
        assert [span.index for span in made.late()] == [0]  # known so far, and not as it was
        assert forgotten(made, 0) == NEVER
        take(made, [(2, n, n % 2) for n in range(12)])  # 101: 75 are left
        assert forgotten(made, 0) == 80 - (75 - 10 - 11)
        assert forgotten(made, 1) == forgotten(made, 2) == NEVER
        (span,) = made.late()
        assert span.start == forgotten(made, 0) + 1
        stored = {(0, n): n % 2 for n in range(81)} | {(0, 10): 1}
        assert settle(made, stored) == []
        assert made.passed_over() == (1, 10, 10)
        take(made, [(0, 26, 1), (0, 27, 1)])
        assert made.passed_over() == (1, 26, 26)


def test_each_of_many_sensors_has_some_deliveries_remembered() -> None:
    made = levels(Threshold(level=0.5, clear=0.5), *[State()] * 20)
    with patch.object(module, "MAX_EDGES_IN_ALL", 100):
        for begin in range(0, 100, 10):
            take(made, [(index, n, n % 2) for n in range(begin, begin + 10) for index in range(20)])
    counts = [len(msgspec.json.decode(made.state(index).about)["edges"]) for index in range(20)]
    assert min(counts) >= MIN_EDGES
    assert sum(counts) <= 20 * MIN_EDGES * 3 // 2


def test_a_state_stored_by_an_older_release_with_32_deliveries_has_forgotten_those_before() -> None:
    def state(number: int) -> State:
        about = msgspec.json.encode([(2 - n % 2 * 2, 0, 100 + n) for n in range(number)]).decode()
        return State(phase=Phase.CLEAR, since=131, time=131, about=about)

    made = levels(Threshold(level=0.5, clear=0.5), state(32), state(30), State())
    take(made, [(0, 99, 1), (1, 99, 1)])
    assert made.passed_over() == (1, 99, 99)
    assert [span.index for span in made.late()] == [1]
    take(made, [(0, 101, 1)])
    assert [(span.index, span.start) for span in made.late()] == [(1, 99), (0, 101)]


def test_what_is_remembered_of_sensors_that_flap_takes_little_memory() -> None:
    """One pilot may have 20 webhooks on 10,000 sensors: as objects, what four of them remembered took 68 MB, and now takes 19."""
    sensors, deliveries = 1000, MIN_EDGES
    made = levels(Threshold(level=0.5, clear=0.5), *[State()] * sensors)
    tracemalloc.start()
    try:
        for n in range(deliveries + 1):
            take(made, [(index, n, n % 2) for index in range(sensors)])
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sum(len(msgspec.json.decode(made.state(index).about)["edges"]) for index in range(sensors)) == 8000
    assert taken < 40 * sensors * deliveries


def tracked(sensors: int) -> tuple[SensorTracker, ReadingBatch]:
    """Return what looks at many sensors, and a reading of each."""
    catalog = Catalog()
    numbers = [catalog.intern(Series("zenata", f"air-{n}", "pm25", "air", "", "ug/m3")) for n in range(sensors)]
    zeros = np.zeros(sensors, dtype=np.int64)
    batch = ReadingBatch(
        catalog=catalog, series=np.array(numbers, dtype=np.int32), time=zeros, value=np.zeros(sensors), seq=zeros + 1
    )
    return SensorTracker(HOOK, {}), batch


def flap(tracker: SensorTracker, batch: ReadingBatch, rows: slice, begin: int, number: int) -> dict[str, State]:
    """Let some of the sensors flap so many times; return what is stored meanwhile."""
    states: dict[str, State] = {}
    for n in range(begin, begin + number):
        series, time = batch.series[rows], np.full(len(batch.series[rows]), n)
        outcome = tracker.take(batch.catalog, series, time, np.full(len(series), 99.0 * (n % 2)), 0)
        states |= outcome.states
    return states


def test_what_is_stored_of_a_webhook_is_no_more_than_what_is_remembered() -> None:
    """A sensor that has made room for others would else keep its hundreds in its row: 20,000 that flapped in turn, 140 MB."""
    tracker, batch = tracked(30)
    states: dict[str, State] = {}
    with patch.object(module, "MAX_EDGES_IN_ALL", 200):
        for n in range(30):
            states |= flap(tracker, batch, slice(n, n + 1), 100 * n + 1, 100)
    stored = {sensor: len(msgspec.json.decode(state.about)["edges"]) for sensor, state in states.items() if state.about}
    assert len(stored) == 30
    assert sum(stored.values()) <= max(200, 30 * MIN_EDGES * 3 // 2)


def test_a_sensor_takes_no_more_memory_than_is_said() -> None:
    sensors, edges = 200, MAX_EDGES_IN_ALL // 10
    flap(*tracked(1), slice(None), 1, 2 * MIN_EDGES)  # what is loaded at first is not of the sensors
    tracker, batch = tracked(sensors)
    tracemalloc.start()
    try:
        with patch.object(module, "MAX_EDGES_IN_ALL", edges):
            flap(tracker, batch, slice(None), 1, 2 * MIN_EDGES)
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken < 500 * sensors + 17 * edges


def test_of_many_late_sensors_only_as_many_are_looked_at_as_are_wanted() -> None:
    made = levels(Threshold(level=0.5, clear=0.5), *[State()] * 5)
    take(made, [(index, n, n % 2) for n in (1, 3, 5) for index in range(5)])
    take(made, [(index, 2, 0) for index in range(5)])
    assert [len(made.late(limit)) for limit in (0, 2, 9)] == [0, 2, 5]
