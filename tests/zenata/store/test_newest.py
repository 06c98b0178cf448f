import numpy as np

from zenata.city.readings import Catalog, Selection
from zenata.store.newest import NewestReadings


def numbers(*values):
    return np.array(values, dtype=np.int32)


def times(*values):
    return np.array(values, dtype=np.int64)


def with_readings(series, time):
    newest = NewestReadings()
    newest.set(numbers(*series), times(*time), np.array(time) / 10, times(*time) * 2)
    return newest


def test_every_time_is_newer_than_a_series_without_readings():
    assert NewestReadings().is_newer(numbers(0, 5000), times(-(10**15), 10**15)).tolist() == [True, True]


def test_only_later_times_are_newer():
    assert with_readings([3], [100]).is_newer(numbers(3, 3, 3, 2), times(99, 100, 101, 0)).tolist() == [
        False,
        False,
        True,
        True,
    ]


def test_of_several_of_one_series_the_last_stays():
    series, time, value, seq = with_readings([7, 7, 1], [10, 20, 5]).of(numbers(1, 7))
    assert (series.tolist(), time.tolist(), value.tolist(), seq.tolist()) == ([1, 7], [5, 20], [0.5, 2.0], [10, 40])


def test_series_without_readings_are_left_out():
    assert with_readings([2, 4], [1, 1]).of(numbers(0, 2, 3, 4, 100_000))[0].tolist() == [2, 4]


def test_capacity_grows_and_nothing_is_forgotten():
    newest = with_readings([0, 1023], [1, 2])
    newest.set(numbers(50_000), times(3), np.array([0.3]), times(6))
    series, time, value, seq = newest.of(np.arange(60_000, dtype=np.int32))
    assert (series.tolist(), time.tolist()) == ([0, 1023, 50_000], [1, 2, 3])
    assert (value.tolist(), seq.tolist()) == ([0.1, 0.2, 0.3], [2, 4, 6])


def test_setting_nothing_sets_nothing():
    newest = with_readings([], [])
    assert [column.tolist() for column in newest.of(numbers())] == [[], [], [], []]
    assert newest.is_newer(numbers(), times()).tolist() == []


def test_without_a_gap_no_time_is_in_it():
    assert with_readings([3], [100]).in_gap(numbers(3, 4), times(50, 50)).tolist() == [False, False]


def test_a_gap_lies_between_two_readings_and_is_narrowed_from_below():
    newest = with_readings([3], [100])
    newest.open_gaps(numbers(3, 5000), 10, times(90, 70))
    query = numbers(3, 3, 3, 3, 5000, 5000), times(10, 11, 89, 90, 69, 70)
    assert newest.in_gap(*query).tolist() == [False, True, True, False, True, False]
    newest.narrow_gaps(numbers(3, 3), times(20, 50))
    assert newest.in_gap(numbers(3, 3, 5000), times(50, 51, 11)).tolist() == [False, True, True]
    assert newest.of(numbers(3))[1].tolist() == [100]


def test_tables_of_few_sensors_alone_are_remembered():
    newest, catalog = NewestReadings(), Catalog()
    few, many = (Selection(sensors=tuple(f"air-{n:04}" for n in range(count))) for count in (3, 1000))
    assert newest.table(catalog, few) is newest.table(catalog, few)
    assert newest.table(catalog, many) is not newest.table(catalog, many)
