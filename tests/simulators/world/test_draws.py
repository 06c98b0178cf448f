import math
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from simulators.world import draws as draws_module
from simulators.world.draws import LARGE, SealedSeed, Stream, arrivals, binomial, draws, poisson

EVEN = (np.arange(20_000) + 0.5) / 20_000


def test_the_same_thrice_named_draws_are_the_same():
    assert draws(5, Stream.AIR, 7).random(4).tolist() == draws(5, Stream.AIR, 7).random(4).tolist()


@pytest.mark.parametrize("other", [(6, Stream.AIR, 7), (5, Stream.PV, 7), (5, Stream.AIR, 8)])
def test_another_seed_stream_or_number_draws_otherwise(other):
    assert draws(5, Stream.AIR, 7).random() != draws(*other).random()


def test_large_seeds_and_numbers_before_the_epoch_are_distinguished():
    prints = {draws(seed, Stream.AIR, number).random() for seed in (2**64 - 1, 2**64 - 2, 2**63) for number in (-1, -2)}
    assert len(prints) == 6


def exact_poisson(mean):
    """The quantiles at `EVEN`, from the distribution function."""
    chances = [math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(int(mean + 20 * mean**0.5 + 20))]
    return np.searchsorted(np.cumsum(chances), EVEN, side="right")


@pytest.mark.parametrize("mean", [0.01, 0.7, 12.0, LARGE - 0.1])
def test_poisson_numbers_are_quantiles(mean):
    assert_array_equal(poisson(EVEN, np.full(len(EVEN), mean)), exact_poisson(mean))


@pytest.mark.parametrize("mean", [LARGE, 60.0, 900.0])
def test_large_poisson_numbers_are_quantiles_but_for_one_in_a_hundred(mean):
    wrong = np.abs(poisson(EVEN, np.full(len(EVEN), mean)) - exact_poisson(mean))
    assert wrong.max() <= 1
    assert wrong.mean() < 0.01


@pytest.mark.parametrize(
    ("count", "share"), [(0, 0.3), (9, 0.0), (9, 0.3), (9, 1.0), (200, 0.98), (400, 0.5), (3000, 0.02)]
)
def test_binomial_numbers_have_their_moments(count, share):
    number = binomial(EVEN, np.full(len(EVEN), float(count)), np.full(len(EVEN), share))
    assert number.min() >= 0
    assert number.max() <= count
    assert_array_equal(number, np.floor(number))
    assert number.mean() == pytest.approx(count * share, rel=1e-3)
    assert number.var() == pytest.approx(count * share * (1 - share), rel=5e-3)


def test_what_differs_in_one_place_is_drawn_alike_in_all_others():
    uniform, mean = draws(1, Stream.CROWD).random(50), np.linspace(0, 60, 50)
    other = mean.copy()
    other[7] = 500.0
    assert_array_equal(np.flatnonzero(poisson(uniform, mean) != poisson(uniform, other)), [7])
    count, share = np.round(mean), np.full(50, 0.3)
    assert_array_equal(
        np.flatnonzero(binomial(uniform, count, share) != binomial(uniform, np.round(other), share)), [7]
    )


def test_arrivals_are_poisson():
    drawn = arrivals(np.cumsum([0.0, 0.5, 2.0]), 1.5, 8000, draws(1, Stream.TRAFFIC))
    assert_allclose(drawn.mean(axis=0), [0, 0.75, 3], atol=0.06)
    assert_allclose(drawn.var(axis=0), [0, 0.75, 3], rtol=0.06, atol=1e-12)
    assert abs(np.corrcoef(drawn[:, 1], drawn[:, 2])[0, 1]) < 0.04
    assert abs(np.corrcoef(drawn[1:, 2], drawn[:-1, 2])[0, 1]) < 0.04


SECRET = bytes(range(32))


def test_a_sealed_seed_draws_the_same_with_the_same_secret_alone():
    first = draws(SealedSeed(5, SECRET), Stream.AIR, 7).random(4).tolist()
    assert first == draws(SealedSeed(5, SECRET), Stream.AIR, 7).random(4).tolist()
    for other in (5, SealedSeed(5, SECRET[::-1]), SealedSeed(6, SECRET)):
        assert SealedSeed(5, SECRET) != other
        assert first != draws(other, Stream.AIR, 7).random(4).tolist()


@given(st.integers(0, 2**64 - 1), st.sampled_from(Stream), st.integers(-(2**63), 2**63 - 1))
def test_no_two_generators_of_a_sealed_world_share_a_key(seed, stream, number):
    sealed = SealedSeed(seed, SECRET)
    keys = {sealed.key(one, n).tobytes() for one in (stream, Stream.POWER) for n in (number, number ^ 1)}
    assert len(keys) == 4 - 2 * (stream is Stream.POWER)


def test_the_key_of_a_sealed_generator_is_as_long_as_no_trial_can_search():
    keys = np.array([SealedSeed(1, SECRET).key(Stream.WEATHER, day) for day in range(2000)]).view(np.uint8)
    bits = np.unpackbits(keys.reshape(2000, 16), axis=1)
    assert bits.shape == (2000, 128)
    assert np.abs(bits.mean(axis=0) - 0.5).max() < 0.06  # five standard deviations: every bit depends on the secret


@pytest.mark.parametrize("secret", [b"", b"short", bytes(65)])
def test_a_secret_has_a_length(secret):
    with pytest.raises(ValueError, match="16 to 64 bytes"):
        SealedSeed(1, secret)


def test_every_draw_of_the_simulators_is_keyed_here():
    """A generator made elsewhere would not know the secret of a sealed world."""
    made = re.compile(r"default_rng|RandomState|np\.random\.(?!Generator)|Philox\(|import random|random\.seed")
    folder = Path(draws_module.__file__).parents[1]
    found = [str(file) for file in folder.rglob("*.py") if made.search(file.read_text(encoding="utf-8"))]
    assert found == [draws_module.__file__]
