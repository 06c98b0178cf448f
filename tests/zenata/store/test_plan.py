"""What plans of appends are made of."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from zenata.store.plan import among, split_at_gaps

PAIRS = st.sets(st.tuples(st.integers(0, 3), st.integers(-5, 5)), max_size=12)


def columns(pairs):
    pairs = sorted(pairs)
    return np.array([one for one, _ in pairs], dtype=np.int32), np.array([one for _, one in pairs], dtype=np.int64)


@given(PAIRS, st.lists(PAIRS, max_size=3))
def test_what_is_among_what_is_known(pairs, known):
    found = among(*columns(pairs), [columns(one) for one in known])
    assert found.tolist() == [pair in set().union(*known) for pair in sorted(pairs)]


@given(st.lists(st.integers(-100, 100)).map(sorted), st.integers(1, 50))
def test_times_are_split_at_wide_gaps_into_few_ranges(times, gap):
    ranges = split_at_gaps(np.array(times, dtype=np.int64), gap)
    assert [index for one in ranges for index in one.tolist()] == list(range(len(times)))
    assert len(ranges) <= 8
    assert all(times[after[0]] - times[before[-1]] > gap for before, after in pairwise(ranges))
