from hypothesis import given
from hypothesis import strategies as st

from zenata.process.rate_limit import Bucket


@given(st.just(0.0) | st.floats(1e-6, 100), st.integers(1, 50), st.lists(st.floats(0, 10), max_size=200))
def test_a_bucket_lets_through_no_more_than_its_rate(rate: float, limit: int, pauses: list[float]) -> None:
    bucket, now, taken = Bucket(limit, 0.0), 0.0, 0
    for pause in pauses:
        now += pause
        wait = bucket.take(rate, limit, now)
        taken += wait == 0
        assert taken <= limit + rate * now + 1e-6
        if wait and rate:
            assert Bucket(bucket.tokens, bucket.time).take(rate, limit, now + wait + 1e-6) == 0


def test_what_is_taken_before_it_is_there_is_waited_for() -> None:
    bucket = Bucket(10, 0.0)
    assert bucket.take_all(10, rate=2, burst=10, now=0.0) == 0
    assert bucket.take_all(4, rate=2, burst=10, now=0.0) == 2
    assert bucket.take_all(2, rate=2, burst=10, now=1.0) == 2
    assert bucket.take(2, 10, now=3.0) == 0.5
    assert bucket.take_all(10, rate=2, burst=10, now=60.0) == 0
