import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import shapely

from zenata.city.model import City
from zenata.city.pack import CITIES, load_city
from zenata.errors import CityError

GENERATOR = Path(__file__).parents[3] / "scripts/generate_city.py"

TOML = """\
id = "square"
name = "Square"
timezone = "Africa/Casablanca"
bbox = [-7.5, 33.6, -7.4, 33.7]
[units]
watts = "W"
[climate]
rain = [1, 2]
"""
RING = [[-7.5, 33.6], [-7.4, 33.6], [-7.4, 33.7], [-7.5, 33.7], [-7.5, 33.6]]


def feature(type_: str, coordinates: object, **properties: object) -> dict:
    return {"type": "Feature", "properties": properties, "geometry": {"type": type_, "coordinates": coordinates}}


def district(**changes: object) -> dict:
    words = {"id": "centre", "name": "Centre", "category": "living", "population": 10, "green": True} | changes
    return feature("Polygon", [words.pop("ring", RING)], **words)


def street(**changes: object) -> dict:
    words = {"id": "street-1", "start": "a", "end": "b", "road": "primary", "lanes": 1, "limit": 50, "length": 9000.0}
    words |= {"signal": False, "line": [[-7.49, 33.65], [-7.41, 33.65]]} | changes
    return feature("LineString", words.pop("line"), **words)


def lamp(**changes: object) -> dict:
    words = {"id": "streetlight-1", "district": "centre", "street": "street-1", "watts": 80, "at": [-7.45, 33.65]}
    words |= changes
    return feature("Point", words.pop("at"), **words)


def collection(*features: object) -> str:
    return '{"type": "FeatureCollection", "features": [\n' + ",\n".join(map(json.dumps, features)) + "\n]}\n"


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    files = {
        "city.toml": TOML,
        "districts.geojson": collection(district()),
        "streets.geojson": collection(street()),
        "sensors/streetlight.geojson": collection(lamp(), lamp(id="streetlight-2", at=[-7.5, 33.7])),
    }
    (tmp_path / "sensors").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture(scope="module")
def zenata() -> City:
    return load_city()


def test_small_pack_is_read_as_written(pack: Path) -> None:
    city = load_city(pack)
    assert (city.id, city.name, city.zone.key) == ("square", "Square", "Africa/Casablanca")
    assert city.parameters["climate"] == {"rain": [1, 2]}
    assert city.district_by_id["centre"].ring[2] == (-7.4, 33.7)
    assert city.district_by_id["centre"].attributes == {"green": True}
    assert city.streets[0].length == 9000
    assert city.sensor_by_id["streetlight-1"].attributes == {"street": "street-1", "watts": 80}
    assert city.sensor_by_id["streetlight-2"].longitude == -7.5, "a sensor on the boundary is inside"


def test_path_as_text_is_a_folder(pack: Path) -> None:
    assert load_city(str(pack)) == load_city(pack)


