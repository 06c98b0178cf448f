import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.quotas import BURST, BYTES_PER_MESSAGE, Limits, Quotas
from zenata.city.clock import SECOND, parse_time
from zenata.errors import Rejected

NOON = parse_time("2026-01-01T12:00:00Z")


def count(quotas, pilot, times):
    accepted = 0
    for time in times:
        try:
            quotas.message(pilot, time)
        except Rejected as rejected:
            assert (rejected.code, rejected.quota) == ("quota", "messages_per_second")
        else:
            accepted += 1
    return accepted


def test_a_burst_is_let_through_and_then_the_rate():
    quotas = Quotas(lambda _: Limits(2, 100))
    assert count(quotas, "alpha", [NOON] * 100) == 2 * BURST
    assert count(quotas, "alpha", [NOON + second * SECOND for second in range(1, 11) for _ in range(5)]) == 20
    assert count(quotas, "beta", [NOON] * 3) == 3


def test_a_long_message_counts_as_several():
    """A megabyte of members takes half a second to read, which messages of all others wait for."""
    quotas = Quotas(lambda _: Limits(10, 100))
    size = 150 * BYTES_PER_MESSAGE
    quotas.message("alpha", NOON, size)  # of the 100 at once
    with pytest.raises(Rejected, match="once for every 8 KiB") as refused:
        quotas.message("alpha", NOON, 10)
    assert refused.value.retry_after == pytest.approx(5.1)
    assert count(quotas, "alpha", [NOON + 5_200_000]) == 1
    quotas.message("beta", NOON, BYTES_PER_MESSAGE)
    assert count(quotas, "beta", [NOON] * 100) == 99


def test_a_refusal_says_when_it_is_over():
    quotas = Quotas(lambda _: Limits(2, 10))
    count(quotas, "alpha", [NOON] * 20)
    with pytest.raises(Rejected) as too_fast:
        quotas.message("alpha", NOON)
    assert too_fast.value.retry_after == 0.5
    quotas.points("alpha", 10, NOON)
    with pytest.raises(Rejected, match="points_per_day") as too_many:
        quotas.points("alpha", 1, NOON)
    assert too_many.value.retry_after == 12 * 3600
    quotas.points("alpha", 10, NOON + 12 * 3600 * SECOND)


def test_of_nothing_there_is_always_too_much():
    with pytest.raises(Rejected):
        Quotas(lambda _: Limits(0, 0)).points("alpha", 1, NOON)
    assert count(Quotas(lambda _: Limits(0, 0)), "alpha", [NOON, NOON + SECOND]) == 1


@given(st.floats(0.1, 100), st.lists(st.integers(0, 60 * SECOND), min_size=1, max_size=200))
def test_never_more_than_the_rate_and_a_burst(rate, offsets):
    quotas = Quotas(lambda _: Limits(rate, 1))
    times = [NOON + offset for offset in sorted(offsets)]
    limit = max(rate * BURST, 1) + rate * (times[-1] - times[0]) / SECOND
    assert count(quotas, "alpha", times) <= limit + 1e-6


def test_what_was_sent_while_ingest_was_away_is_excused_once():
    quotas = Quotas(lambda _: Limits(2, 100_000))
    quotas.message("alpha", NOON)
    quotas.excuse(60.0)
    later = NOON + 60 * SECOND
    for pilot in ("alpha", "beta"):
        assert count(quotas, pilot, [later] * 1000) == 2 * BURST + 2 * 60 - (pilot == "alpha")
        assert count(quotas, pilot, [later + second * SECOND for second in range(1, 11) for _ in range(5)]) == 20


class Other:
    """Another process that counts."""

    count = 2

    def __init__(self) -> None:
        self.mine, self.its = 0.0, 0.0

    def add(self, name, number=1):
        assert name == "points:alpha"
        self.mine += number

    def others(self, name):
        return self.its


def test_two_processes_share_the_rate_and_count_the_readings_of_a_day_together():
    other = Other()
    quotas = Quotas(lambda _: Limits(2, 100), other)
    assert count(quotas, "alpha", [NOON] * 100) == BURST, "half of it"
    other.its = 1000  # in days before
    quotas.points("alpha", 30, NOON)
    other.its += 60
    assert (other.mine, quotas.used("alpha", NOON)) == (30, 90)
    quotas.points("alpha", 10, NOON)
    with pytest.raises(Rejected, match="more than 100 readings"):
        quotas.points("alpha", 1, NOON)
    quotas.points("alpha", 100, NOON + 12 * 3600 * SECOND)
