"""What holds for every type of event."""

import msgspec
import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from simulators.domains.power.domain import Power
from simulators.domains.registry import DOMAINS
from simulators.events.base import HOUR, Event
from simulators.events.registry import EVENTS, effect_of
from simulators.world.conditions import Conditions
from simulators.world.disturbance import Disturbance
from simulators.world.world import TICK, World
from tests.simulators.conftest import small_city
from zenata.errors import ScenarioError

START = 1782200000_000000 // TICK * TICK
"""A Tuesday in June 2026, in the morning."""

CITY = small_city()
"""The city of the fixture, which Hypothesis would print."""

PUBLIC = {"road_closure", "heatwave", "flood", "pollution_episode", "festival"}


def fields(disturbance: Disturbance) -> dict[str, object]:
    return {name: np.array(value) for name, value in vars(disturbance).items()}


def same(one: dict, other: dict) -> bool:
    return all(np.array_equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("type_", EVENTS)
def test_it_needs_no_parameters_and_disturbs(make, disturbed, city, type_):
    effect = make(type_)
    assert not same(fields(disturbed(effect)), fields(Disturbance(city)))
    assert 0 < effect.severity <= 1
    assert effect.targets
    known = {*city.sensor_by_id, *city.district_by_id, *(street.id for street in city.streets)}
    assert set(effect.targets) <= known
    assert effect.public == (type_ in PUBLIC)
    assert effect.duration > 0


@pytest.mark.parametrize("type_", EVENTS)
def test_what_is_left_to_chance_is_the_same_in_every_replay(make, type_):
    assert make(type_, id_="x", seed=9).targets == make(type_, id_="x", seed=9).targets


@pytest.mark.parametrize("type_", EVENTS)
def test_unknown_parameters_are_refused_with_those_there_are(make, type_):
    known = ", ".join(EVENTS[type_].Parameters.__struct_fields__)
    with pytest.raises(ScenarioError, match=f"{type_}: colour: is not a member; use {known}"):
        make(type_, colour="red")


@pytest.mark.parametrize("type_", EVENTS)
def test_parameters_are_documented(type_):
    parameters = EVENTS[type_].Parameters
    for name in parameters.__struct_fields__:
        assert name in (parameters.__doc__ or "").replace(",", " ").split(), name


def test_an_event_that_ends_before_it_begins_or_has_no_type_is_refused(make, city):
    with pytest.raises(ScenarioError, match="it ends before it has begun"):
        make("leak", hours=0)
    with pytest.raises(ScenarioError, match="there is no event of type 'earthquake': use leak, pipe_burst"):
        make("earthquake")


def test_overlapping_events_end_in_any_order_and_leave_nothing(city):
    """The disturbance at any time is that of the events under way alone."""
    world = World(city, seed=1, start=START, warm_up=False)
    for number, type_ in enumerate(EVENTS):
        begin = START + number % 4 * 6 * TICK
        world.timeline.inject(Event(id=type_, type=type_, start=begin, end=begin + (number % 5 + 1) * 6 * TICK))
    for _ in range(72):
        world.step()
        expected = Disturbance(city)
        now = Conditions.of(city, seed=1, time=world.time)
        now.disturbance = expected
        expected.active = any(event.under_way(world.time) for event, _ in world.timeline.effects)
        for event, effect in world.timeline.effects:
            if event.under_way(world.time):
                effect.disturb(now)
        assert same(fields(world._now.disturbance), fields(expected))
    neutral = Disturbance(city)
    neutral.active = False
    assert same(fields(world._now.disturbance), fields(neutral))


def _parameters(type_: str) -> st.SearchStrategy[dict[str, float]]:
    """Any allowed values of the numbers among a type's parameters."""
    found = {}
    for field in msgspec.inspect.type_info(EVENTS[type_].Parameters).fields:
        if isinstance(field.type, msgspec.inspect.FloatType):
            low = field.type.ge if field.type.ge is not None else field.type.gt or 0.0
            found[field.name] = st.floats(low, field.type.le, exclude_min=field.type.gt is not None).filter(bool)
    return st.fixed_dictionaries({}, optional=found)


@st.composite
def events(draw) -> list[Event]:
    made = []
    for number in range(draw(st.integers(1, 6))):
        type_ = draw(st.sampled_from(sorted(EVENTS)))
        start = START + draw(st.integers(-HOUR, 2 * HOUR))
        end = start + draw(st.integers(1, 3 * HOUR))
        made.append(Event(id=f"e{number}", type=type_, start=start, end=end, parameters=draw(_parameters(type_))))
    return made


@settings(max_examples=max(settings.default.max_examples // 4, 1), deadline=None, phases=[Phase.generate])
@given(events(), st.sampled_from([6, 30, 90]))
def test_no_scenario_stops_a_city_or_makes_it_infinite(scenario, ticks):
    world = World(CITY, seed=2, start=START, events=scenario, warm_up=False)
    for _ in range(3 * HOUR // (ticks * TICK)):
        world.step(ticks * TICK)
    assert np.isfinite(world.truth()).all()
    for name, array in world.state().items():
        if array.dtype.kind == "f" and name.partition(".")[0] in DOMAINS:
            assert not np.isnan(array).any(), name  # infinite is what a vehicle on direct current accepts


def test_effects_need_the_city_alone(city):
    """The same event on two worlds of a city and a seed acts on the same."""
    domains = {"power": Power(city, Conditions.of(city, seed=1))}
    event = Event(id="a", type="power_outage", start=0, end=1)
    assert effect_of(event, city, domains, 7).targets == effect_of(event, city, dict(domains), 7).targets
