import numpy as np
import pytest

from zenata.errors import ScenarioError


def test_an_accident_narrows_its_street_and_slows_the_other_direction(make, disturbed):
    accident = make("accident", target="street-0001", capacity=0.2)
    capacity = disturbed(accident).capacity
    assert capacity[:2].tolist() == [0.2, 0.9]
    assert (capacity[2:] == 1).all()
    assert accident.severity == pytest.approx(0.8)


def test_accidents_in_one_street_multiply(make, disturbed):
    capacity = disturbed(make("accident", target="street-0001"), make("accident", target="street-0002")).capacity
    assert capacity[:2] == pytest.approx([0.35 * 0.9] * 2)


def test_a_closure_closes_both_directions_or_one(make, disturbed, city):
    both = make("road_closure", streets=["street-0003"])
    assert both.targets == ("street-0003", "street-0004")
    assert np.flatnonzero(disturbed(both).closed).tolist() == [2, 3]
    assert make("road_closure", streets=["street-0003"], both=False).targets == ("street-0003",)
    assert both.severity == pytest.approx(2 * 200 / 2000)


def test_a_closure_can_be_a_way(make, city):
    closed = make("road_closure", between=["node-0-0", "node-0-2"], both=False).targets
    assert len(closed) == 2
    assert (
        make("road_closure", streets=["traffic-0002"], between=["node-0-0", "node-0-2"], both=False).targets != closed
    )


@pytest.mark.parametrize(
    ("type_", "parameters", "message"),
    [
        (
            "accident",
            {"capacity": 1.5},
            r"accident: capacity: 1.5 is not allowed: give a number from 0 to 1$",
        ),
        ("accident", {"capacity": float("nan")}, "accident: capacity: .* give a number from 0 to 1$"),
        ("accident", {"lane": 1}, "accident: lane: is not a member; use target, capacity, opposite$"),
        ("road_closure", {"streets": ["a"]}, "unknown street or sensor 'a'"),
        ("road_closure", {"between": ["node-0-0", "node-0-0"]}, "no street lies between node-0-0 and itself"),
    ],
)
def test_what_is_wrong_is_named(make, type_, parameters, message):
    with pytest.raises(ScenarioError, match=message):
        make(type_, **parameters)
