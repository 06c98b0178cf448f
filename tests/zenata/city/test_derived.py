"""What follows from a city alone is computed once for each."""

import pytest

from tests.simulators.conftest import small_city
from zenata.city.derived import derive, once_per_city
from zenata.errors import CityError


@pytest.fixture
def made(monkeypatch):
    """The cities of which something was computed, and the function that does."""
    monkeypatch.setattr("zenata.city.derived._KNOWN", [])
    requested = []

    @once_per_city
    def make(city):
        requested.append(city)
        return [city.id]

    return requested, make


def test_it_is_computed_once_for_each_city(made):
    requested, make = made
    one, other = small_city(), small_city()
    assert make(one) is make(one) is not make(other)
    assert [id(city) for city in requested] == [id(one), id(other)]
    assert one == other


def test_it_can_be_computed_beforehand(made):
    requested, make = made
    city = small_city()
    derive(city)
    make(city)
    assert len(requested) == 1


def test_what_a_city_lacks_is_reported_to_who_needs_it_each_time(made):
    @once_per_city
    def lacking(city):
        raise CityError(f"{city.id} has no trams")

    city = small_city()
    derive(city)
    for _ in range(2):
        with pytest.raises(CityError, match="no trams"):
            lacking(city)
