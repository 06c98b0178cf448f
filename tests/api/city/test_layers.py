"""Layers that only maps show: buildings, and land."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import shapely

from tests.api.documents import conforming
from tests.api.running import running, small_city
from zenata.city.model import City
from zenata.city.pack import read_layer
from zenata.contract.networks import Layer
from zenata.errors import CityError


@pytest.fixture(scope="module")
def visitor(zenata: City) -> Iterator[httpx.Client]:
    with running(city=zenata) as api, api.client("guest") as client:
        yield client


@pytest.mark.parametrize("name", ["buildings", "land"])
def test_a_layer_is_geojson_that_is_sent_once(visitor: httpx.Client, zenata: City, name: str) -> None:
    answer = visitor.get(f"/v1/{name}", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-type"] == "application/geo+json"
    assert answer.headers["content-encoding"] == "gzip"
    conforming(answer.json(), Layer)
    again = visitor.get(f"/v1/{name}", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_buildings_are_as_many_and_as_high_as_the_plan_says(visitor: httpx.Client, zenata: City) -> None:
    features = visitor.get("/v1/buildings").json()["features"]
    outlines = [shapely.Polygon(one["geometry"]["coordinates"][0]) for one in features]
    heights = [one["properties"]["height"] for one in features]
    assert 4_500 < len(features) < 5_500
    assert (min(heights) > 3, max(heights)) == (True, 130)
    assert 10 <= sorted(heights)[len(heights) // 2] <= 20  # R+4 in general
    areas = {one.id: shapely.Polygon(one.ring) for one in zenata.districts}
    assert all(
        areas[one["properties"]["district"]].contains(outline) for one, outline in zip(features, outlines, strict=True)
    )
    assert all(outline.exterior.is_ccw for outline in outlines)  # RFC 7946 section 3.1.6
    first, second = shapely.STRtree(outlines).query(outlines, "intersects")
    assert (first == second).all(), "two buildings overlap"
    streets = shapely.union_all([shapely.LineString(street.line) for street in zenata.streets])
    assert not shapely.intersects(streets, outlines).any()


def test_there_is_the_green_of_the_plan_and_the_sea(visitor: httpx.Client) -> None:
    features = visitor.get("/v1/land").json()["features"]
    layers = {one["properties"]["layer"] for one in features}
    assert {"sea", "coast", "beach", "plaza", "park", "rail"} <= layers
    green = sum(
        shapely.Polygon(one["geometry"]["coordinates"][0]).area
        for one in features
        if one["properties"]["layer"] == "park"
    )
    assert green * 92_778 * 110_920 / 10_000 == pytest.approx(470, rel=0.05)  # [ha]
    assert all(one["properties"]["name_ar"] for one in features)


def test_a_city_without_layers_has_empty_ones() -> None:
    assert read_layer(small_city(), "buildings") == b'{"type":"FeatureCollection","features":[]}'


@pytest.mark.parametrize(
    ("name", "words", "message"),
    [
        ("buildings", '"id": "b", "district": "nowhere", "height": 4', "b: names no district"),
        ("buildings", '"id": "b", "district": "coast", "height": 0', "b: names no district"),
        ("buildings", '"id": "b", "district": "coast"', "b: "),
        ("land", '"id": "l", "layer": "moon", "name": "Moon"', "l: "),
    ],
)
def test_a_layer_that_is_wrong_is_named(zenata: City, tmp_path: Path, name: str, words: str, message: str) -> None:
    file = tmp_path / "layer.geojson"
    ring = "[[[0, 0], [1, 0], [1, 1], [0, 0]]]"
    feature = f'{{"properties": {{{words}}}, "geometry": {{"type": "Polygon", "coordinates": {ring}}}}}'
    file.write_text(f'{{"features": [{feature}]}}')
    with pytest.raises(CityError, match=message):
        read_layer(replace(zenata, layers={name: file}), name)
