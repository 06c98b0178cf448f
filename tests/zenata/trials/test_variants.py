"""Variants of seeds: what they add to the plain world."""

import pytest

from zenata.city.clock import SECOND
from zenata.trials.challenge import DAY, plan_of
from zenata.trials.registry import CHALLENGES
from zenata.trials.seeds import Seed, commitment_of, practice_seed
from zenata.trials.variants import RAMADAN, RAMADAN_DAYS, VARIANTS


@pytest.mark.parametrize("name", CHALLENGES)
@pytest.mark.parametrize("variant", VARIANTS)
def test_hidden_events_stay_and_those_of_the_variant_come(name, variant):
    challenge = CHALLENGES[name]
    for number in range(20):
        plain, other = (plan_of(challenge, practice_seed(number, one)) for one in ("", variant))
        assert other.events[: len(plain.events)] == plain.events
        assert len(other.events) - len(plain.events) == (variant != "ramadan")
        assert other.start % (DAY * SECOND) == plain.start % (DAY * SECOND)
        if variant == "ramadan":
            begin = (other.start - RAMADAN) // SECOND + challenge.warm_up
            assert 0 <= begin <= begin + challenge.duration <= RAMADAN_DAYS * DAY
        else:
            assert other.start == plain.start


def test_what_is_no_variant_is_refused():
    with pytest.raises(ValueError, match="outage"):
        plan_of(CHALLENGES["leak-detection"], practice_seed(1, "snow"))


def test_a_plain_seed_has_the_commitment_that_it_had():
    assert commitment_of([Seed(number=1, secret="ab")]) == (
        "b1004f52d09b9e3e34ad57f08ce24b9caf5750ce900997d844182bb930b2d199"
    )
