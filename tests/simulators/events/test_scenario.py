import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.parts import city_of
from simulators.events.base import HOUR
from simulators.events.registry import EVENTS
from simulators.events.scenario import events_of, read_scenario, scenario_named
from simulators.record.digest import Digest
from simulators.world.world import TICK, World
from zenata.city.clock import SECOND, parse_time
from zenata.errors import ScenarioError

START = parse_time("2026-07-15T12:00:00Z")

TEXT = """
[[events]]
type = "leak"
id = "hole"
start = "+10m"
duration = "1h"
target = "street-0003"
area = 0.002

[[events]]
type = "flood"
start = 2026-07-15T12:30:00Z
duration = 1800

[[events]]
type = "flood"
start = "2026-07-15T13:00:00Z"
rain = 5

[[events]]
type = "accident"
"""


def test_a_scenario_is_read_into_events():
    hole, flood, drizzle, accident = read_scenario(TEXT, START)
    assert (hole.id, hole.start - START, hole.end - hole.start) == ("hole", 600 * SECOND, HOUR)
    assert hole.parameters == {"target": "street-0003", "area": 0.002}
    assert (flood.id, flood.start - START, flood.end - flood.start) == ("flood-1", HOUR // 2, HOUR // 2)
    assert (drizzle.id, drizzle.start - START, drizzle.parameters) == ("flood-2", HOUR, {"rain": 5})
    assert drizzle.end - drizzle.start == EVENTS["flood"].duration
    assert (accident.id, accident.start) == ("accident-1", START)


def test_ids_that_others_have_are_not_given():
    ids = [event.id for event in events_of([{"type": "leak"}, {"type": "leak", "id": "leak-2"}], START, ["leak-1"])]
    assert ids == ["leak-3", "leak-2"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[events]\n", "the scenario is not TOML: .*line 1"),
        ('title = "a"\n[[events]]\ntype = "leak"', r"a scenario is a list of tables \[\[events\]\], and nothing else"),
        ("", "a scenario is a list of tables"),
        ("events = [1]", "event 1 is no table"),
        ("[[events]]\nid = 'a'", "event 1: type: is missing: give a text"),
        ("[[events]]\ntype = 'leek'", "event 1: unknown type 'leek'; near it are leak"),
        ("[[events]]\ntype = 'leak'\nstart = 'soon'", "event 1: start: 'soon' is not a time: write a time as RFC 3339"),
        ("[[events]]\ntype = 'leak'\nstart = '+soon'", "event 1: start: '\\+soon' is not a time"),
        (
            "[[events]]\ntype = 'leak'\nstart = '9999-12-31T23:59:59Z'",
            "event 1: start: no world lives until 9999-12-31T23:59:59Z",
        ),
        ("[[events]]\ntype = 'leak'\nduration = -5", "event 1: duration: '-5' is not a duration"),
        ("[[events]]\ntype = 'leak'\nduration = nan", "event 1: duration: 'nan' is not a duration"),
        (
            "[[events]]\ntype = 'leak'\nid = 'a/b'",
            "event 1: id: \"a/b\" is not allowed: give 1 to 64 letters, digits, points, '-' and '_'",
        ),
    ],
)
def test_what_is_wrong_is_named(text, message):
    with pytest.raises(ScenarioError, match=message):
        read_scenario(text, START)


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=8), lambda deeper: st.lists(deeper)))
def test_whatever_an_entry_says_it_is_read_or_refused(value):
    for name in ("type", "id", "start", "duration"):
        try:
            events_of([{"type": "leak", name: value}], START)
        except ScenarioError as error:
            assert str(error).startswith("event 1: ")


def test_scenarios_of_zenata_fit_it():
    city = city_of("zenata")
    assert set(city.scenarios) == {"festival", "heatwave-blackout", "night-leak", "storm"}
    world = World(city, seed=1, start=START, warm_up=False)
    types = set()
    for name in city.scenarios:
        for event in read_scenario(scenario_named(city, name), START):
            assert 0 < world.timeline.inject(event).severity <= 1
            types.add(event.type)
    assert types == set(EVENTS) - {"pipe_burst", "sensor_fault"}


def test_a_scenario_that_is_not_there_is_named_with_those_that_are(city):
    with pytest.raises(ScenarioError, match="city small has no scenario 'storm': there is none"):
        scenario_named(city, "storm")
    with pytest.raises(ScenarioError, match="there is festival, heatwave-blackout, night-leak, storm"):
        scenario_named(city_of("zenata"), "strom")


def _all_types():
    """A scenario with every type, one after the other."""
    return events_of(
        [{"type": type_, "start": f"+{5 * n}m", "duration": "20m"} for n, type_ in enumerate(EVENTS, 1)], START
    )


def test_the_same_scenario_is_the_same_run_however_it_is_cut(city):
    whole, pieces = Digest(), Digest()
    world = World(city, seed=1, start=START, events=_all_types())
    for _ in range(90):
        whole.update(world.step(6 * TICK))
    world = World(city, seed=1, start=START, events=_all_types())
    for length in (1, 22, 7, 41, 19):
        for _ in range(length):
            pieces.update(world.step(6 * TICK))
        saved, world = world.state(), World(city, seed=1, start=START, events=_all_types(), warm_up=False)
        world.restore(saved)
    assert pieces.hexdigest() == whole.hexdigest()
