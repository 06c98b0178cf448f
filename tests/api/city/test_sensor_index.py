import json

import numpy as np
import pytest

from api.city.sensor_index import NEAR, SensorIndex, district_of, is_near
from tests.api.running import small_city


@pytest.fixture(scope="module")
def index() -> SensorIndex:
    return SensorIndex(small_city())


def test_distances_are_great_circles(index: SensorIndex) -> None:
    distances = index.distance(index.find(), -7.45, 33.6)
    # 0.01 degrees of latitude are 1111.95 m on a sphere of 6371.0088 km.
    assert distances == pytest.approx([0, 1111.95, 2223.90, 3335.85], abs=0.01)
    assert index.distance(np.array([0]), 172.55, -33.6)[0] == pytest.approx(np.pi * 6_371_008.8)
    assert json.loads(index.json(index.find(), distances)[1])["distance"] == 1112.0


@pytest.mark.parametrize(
    ("name", "meant"),
    [("air-0003", "air-0001"), ("air-01", "air-0001"), ("AIR-0002", "air-0002"), ("noize-1", "noise-0001")],
)
def test_similar_names_are_of_the_kind_meant(index: SensorIndex, name: str, meant: str) -> None:
    similar = index.similar(name)
    assert meant in similar
    assert {other.split("-")[0] for other in similar} == {meant.split("-")[0]}


@pytest.mark.parametrize("name", ["", "-", "xyzxyz-1", "?" * 1000])
def test_a_name_like_no_other_has_no_similar_ones(index: SensorIndex, name: str) -> None:
    assert index.similar(name) == []


@pytest.mark.parametrize(
    ("longitude", "latitude", "near", "district"),
    [
        (-7.45, 33.6, True, "la-ferme"),
        (-7.5, 33.5, True, "la-ferme"),
        (-7.5 - NEAR / 2, 33.6, True, ""),
        (-7.5 - 2 * NEAR, 33.6, False, ""),
        (-7.45, 33.7 + 2 * NEAR, False, ""),
    ],
)
def test_a_point_is_near_a_city_and_in_a_district(longitude, latitude, near, district):
    city = small_city()
    assert (is_near(city, longitude, latitude), district_of(city, longitude, latitude)) == (near, district)
