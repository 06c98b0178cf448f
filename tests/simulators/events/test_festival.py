import numpy as np
import pytest

from simulators.domains.base import sensors_of
from simulators.events.festival import loudness
from zenata.errors import ScenarioError


def test_visitors_and_trips_are_shared_and_none_is_lost(make, disturbed):
    feast = disturbed(make("festival", place="crowd-0001", radius=250, visitors=1200, trips=500))
    assert feast.visitors.sum() == pytest.approx(1200)
    assert np.unique(feast.visitors[feast.visitors > 0]) == pytest.approx(
        [100]
    )  # the twelve counters stand in one place
    assert feast.trips.sum() == pytest.approx(500)


def test_it_comes_up_and_goes(make, disturbed):
    feast = make("festival", place="crowd-0001", visitors=1200)
    assert [disturbed(feast, after=hours).visitors.sum() for hours in (0, 0.25, 0.5, 9.5, 10)] == pytest.approx(
        [0, 600, 1200, 1200, 0]
    )


def test_no_trips_begin_on_the_motorway(make, disturbed, city):
    trips = disturbed(make("festival", place="crowd-0001", radius=5000)).trips
    assert {street.road for street, added in zip(city.streets, trips, strict=True) if not added} == {"motorway"}


def test_it_is_louder_nearby(make, disturbed, city):
    meters = sensors_of(city, "noise")
    near = disturbed(make("festival", place="noise-0003", sound=95)).sound[meters]
    assert near.argmax() == 2
    assert 10 * np.log10(near[2]) == pytest.approx(95)


def test_loudness_falls_by_six_decibels_with_the_double_distance_and_by_what_is_between():
    levels = 10 * np.log10(loudness(100.0, np.array([10.0, 30.0, 60.0, 120.0])))
    assert levels == pytest.approx([100, 100, 100 - 6.02 - 0.12, 100 - 12.04 - 0.37 - 10], abs=0.01)


def test_where_nobody_is_there_is_no_festival(make, city):
    west, south, _, _ = city.bbox
    with pytest.raises(ScenarioError, match="no crowd counter and no street lies within 20 m"):
        make("festival", place=[west, south], radius=20)
    with pytest.raises(ScenarioError, match="unknown place"):
        make("festival", place="nowhere")


def test_any_place_is_chosen_by_chance(make):
    assert make("festival", id_="a").targets == make("festival", id_="a").targets
