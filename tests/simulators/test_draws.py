import pytest

from simulators.draws import Stream, draws


def test_the_same_thrice_named_draws_are_the_same():
    assert draws(5, Stream.AIR, 7).random(4).tolist() == draws(5, Stream.AIR, 7).random(4).tolist()


@pytest.mark.parametrize("other", [(6, Stream.AIR, 7), (5, Stream.PV, 7), (5, Stream.AIR, 8)])
def test_another_seed_stream_or_number_draws_otherwise(other):
    assert draws(5, Stream.AIR, 7).random() != draws(*other).random()


def test_large_seeds_and_numbers_before_the_epoch_are_told_apart():
    prints = {draws(seed, Stream.AIR, number).random() for seed in (2**64 - 1, 2**64 - 2, 2**63) for number in (-1, -2)}
    assert len(prints) == 6
