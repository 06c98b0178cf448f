"""Reference forecasts of the city's own physics: a plain gradient-boosted model against climatology and persistence."""

import numpy as np
import pytest

from scripts.physics_forecast import DAY, DISTRICTS, HORIZONS, History, history, margins
from zenata.city.pack import load_city

SPAN = ("2026-04-05T23:00Z", "2026-04-21T23:00Z")
"""Sixteen days from a Monday on."""

MARGINS = {
    ("traffic", 15): (0.1, 0.3),
    ("traffic", 60): (0.07, 0.4),
    ("parking", 15): (0.5, 0.06),
    ("parking", 30): (0.4, 0.1),
    ("parking", 60): (0.25, 0.2),
    ("crowd", 15): (0.5, 0.03),
    ("crowd", 30): (0.4, 0.1),
    ("crowd", 60): (0.25, 0.15),
    ("charger", 15): (0.3, 0.06),
    ("charger", 30): (0.15, 0.06),
    ("charger", 60): (0.08, 0.08),
    ("water", 60): (0.25, 0.5),
}
"""By domain and minutes ahead: what the model gains at least over climatology and over persistence."""


LONG = {"parking", "charger", "traffic"}
"""Domains that take most of the time, for `make soak`; people and water, of the same hourly demand, stay."""


@pytest.fixture(scope="module")
def known(request):
    domains = {
        test.callspec.params["name"]
        for test in request.session.items
        if test.path == request.path and hasattr(test, "callspec")
    }
    return history(load_city("zenata"), sorted(domains), SPAN, readers=DISTRICTS, series=12)


@pytest.mark.parametrize(
    ("name", "minutes"),
    [pytest.param(*one, marks=pytest.mark.soak if one[0] in LONG else ()) for one in MARGINS],
)
def test_a_plain_model_beats_climatology_and_persistence(known, name, minutes):
    found = margins(known, name, HORIZONS[minutes])
    assert found.climatology > MARGINS[name, minutes][0]
    assert found.persistence > MARGINS[name, minutes][1]


def test_traffic_of_nine_days_can_be_forecast():
    """The short form of the above for traffic: from five and a half days the rest, with a weekend in it."""
    span = ("2026-04-05T23:00Z", "2026-04-14T23:00Z")
    known = history(load_city("zenata"), ["traffic"], span, readers=DISTRICTS, series=12)
    for minutes, climatology, persistence in ((15, 0.12, 0.15), (60, 0.07, 0.25)):  # found: 0.19, 0.24; 0.12, 0.33
        found = margins(known, "traffic", HORIZONS[minutes], trained=0.6)
        assert found.climatology > climatology
        assert found.persistence > persistence


def test_where_days_are_alike_nothing_beats_climatology():
    """The measure itself: noise about a course of the day leaves a model no margin."""
    rng = np.random.default_rng(1)
    quarters = np.arange(28 * DAY)
    values = 100 + 50 * np.sin(quarters / DAY * 2 * np.pi)[:, None] + rng.normal(0, 5, (len(quarters), 10))
    apart = rng.normal(0, 5 * np.sqrt(2), (500, len(HORIZONS), 10))  # of two futures that chance alone parts
    known = History({"noise": values}, np.zeros(len(quarters), dtype=np.bool_), {}, {"noise": apart})
    found = margins(known, "noise", 4)
    assert abs(found.climatology) < 0.1
    assert found.persistence > 0.3
    assert abs(found.possible[0]) < 0.1
    assert found.persistence < found.possible[1] < found.persistence + 0.1
