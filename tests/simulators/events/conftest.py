import pytest

from simulators.domains.power.domain import Power
from simulators.events.base import HOUR, Event
from simulators.events.registry import effect_of
from simulators.world.conditions import Conditions

START = 1766880000_000000
"""Sunday 2025-12-28, 00:00 UTC."""


@pytest.fixture(scope="session")
def make(city):
    """Make the effect of an event on the small city, from `START` on."""
    domains = {"power": Power(city, Conditions.of(city, seed=1, time=START))}

    def make(type_, id_="it", hours=10, seed=1, **parameters):
        event = Event(id=id_, type=type_, start=START, end=START + hours * HOUR, parameters=parameters)
        return effect_of(event, city, domains, seed)

    return make


@pytest.fixture
def disturbed(conditions):
    """Return what effects do some hours after they began."""

    def disturbed(*effects, after=5.0):
        conditions.move_to(START + round(after * HOUR))
        conditions.disturbance.clear()
        for effect in effects:
            effect.disturb(conditions)
        return conditions.disturbance

    return disturbed
