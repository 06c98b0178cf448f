"""Parts that programs are composed from."""

import pytest

from sandbox.parts import city_of
from zenata.errors import CityError


def test_a_city_is_read_once_so_that_forks_share_it():
    assert city_of("zenata") is city_of("zenata")


def test_a_city_that_is_not_there_is_named_each_time():
    for _ in range(2):
        with pytest.raises(CityError, match="atlantis"):
            city_of("atlantis")