BAD = {
    "toml syntax": ("city.toml", TOML.replace('"Square"', "Square"), "city.toml: .*line 2"),
    "toml bytes": ("city.toml", b"name = '\xff'", "city.toml:1: is not UTF-8"),
    "no name": ("city.toml", TOML.replace("name", "nome"), "city.toml: .*`name`"),
    "time zone": ("city.toml", TOML.replace("Casablanca", "Zenata"), "city.toml: .*Africa/Zenata"),
    "bbox": ("city.toml", TOML.replace("-7.5", "7.5"), "city.toml: bbox"),
    "unknown unit": ("city.toml", TOML.replace('"W"', '"watt"'), "city.toml: units.watts: unknown unit 'watt'"),
    "json syntax": ("streets.geojson", '{\n"features": [\n}\n', "streets.geojson:3: "),
    "json cut short": ("streets.geojson", '{"features": [\n\n', "streets.geojson:1: "),
    "json bytes": ("streets.geojson", b'{\n"note": "\xff"}', "streets.geojson:2: is not UTF-8"),
    "json syntax after a bad feature": ("streets.geojson", '{"features": [{},\n?]}', "streets.geojson:2: "),
    "no features": ("streets.geojson", "{}", "streets.geojson: .*`features`"),
    "no id": ("streets.geojson", collection(street(), {"geometry": {}}), "streets.geojson: feature 2: "),
    "wrong geometry": (
        "streets.geojson",
        collection(street() | {"geometry": district()["geometry"]}),
        "street-1: .*'Polygon'",
    ),
    "unknown road": ("streets.geojson", collection(street(road="path")), "streets.geojson: street-1: .*'path'"),
    "street word": ("streets.geojson", collection(street(lane=1)), "streets.geojson: street-1: .*`lane`"),
    "length": ("streets.geojson", collection(street(length=0)), "streets.geojson: street-1: length is not positive"),
    "lanes": ("streets.geojson", collection(street(lanes=0)), "streets.geojson: street-1: lanes is not positive"),
    "short line": ("streets.geojson", collection(street(line=[[0, 0]])), "streets.geojson: street-1: .*two positions"),
    "duplicate street": ("streets.geojson", collection(street(), street()), "streets.geojson: street-1: duplicate id"),
    "duplicate district": (
        "districts.geojson",
        collection(district(), district()),
        "districts.geojson: centre: duplicate",
    ),
    "category": ("districts.geojson", collection(district(category="zoo")), "districts.geojson: centre: .*'zoo'"),
    "open ring": ("districts.geojson", collection(district(ring=RING[:4])), "districts.geojson: centre: a ring"),
    "crossing ring": (
        "districts.geojson",
        collection(district(ring=[RING[0], RING[2], RING[1], RING[3], RING[0]])),
        "districts.geojson: centre: bad ring: Self-intersection",
    ),
    "hole": (
        "districts.geojson",
        collection(feature("Polygon", [RING, RING], **district()["properties"])),
        "centre: .*holes",
    ),
    "unknown kind": ("sensors/lamp.geojson", collection(), "lamp.geojson: unknown kind 'lamp'; .*streetlight"),
    "sensor id": ("sensors/streetlight.geojson", collection(lamp(id="lamp-1")), "streetlight.geojson: lamp-1: "),
    "sensor without id": ("sensors/streetlight.geojson", collection(feature("Point", [0, 0])), "feature 1: .*`id`"),
    "sensor null": (
        "sensors/streetlight.geojson",
        collection(lamp(watts=None)),
        "streetlight.geojson: streetlight-1: ",
    ),
    "duplicate sensor": ("sensors/streetlight.geojson", collection(lamp(), lamp()), "streetlight-1: duplicate id"),
    "unknown property": (
        "sensors/streetlight.geojson",
        collection(lamp(wats=1)),
        "streetlight-1: unknown property 'wats'",
    ),
    "unknown district": (
        "sensors/streetlight.geojson",
        collection(lamp(district="x")),
        "streetlight-1: unknown district 'x'",
    ),
    "unknown street": (
        "sensors/streetlight.geojson",
        collection(lamp(street="x")),
        "streetlight-1: unknown street 'x'",
    ),
    "outside": (
        "sensors/streetlight.geojson",
        collection(lamp(), lamp(id="streetlight-2", at=[-7.39, 33.65])),
        "streetlight.geojson: streetlight-2: lies outside its district centre",
    ),
}


@pytest.mark.parametrize(("name", "content", "message"), BAD.values(), ids=BAD)
def test_bad_pack_is_refused_with_file_and_line_or_id(
    pack: Path, name: str, content: str | bytes, message: str
) -> None:
    (pack / name).write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(CityError) as caught:
        load_city(pack)
    assert re.search(message, str(caught.value)), str(caught.value)
    assert Path(name).name in str(caught.value)


@pytest.mark.parametrize("name", ["city.toml", "districts.geojson", "streets.geojson", "sensors"])
def test_missing_part_is_named(pack: Path, name: str) -> None:
    shutil.rmtree(pack / name) if name == "sensors" else (pack / name).unlink()
    with pytest.raises(CityError, match=rf"{name}: cannot be read: .*[Nn]o such"):
        load_city(pack)


def test_unknown_name_is_looked_for_among_the_packs() -> None:
    with pytest.raises(CityError, match=re.escape(str(CITIES / "atlantis" / "city.toml"))):
        load_city("atlantis")


def test_zenata_has_its_ten_thousand_sensors(zenata: City) -> None:
    assert Counter(sensor.kind for sensor in zenata.sensors) == {
        "weather": 14, "air": 120, "noise": 150, "traffic": 400, "parking": 2600, "charger": 300, "streetlight": 3000,
        "pv": 250, "power": 120, "meter": 2000, "water": 350, "waste": 500, "crowd": 136, "bus": 60,
    }  # fmt: skip
    assert len(zenata.sensor_by_id) == 10_000


