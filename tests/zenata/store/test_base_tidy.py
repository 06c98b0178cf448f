"""What is old thins out, and means the same to whoever asks for longer spans."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.zenata.store.data import NOON, Row, batch_of, contents, rows_of, series_of
from tests.zenata.store.test_base_ledger import dead_letter
from zenata.city.clock import SECOND
from zenata.city.readings import Selection
from zenata.errors import QueryTooFine
from zenata.store.base import Query
from zenata.store.retention import DAY, ROLLED, Retention

HOUR, MINUTE = 3600 * SECOND, 60 * SECOND
KEEP = Retention(raw=DAY, quarters=3 * DAY, dead_letter_age=DAY, max_dead_letters=5)
AGGREGATES = tuple(sorted(ROLLED))


def history(series, days: float, step: int, seed: int = 1) -> list[Row]:
    """Readings up to noon, at times that are no whole minutes."""
    rng, times = np.random.default_rng(seed), range(NOON - int(days * DAY) + 7 * SECOND, NOON, step)
    return [Row(one, time, float(rng.normal()), 1) for time in times for one in series]


def aggregated(store, every: int | None, start: int, aggregates=AGGREGATES, world="zenata"):
    selection = Selection(worlds=(world,))
    table = store.query(Query(selection=selection, start=start, end=NOON, aggregates=aggregates, every=every))
    columns = [table.columns[name].tolist() for name in aggregates]
    return {
        (table.catalog[series].sensor, time): values
        for series, time, *values in zip(table.series.tolist(), table.time.tolist(), *columns, strict=True)
    }


@pytest.mark.parametrize("every", [HOUR, 6 * HOUR, DAY, None])
def test_spans_of_what_is_rolled_up_are_those_of_the_readings(store, every):
    start = NOON - 6 * DAY
    store.append(batch_of(history(series_of(3), 6, 7 * MINUTE)))
    before = aggregated(store, every, start)
    size = len(contents(store))
    for _ in range(2):
        store.tidy(NOON, KEEP)
        after = aggregated(store, every, start)
        assert after.keys() == before.keys()
        for key, values in before.items():
            assert after[key] == pytest.approx(values)
    assert size > 3000
    recent = Query(selection=Selection(), start=NOON - DAY, end=NOON)
    assert len(store.query(recent)) == 3 * len(range(NOON - DAY + 7 * SECOND, NOON, 7 * MINUTE))


def test_what_came_late_is_in_its_span(store):
    rows = history(series_of(2), 5, 11 * MINUTE)
    late = rows[100:400:7]
    store.append(batch_of([row for row in rows if row not in late]))
    store.tidy(NOON, KEEP)
    store.append(batch_of(late))
    expected = {(one.sensor, NOON - 5 * DAY): [sum(row.series == one for row in rows)] for one in series_of(2)}
    for _ in range(2):
        assert aggregated(store, None, NOON - 5 * DAY, ("count",)) == expected
        store.tidy(NOON, KEEP)


def test_the_span_of_a_time_is_said_where_its_readings_are_gone(store):
    store.append(batch_of(history(series_of(1), 5, 7 * MINUTE)))
    assert [store.span_at(NOON - age) for age in (5 * DAY, HOUR)] == [0, 0]
    store.tidy(NOON, KEEP)
    try:
        store.query(Query(selection=Selection(), start=NOON - 5 * DAY, end=NOON))
        spans = [0, 0, 0]
    except QueryTooFine:
        spans = [HOUR, 15 * MINUTE, 0]
    assert [store.span_at(NOON - age) for age in (5 * DAY, 2 * DAY, HOUR)] == spans


@pytest.mark.parametrize("world", ["w-a1", "p-alpha"])
def test_private_worlds_and_the_newest_readings_are_left_alone(store, world):
    private, silent = series_of(1, world), series_of(2)[1:]
    store.append(batch_of(history(private, 5, HOUR)))
    store.append(batch_of([Row(silent[0], NOON - 5 * DAY, 1.0, 1), Row(silent[0], NOON - 4 * DAY, 2.0, 2)]))
    store.append(batch_of(history(series_of(1), 5, HOUR)))
    store.tidy(NOON, KEEP)
    assert len(store.query(Query(selection=Selection(worlds=(world,)), start=NOON - 5 * DAY, end=NOON))) == 120
    newest = [row for row in rows_of(store.latest(Selection())) if row.series == silent[0]]
    assert newest == [Row(silent[0], NOON - 4 * DAY, 2.0, 2)]
    assert aggregated(store, None, NOON - 5 * DAY, ("count", "last"))[silent[0].sensor, NOON - 5 * DAY] == [2, 2.0]


def test_dead_letters_go_when_they_are_old_or_too_many(store):
    dead_letters = [dead_letter(-number * HOUR) for number in range(40)]
    store.append(batch_of([]), dead_letters)
    store.tidy(NOON, Retention(dead_letter_age=DAY, max_dead_letters=100))
    assert store.dead_letters(payloads=True) == dead_letters[:25]
    store.tidy(NOON, KEEP)
    assert store.dead_letters(payloads=True) == dead_letters[:5]


def test_who_has_too_many_dead_letters_costs_others_none(store):
    def of_topic(number, topic):
        return replace(dead_letter(number), topic=topic, sensor="")

    flood = [of_topic(-number, f"pilots/alpha/telemetry/{number % 3}") for number in range(1, 100)]
    few = [of_topic(-number * HOUR, f"pilots/beta/telemetry/{number}") for number in range(1, 4)]
    city = [dead_letter(-number * HOUR - 1) for number in range(1, 8)]
    world = [of_topic(-number * HOUR - 2, "alpha/telemetry/coast/air/air-0001") for number in range(1, 3)]
    store.append(batch_of([]), [*flood, *few, *city, *world])
    store.tidy(NOON, KEEP)
    assert store.dead_letters(topics=["pilots/alpha/"], payloads=True) == flood[:5]
    assert store.dead_letters(topics=["pilots/beta/"], payloads=True) == few
    assert store.dead_letters(topics=["zenata/"], payloads=True) == city[:5]
    assert store.dead_letters(topics=["alpha/"], payloads=True) == world
    assert len(store.dead_letters(payloads=True)) == 15


@given(
    ages=st.tuples(st.integers(1, 400), st.integers(1, 400)).map(sorted),
    now=st.integers(NOON - 400 * DAY, NOON),
)
def test_horizons_are_whole_hours_and_in_order(ages, now):
    raw, quarters = Retention(raw=ages[0] * DAY, quarters=ages[1] * DAY).horizons(now)
    assert raw % HOUR == quarters % HOUR == 0
    assert quarters <= raw <= now - ages[0] * DAY < raw + HOUR
