import numpy as np
from numpy.testing import assert_allclose

from simulators.domains.parking import Access
from simulators.domains.traffic.network import IMPASSABLE


def test_what_is_shut_of_the_streets_round_a_place(city, conditions):
    bays = [sensor for sensor in city.sensors if sensor.kind == "parking"][:4]
    access = Access(city, bays)
    assert access.share(conditions) is None
    streets = np.array([street.road != "motorway" for street in city.streets])
    conditions.disturbance.closed[:] = ~streets
    assert_allclose(access.share(conditions), 1)  # nobody parks on the motorway
    some = np.flatnonzero(streets)[: streets.sum() // 4]
    conditions.flood[some] = IMPASSABLE + 1
    assert_allclose(access.share(conditions), 1 - len(some) / streets.sum())  # all are as long
    conditions.disturbance.closed[:] = True
    assert_allclose(access.share(conditions), 0, atol=1e-12)
