import json

import numpy as np
import pytest
from epanet import toolkit
from numpy.testing import assert_allclose
from power_grid_model import ComponentType, PowerGridModel
from power_grid_model.utils import json_deserialize

from simulators.domains.base import daily, sensors_of
from simulators.domains.power.domain import Power
from simulators.domains.power.flow import Grid
from simulators.domains.water.domain import Water
from simulators.domains.water.hydraulics import Hydraulics
from simulators.domains.water.tanks import INITIAL, START
from simulators.networks.documents import GRAPHS, Networks
from simulators.networks.power import reference_load
from simulators.world.conditions import Conditions
from zenata.city.pack import load_city
from zenata.errors import CityError


@pytest.fixture(scope="module")
def networks(zenata):
    return Networks(zenata)


@pytest.mark.parametrize("name", GRAPHS)
def test_networkx_reads_every_network_and_its_geojson_says_the_same(networks, name):
    import networkx as nx

    document = json.loads(json.dumps(networks.document(name, "node-link")))
    graph = nx.node_link_graph(document, edges="edges")
    assert graph.number_of_edges() > 20
    features = json.loads(json.dumps(networks.document(name, "geojson")))["features"]
    layers = {layer: [f for f in features if f["properties"]["layer"] == layer] for layer in ("node", "edge")}
    assert {f["id"] for f in layers["node"]} == set(graph.nodes)
    assert len(layers["edge"]) == graph.number_of_edges()
    for feature in layers["edge"]:
        assert feature["geometry"]["type"] == "LineString"
        assert all(-7.6 < x < -7.3 and 33.5 < y < 33.8 for x, y in feature["geometry"]["coordinates"])


@pytest.mark.parametrize("name", GRAPHS)
def test_the_small_city_has_them_too(city, name):
    assert Networks(city).document(name, "node-link")["nodes"]


def test_every_device_stands_where_the_networks_say(networks, zenata):
    streets = networks.document("streets", "node-link")
    there = [one["sensor"] for edge in streets["edges"] for one in edge["devices"]]
    with_street = [sensor.id for sensor in zenata.sensors if "street" in sensor.attributes]
    assert sorted(there) == sorted(with_street)
    power = networks.document("power", "node-link")
    hanging = [one["sensor"] for node in power["nodes"] for kind in node.get("connected", {}).values() for one in kind]
    expected = [sensor.id for sensor in zenata.sensors if sensor.kind in ("charger", "streetlight", "pv")]
    assert sorted(hanging) == sorted(expected)
    water = networks.document("water", "node-link")
    loggers = {one["sensor"] for edge in water["edges"] for one in edge.get("devices", [])}
    assert loggers == {zenata.sensors[index].id for index in sensors_of(zenata, "water")}
    valves = {one["sensor"] for edge in water["edges"] for one in edge["devices"] if "valve" in one["setpoints"]}
    assert len(valves) > 300


def test_the_grid_is_a_tree_under_each_substation(networks):
    import networkx as nx

    graph = nx.node_link_graph(networks.document("power", "node-link"), edges="edges")
    assert nx.is_forest(graph.to_undirected())
    assert nx.number_weakly_connected_components(graph) == 2
    feeders = {data["feeder"] for _, data in graph.nodes(data=True) if "feeder" in data}
    assert len(feeders) > 5


def test_water_reaches_every_junction_and_areas_have_metered_borders(networks):
    import networkx as nx

    document = networks.document("water", "node-link")
    graph = nx.node_link_graph(document, edges="edges")
    assert nx.is_connected(graph)
    areas = {area["id"]: area["border"] for area in document["graph"]["dma"]}
    assert len(areas) > 10
    for area, border in areas.items():
        inside = {node for node, data in graph.nodes(data=True) if data.get("dma") == area}
        crossing = {key for one, other, key in graph.edges(keys=True) if (one in inside) != (other in inside)}
        assert {one["pipe"] for one in border} == crossing
    metered = [bool(one["loggers"]) for border in areas.values() for one in border]
    assert np.mean(metered) > 0.75


def test_signals_have_two_phases_and_buses_come_back(networks):
    import networkx as nx

    traffic = networks.document("traffic", "node-link")
    signals = [node for node in traffic["nodes"] if node["type"] == "signal"]
    assert len(signals) > 30
    assert {approach["phase"] for signal in signals for approach in signal["approaches"]} == {0, 1}
    bus = networks.document("bus", "node-link")
    graph = nx.node_link_graph(bus, edges="edges")
    for line in bus["graph"]["lines"]:
        start, turn = line["termini"]
        assert nx.has_path(graph, start, turn)
        assert nx.has_path(graph, turn, start)
        assert len(line["buses"]) == 30