def test_zenata_has_the_quarters_of_the_plan(zenata: City) -> None:
    categories = Counter(district.category for district in zenata.districts)
    assert categories == {
        "living": 15,
        "health": 1,
        "education": 1,
        "retail": 1,
        "logistics": 2,
        "industrial": 1,
        "coast": 1,
    }
    assert sum(district.population for district in zenata.districts) == 14 * 16_000 + 7_400
    assert {sensor.district for sensor in zenata.sensors} == set(zenata.district_by_id)


@pytest.mark.parametrize("name", ["zenata", "valdeira"])
def test_districts_do_not_overlap(name: str) -> None:
    city = load_city(name)
    polygons = [shapely.Polygon(district.ring) for district in city.districts]
    assert all(polygon.exterior.is_ccw for polygon in polygons)  # RFC 7946, section 3.1.6
    assert shapely.union_all(polygons).area == pytest.approx(sum(polygon.area for polygon in polygons), rel=1e-6)
    assert shapely.box(*city.bbox).contains(shapely.union_all(polygons))


def test_zenata_streets_lead_everywhere_but_against_the_motorway(zenata: City) -> None:
    import networkx as nx

    graph = nx.DiGraph((street.start, street.end) for street in zenata.streets)
    assert len(graph.edges) == len(zenata.streets), "one link from one node to another"
    strong = max(nx.strongly_connected_components(graph), key=len)
    assert all(node.startswith("a1-") for node in set(graph) - strong)
    assert 430 <= len(zenata.streets) <= 500


def test_zenata_streets_meet_at_their_nodes(zenata: City) -> None:
    positions: dict[str, set[tuple[float, float]]] = {}
    for link in zenata.streets:
        positions.setdefault(link.start, set()).add(link.line[0])
        positions.setdefault(link.end, set()).add(link.line[-1])
    assert {node: at for node, at in positions.items() if len(at) > 1} == {}


def test_traffic_lights_stand_at_whole_junctions(zenata: City) -> None:
    lit = {street.end for street in zenata.streets if street.signal}
    assert lit
    assert all(street.signal == (street.end in lit) for street in zenata.streets)


def of_kind(kind: str) -> Callable[[City], list]:
    return lambda city: [sensor.attributes for sensor in city.sensors if sensor.kind == kind]


@pytest.mark.parametrize("kind", ["traffic", "parking", "charger", "streetlight", "noise", "waste", "bus"])
def test_sensors_beside_streets_say_which(zenata: City, kind: str) -> None:
    assert all("street" in attributes for attributes in of_kind(kind)(zenata))


def test_sensors_carry_what_simulators_need(zenata: City) -> None:
    assert {a["site"] for a in of_kind("air")(zenata)} == {"kerb", "background"}
    assert {a["watts"] for a in of_kind("charger")(zenata)} == {7_400, 22_000, 50_000}
    assert all(78 <= a["watts"] <= 118 for a in of_kind("streetlight")(zenata)), "196 W less 40 to 60 %"
    assert all(a["watts_peak"] > 0 and 0 <= a["tilt"] <= 90 and 0 <= a["azimuth"] < 360 for a in of_kind("pv")(zenata))
    assert {a["line"] for a in of_kind("bus")(zenata)} == {"902", "axis"}
    assert sum("street" in a for a in of_kind("water")(zenata)) == 348
    assert [a["supply"] for a in of_kind("water")(zenata) if "street" not in a] == [1, 2]


def test_climate_has_twelve_months(zenata: City) -> None:
    assert {len(values) for values in zenata.parameters["climate"].values()} == {12}


def test_generator_writes_the_committed_bytes(tmp_path: Path) -> None:
    subprocess.run([sys.executable, GENERATOR, tmp_path], check=True)
    committed = CITIES / "zenata"
    written = {file.relative_to(tmp_path) for file in tmp_path.rglob("*.geojson")}
    assert written == {file.relative_to(committed) for file in committed.rglob("*.geojson")}
    assert [name for name in sorted(written) if (tmp_path / name).read_bytes() != (committed / name).read_bytes()] == []


def test_sensors_are_found_by_kind_in_their_order():
    city = load_city("zenata")
    found = city.positions_by_kind
    assert sorted(position for positions in found.values() for position in positions) == list(range(len(city.sensors)))
    for kind, positions in found.items():
        assert positions == sorted(positions)
        assert {city.sensors[position].kind for position in positions} == {kind}
