"""Generates the GeoJSON files of the city pack of Zenata: the same bytes every time.

Usage: python scripts/generate_city.py [folder]
"""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import city_buildings
import numpy as np
from city_plan import NAMES, QUARTERS, to_wgs84
from city_sensors import PLACE, Site

PACK = Path(__file__).parents[1] / "zenata/cities/zenata"
SEED = 20190711

Feature = tuple[str, Any, Mapping[str, float | str | bool]]
"""Type of the geometry, its coordinates (longitude, latitude) [deg], and properties."""


def district_features(site: Site) -> Iterator[Feature]:
    """Yield the districts."""
    for name, outline in site.rings.items():
        words: dict[str, str | int] = {"id": name, "name": "Coast", "category": "coast", "population": 0}
        if quarter := QUARTERS.get(name):
            words |= {"name": quarter.name, "category": quarter.category, "population": quarter.population}
        words |= dict(zip(("name_fr", "name_ar"), NAMES[name], strict=True))
        yield "Polygon", [[to_wgs84(place) for place in outline]], words


def street_features(site: Site) -> Iterator[Feature]:
    """Yield the streets; lights stand where three main ones or more come in, a primary one among them."""
    incoming: dict[str, list[str]] = {}
    for link in site.streets.values():
        incoming.setdefault(link.end, []).append(link.road)
    lit = {end for end, roads in incoming.items() if "primary" in roads and len(roads) - roads.count("residential") > 2}
    for id_, link in site.streets.items():
        words: dict[str, str | float] = {
            "id": id_,
            "start": link.start,
            "end": link.end,
            "road": link.road,
            "lanes": link.lanes,
        }
        words |= {"limit": link.limit, "length": round(site.lines[id_].length, 1), "signal": link.end in lit}
        yield "LineString", [to_wgs84(place) for place in link.line], words


def sensor_features(site: Site, kind: str) -> Iterator[Feature]:
    """Yield the sensors of a kind, numbered from 1."""
    for number, spot in enumerate(PLACE[kind](site), start=1):
        words = {"id": f"{kind}-{number:04d}", "district": spot.district, **spot.attributes}
        yield "Point", to_wgs84(spot.place), words


def building_features(site: Site) -> Iterator[Feature]:
    """Yield the footprints of buildings, with their heights [m]."""
    found = city_buildings.buildings(site.grid, np.random.default_rng(SEED + 1))  # no draw of the sensors changes
    for number, (district, outline, height) in enumerate(found, start=1):
        words = {"id": f"building-{number:04d}", "district": district, "height": height}
        yield "Polygon", [[to_wgs84(place) for place in outline]], words


def land_features(site: Site) -> Iterator[Feature]:
    """Yield sea, shore, beach, parks and railway."""
    for layer, id_, (english, french, arabic), places in city_buildings.land(site.grid):
        words = {"id": id_, "layer": layer, "name": english, "name_fr": french, "name_ar": arabic}
        line = [to_wgs84(place) for place in places]
        yield ("Polygon", [line], words) if places[0] == places[-1] else ("LineString", line, words)


def write_features(file: Path, note: str, features: Iterable[Feature]) -> None:
    """Write a feature collection (RFC 7946), one feature a line for people to read and edit."""
    lines = []
    for type_, coordinates, words in features:
        geometry = {"type": type_, "coordinates": coordinates}
        lines.append(json.dumps({"type": "Feature", "properties": words, "geometry": geometry}, ensure_ascii=False))
    head = json.dumps({"type": "FeatureCollection", "note": note})[:-1]
    file.parent.mkdir(parents=True, exist_ok=True)
    body = ",\n".join(lines)
    file.write_text(f'{head}, "features": [\n{body}\n]}}\n', encoding="utf-8")


def generate(folder: Path) -> None:
    """Write the GeoJSON files of the pack into a folder."""
    site = Site(np.random.default_rng(SEED))
    write_features(
        folder / "districts.geojson", "Areas follow the plan; outlines are fictional.", district_features(site)
    )
    write_features(folder / "streets.geojson", "Fictional streets, on a grid as planned.", street_features(site))
    write_features(folder / "buildings.geojson", "Fictional footprints; heights as planned.", building_features(site))
    write_features(folder / "land.geojson", "Schematic.", land_features(site))
    for kind in PLACE:
        write_features(folder / "sensors" / f"{kind}.geojson", "Fictional sensors.", sensor_features(site, kind))


if __name__ == "__main__":
    generate(Path(sys.argv[1]) if len(sys.argv) > 1 else PACK)
