import numpy as np

from zenata.store.marks import Marks


def numbers(*values):
    return np.array(values, dtype=np.int32)


def times(*values):
    return np.array(values, dtype=np.int64)


def moved(series, time):
    marks = Marks()
    marks.move(numbers(*series), times(*time), np.array(time) / 10, times(*time) * 2)
    return marks


def test_every_time_is_beyond_that_of_a_series_without_readings():
    assert Marks().beyond(numbers(0, 5000), times(-(10**15), 10**15)).tolist() == [True, True]


def test_only_later_times_are_beyond_the_newest():
    assert moved([3], [100]).beyond(numbers(3, 3, 3, 2), times(99, 100, 101, 0)).tolist() == [False, False, True, True]


def test_of_several_of_one_series_the_last_stays():
    series, time, value, seq = moved([7, 7, 1], [10, 20, 5]).of(numbers(1, 7))
    assert (series.tolist(), time.tolist(), value.tolist(), seq.tolist()) == ([1, 7], [5, 20], [0.5, 2.0], [10, 40])


def test_series_without_readings_are_left_out():
    assert moved([2, 4], [1, 1]).of(numbers(0, 2, 3, 4, 100_000))[0].tolist() == [2, 4]


def test_room_is_made_and_nothing_forgotten():
    marks = moved([0, 1023], [1, 2])
    marks.move(numbers(50_000), times(3), np.array([0.3]), times(6))
    series, time, value, seq = marks.of(np.arange(60_000, dtype=np.int32))
    assert (series.tolist(), time.tolist()) == ([0, 1023, 50_000], [1, 2, 3])
    assert (value.tolist(), seq.tolist()) == ([0.1, 0.2, 0.3], [2, 4, 6])


def test_nothing_moves_nothing():
    marks = moved([], [])
    assert [column.tolist() for column in marks.of(numbers())] == [[], [], [], []]
    assert marks.beyond(numbers(), times()).tolist() == []


def test_without_a_gap_no_time_is_in_it():
    assert moved([3], [100]).in_gap(numbers(3, 4), times(50, 50)).tolist() == [False, False]


def test_a_gap_lies_between_two_readings_and_is_narrowed_from_below():
    marks = moved([3], [100])
    marks.open_gaps(numbers(3, 5000), 10, times(90, 70))
    asked = numbers(3, 3, 3, 3, 5000, 5000), times(10, 11, 89, 90, 69, 70)
    assert marks.in_gap(*asked).tolist() == [False, True, True, False, True, False]
    marks.narrow_gaps(numbers(3, 3), times(20, 50))
    assert marks.in_gap(numbers(3, 3, 5000), times(50, 51, 11)).tolist() == [False, True, True]
    assert marks.of(numbers(3))[1].tolist() == [100]
