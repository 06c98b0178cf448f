from dataclasses import replace

import numpy as np
import pytest
import shapely
from numpy.testing import assert_allclose

from sandbox.parts import city_of
from simulators.domains.water.network import (
    LEAST,
    NOMINAL,
    area,
    build_network,
    design_flow,
    diameters,
    elevations,
    inside,
    territories,
)
from tests.simulators.conftest import small_city
from zenata.errors import CityError

STREETS = small_city().streets
TANKS = np.array([[-7.45, 33.64], [-7.4435, 33.64]])
NETWORK = build_network(STREETS, TANKS, np.array([500.0, 600.0]))


def test_one_pipe_runs_under_both_directions_of_a_street():
    by_ends = {(street.start, street.end): street.id for street in STREETS if street.road != "motorway"}
    assert set(NETWORK.pipe_of) == set(by_ends.values())
    for (start, end), street in by_ends.items():
        pipe, direction = NETWORK.pipe_of[street]
        assert NETWORK.pipe_of[by_ends[end, start]] == (pipe, -direction)
    assert len(NETWORK.length) == len(by_ends) / 2 + 2


def test_pipes_lie_between_the_ends_of_their_streets():
    for street in STREETS:
        if street.id in NETWORK.pipe_of:
            pipe, direction = NETWORK.pipe_of[street.id]
            ends = NETWORK.positions[[NETWORK.start[pipe], NETWORK.end[pipe]]]
            assert_allclose(ends[::direction], [street.line[0], street.line[-1]])
            assert NETWORK.length[pipe] == street.length
            assert NETWORK.least[pipe] == LEAST[street.road]


def test_mains_come_from_tanks_to_the_nearest_junctions():
    junctions = len(NETWORK.positions)
    assert NETWORK.start[-2:].tolist() == [junctions, junctions + 1]
    assert_allclose(NETWORK.positions[NETWORK.end[-2:]], TANKS, atol=1e-3)
    assert NETWORK.length[-2:].tolist() == [500, 600]


def test_the_mains_carry_all_demand_and_every_junction_gets_its_own():
    demand = np.random.default_rng(1).random(len(NETWORK.positions))
    flow = design_flow(NETWORK, demand)
    assert flow[-2:].sum() == pytest.approx(demand.sum())
    touched = np.zeros((2, len(demand) + 2))  # the largest flow at each node, and the sum of all
    np.maximum.at(touched[0], np.concatenate([NETWORK.start, NETWORK.end]), np.tile(flow, 2))
    np.add.at(touched[1], np.concatenate([NETWORK.start, NETWORK.end]), np.tile(flow, 2))
    entering, others = touched[0], touched[1] - touched[0]
    assert_allclose((entering - others)[:-2], demand)  # on a tree one pipe brings what the rest and the node take


def test_streets_apart_from_the_others_are_refused():
    island = replace(STREETS[0], id="street-9999", start="far", end="farther", line=((-7.0, 33.0), (-7.0, 33.1)))
    with pytest.raises(CityError, match="no supply"):
        design_flow(
            build_network((*STREETS, island), TANKS, np.array([500.0, 600.0])), np.ones(len(NETWORK.positions) + 2)
        )


def test_diameters_grow_with_flow_and_keep_the_velocity():
    flow = np.linspace(0.1, 900, 300)
    size = diameters(flow, np.full(300, 100.0))
    assert np.isin(size, NOMINAL).all()
    assert (np.diff(size) >= 0).all()
    velocity = flow / 1000 / (np.pi / 4 * (size / 1000) ** 2)
    assert (velocity <= 1.5 * np.sqrt(size / 1000 + 0.05) * (1 + 1e-12)).all()
    assert diameters(np.array([0.0, 1.0]), np.array([150.0, 200.0])).tolist() == [150, 200]


def test_the_ground_rises_evenly():
    low, high = (-7.47, 33.66, 8.0), (-7.45, 33.64, 34.0)
    positions = np.array([low[:2], high[:2], (-7.46, 33.65)])
    assert_allclose(elevations(positions, low, high), [8, 34, 21])


def test_inside_agrees_with_shapely():
    points = np.random.default_rng(1).uniform((-7.5, 33.62), (-7.42, 33.68), (2000, 2))
    for district in city_of("zenata").districts:
        polygon = shapely.Polygon(district.ring)
        assert (inside(points, np.array(district.ring)) == shapely.contains_xy(polygon, *points.T)).all()
        assert area(district) == pytest.approx(polygon.area, rel=1e-6)


def test_territories_share_out_whole_districts():
    city = city_of("zenata")
    positions = build_network(city.streets, TANKS, np.ones(2)).positions
    shares = territories(city.districts, positions)
    assert_allclose(shares.sum(axis=1), 1)
    assert ((shares > 0).sum(axis=1) > 1).all()
    assert (shares.sum(axis=0) > 0).mean() > 0.8