def test_streets_require_more_light_by_traffic(networks):
    document = networks.document("streets", "node-link")
    primary = next(edge for edge in document["edges"] if edge["road"] == "primary")
    lux = document["graph"]["class_lux"]
    assert lux[primary["lighting_class"][19]] > lux[primary["lighting_class"][3]]


def solved(text, tmp_path):
    """Solve an input file as EPANET does at its first hour; return pressures by node."""
    file = tmp_path / "city.inp"
    file.write_text(text)
    project = toolkit.createproject()
    toolkit.open(project, str(file), str(tmp_path / "city.rpt"), "")
    toolkit.openH(project)
    toolkit.initH(project, toolkit.NOSAVE)
    toolkit.runH(project)
    count = toolkit.getcount(project, toolkit.NODECOUNT)
    found = {
        toolkit.getnodeid(project, node): toolkit.getnodevalue(project, node, toolkit.PRESSURE)
        for node in range(1, count + 1)
    }
    toolkit.closeH(project)
    toolkit.deleteproject(project)
    return found


def test_the_input_file_gives_in_epanet_the_pressures_of_the_city(zenata, networks, tmp_path):
    water = Water(zenata, Conditions.of(zenata, seed=3))
    design = water.design
    course = [daily(use.working_day, 0.0) / use.mean_hour for use in design.parameters.uses]
    level = INITIAL * design.plant.depth
    own = Hydraulics(design.network, design.ground, design.diameter, design.parameters.roughness, design.plant).solve(
        demand=np.array(course) @ design.parts.sum(axis=1),
        level=level,
        pumps=(np.repeat(level, len(START)) < np.outer(design.plant.depth, START).ravel()),
        opened=np.ones(len(design.network.length), bool),
        leak=water.background[0],
        expansion=water.background[1],
    )
    pressures = solved(networks.document("water", "inp"), tmp_path)
    assert_allclose([pressures[f"node-{number}"] for number in range(len(own.pressure))], own.pressure, atol=0.02)
    assert own.pressure.min() > 20


def test_the_input_file_runs_a_day_in_epanet(networks, tmp_path):
    file = tmp_path / "city.inp"
    file.write_text(networks.document("water", "inp"))
    project = toolkit.createproject()
    toolkit.open(project, str(file), str(tmp_path / "city.rpt"), "")
    toolkit.openH(project)
    toolkit.initH(project, toolkit.NOSAVE)
    levels, running = [], []
    tank, pump = toolkit.getnodeindex(project, "tank-0"), toolkit.getlinkindex(project, "pump-0-1")
    while True:
        toolkit.runH(project)
        levels.append(toolkit.getnodevalue(project, tank, toolkit.PRESSURE))
        running.append(toolkit.getlinkvalue(project, pump, toolkit.STATUS))
        if not toolkit.nextH(project):
            break
    toolkit.closeH(project)
    toolkit.deleteproject(project)
    assert 2 < min(levels) < max(levels) < 6
    assert set(running) == {0.0, 1.0}


def test_the_dataset_solves_in_power_grid_model_to_the_voltages_of_the_city(zenata, networks):
    dataset = json_deserialize(networks.document("power", "pgm"))
    result = PowerGridModel(dataset, system_frequency=50.0).calculate_power_flow()
    power = Power(zenata, Conditions.of(zenata, seed=3))
    count, roots = len(power.layout.rating), len(power.layout.substation_rating)
    yes = np.ones(count, bool)
    flow = Grid(power.layout).solve(*reference_load(power), yes, yes, np.zeros(roots, dtype=np.int64))
    assert_allclose(result[ComponentType.node]["u"][2 * roots + count :] / np.sqrt(3), flow.voltage, rtol=1e-9)
    assert flow.voltage.min() > 200


def test_the_exports_say_nothing_of_a_world(zenata):
    """They are made of the city alone: no seed, no event, no moment of any world changes them."""
    one, other = Networks(zenata), Networks(load_city("zenata"))
    for network, format_ in (("water", "inp"), ("power", "pgm")):
        assert one.document(network, format_) == other.document(network, format_)


def test_an_unknown_network_is_refused(networks):
    with pytest.raises(CityError, match="sewers"):
        networks.document("sewers", "geojson")
    with pytest.raises(CityError, match="inp"):
        networks.document("power", "inp")
