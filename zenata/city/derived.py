"""What follows from a city alone: computed once, and shared by all of its worlds in a process and in the forks of that."""

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any, TypeVar

from zenata.city.model import City
from zenata.errors import CityError

T = TypeVar("T")

_KNOWN: list[Callable[[City], Any]] = []


def once_per_city(make: Callable[[City], T]) -> Callable[[City], T]:
    """Let a function of a city compute its result once for each city, and return the very same again; nobody may change it."""

    @wraps(make)
    def made(city: City) -> T:
        if make not in city.derived:
            city.derived[make] = make(city)
        result: T = city.derived[make]
        return result

    _KNOWN.append(made)
    return made


def derive(city: City) -> None:
    """Compute all that follows from a city, before this process is forked. What a city lacks is reported by who needs it."""
    for make in _KNOWN:
        with suppress(CityError):
            make(city)
