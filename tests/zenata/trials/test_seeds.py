import re

from hypothesis import given
from hypothesis import strategies as st

from zenata.trials.seeds import MAX_NUMBER, commitment_of, first_day, generator, graded_seed, practice_seed

NUMBERS = st.integers(0, MAX_NUMBER)


@given(NUMBERS, NUMBERS)
def test_a_practice_seed_follows_from_its_number(one, other):
    assert practice_seed(one) == practice_seed(one)
    assert (practice_seed(one) == practice_seed(other)) == (one == other)


def test_graded_seeds_differ_and_do_not_follow_from_their_number():
    seeds = [graded_seed() for _ in range(20)]
    assert len({seed.number for seed in seeds}) == len({seed.secret for seed in seeds}) == 20
    assert all(seed != practice_seed(seed.number) for seed in seeds)


@given(st.lists(NUMBERS, min_size=1, max_size=5), st.integers(0, 4))
def test_a_commitment_shows_when_a_seed_was_changed(numbers, which):
    seeds = [practice_seed(number) for number in numbers]
    commitment = commitment_of(seeds)
    assert re.fullmatch("[0-9a-f]{64}", commitment)
    seeds[which % len(seeds)] = graded_seed()
    assert commitment_of(seeds) != commitment


@given(NUMBERS)
def test_what_is_hidden_depends_on_challenge_number_and_secret(number):
    def drawn(challenge, seed):
        return generator(challenge, seed).random(4).tolist()

    seed = practice_seed(number)
    assert drawn("a", seed) == drawn("a", seed) != drawn("b", seed)
    assert drawn("a", seed) != drawn("a", graded_seed())


@given(NUMBERS)
def test_a_world_begins_at_midnight_of_a_day_of_2026(number):
    day = first_day(generator("a", practice_seed(number)))
    assert day % 86_400_000_000 == 0
    assert 1_767_225_600 <= day // 1_000_000 < 1_798_761_600
