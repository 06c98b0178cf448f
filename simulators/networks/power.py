"""Distribution grid of a city as a graph, and as an input dataset of power-grid-model."""

from collections import defaultdict
from typing import Any

import numpy as np
from power_grid_model import ComponentType
from power_grid_model.utils import json_serialize  # type: ignore[attr-defined] # it is re-exported without a word

from simulators.domains.base import sensors_of
from simulators.domains.charger import ChargerParameters, site_limits, site_names
from simulators.domains.power.connections import DEVICES, PowerParameters
from simulators.domains.power.domain import POWER_FACTOR, Power
from simulators.domains.power.flow import CABLE_C, CABLE_R, CABLE_RATING, CABLE_X, HIGH, MEDIUM, STATION_SECONDARY, Grid
from simulators.networks.graph import Graph, device
from simulators.world.conditions import Conditions
from simulators.world.parameters import read_table
from zenata.city.model import City, Sensor
from zenata.city.readings import FloatArray
from zenata.errors import CityError

REFERENCE_LOAD = 0.5
"""Load of each station over its rating in the exported dataset (default)."""

UNITS = {
    "kva": "kVA", "length": "m", "rating": "A", "resistance": "ohm/km", "reactance": "ohm/km", "capacitance": "F/km",
    "limit": "W", "tariff": "MAD/kWh", "voltage": "V",
}  # fmt: skip


def graph(city: City) -> Graph:
    """Return substations, stations with what hangs on them, the cables between them, and charging sites."""
    power, stations = _power(city)
    layout, roots = power.layout, read_table(city, "power", PowerParameters)
    hanging: dict[int, dict[str, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    devices = [city.sensors[index] for kind in DEVICES for index in sensors_of(city, kind)]
    for sensor, station in zip(devices, power.connected.tolist(), strict=True):
        hanging[station][sensor.kind].append(device(sensor))
    names = [f"substation-{number}" for number in range(len(roots.substations))]
    nodes: list[dict[str, Any]] = [
        {"id": name, "type": "substation", "position": position, "kva": roots.substation_kva, "voltage": [HIGH, MEDIUM]}
        for name, position in zip(names, roots.substations, strict=True)
    ]
    edges = []
    for number, station in enumerate(stations):
        upstream = int(layout.upstream[number])
        substation = int(layout.substation[number])
        above = stations[upstream].id if upstream >= 0 else names[substation]
        begin = roots.substations[substation] if upstream < 0 else _position(stations[upstream])
        nodes.append(
            {
                "id": station.id,
                "type": "station",
                "position": _position(station),
                "kva": float(layout.rating[number]),
                "voltage": [MEDIUM, STATION_SECONDARY],
                "feeder": f"feeder-{power.feeder[number]}",
                "district": station.district,
                "share_of_district": round(float(power.share[number]), 4),
                "devices": [device(station)],
                "connected": hanging[number],
            }
        )
        edges.append(
            {
                "id": f"cable-{number}",
                "type": "cable",
                "source": above,
                "target": station.id,
                "feeder": f"feeder-{power.feeder[number]}",
                "length": round(float(layout.length[number]), 1),
                "resistance": CABLE_R,
                "reactance": CABLE_X,
                "capacitance": CABLE_C,
                "rating": CABLE_RATING,
                "line": [begin, _position(station)],
            }
        )
    about = {"units": UNITS, **_charging(city)}
    return Graph(name="power", directed=True, about=about, nodes=nodes, edges=edges)


def pgm(city: City) -> str:
    """Return the grid as JSON of power-grid-model: switches closed, taps in the middle, stations at `REFERENCE_LOAD`.

    Nodes are the 60 kV and the 20 kV bars of substations, then the 20 kV and the low-voltage bars of stations, in the order
    of the graph's nodes; lines are its cables. Nothing of any running world is in it.
    """
    power, _ = _power(city)
    components = Grid(power.layout).components
    active, reactive = reference_load(power)
    load = components[ComponentType.sym_load]
    load["p_specified"], load["q_specified"] = active, reactive
    return json_serialize(components)


def reference_load(power: Power) -> tuple[FloatArray, FloatArray]:
    """Return the active and reactive power of the stations in the exported dataset [W], [var], shape (n_stations,) each."""
    active = REFERENCE_LOAD * 1000 * power.layout.rating * POWER_FACTOR
    return active, active * np.tan(np.arccos(POWER_FACTOR))


def _power(city: City) -> tuple[Power, list[Sensor]]:
    stations = [city.sensors[index] for index in sensors_of(city, "power")]
    if not stations:
        raise CityError(f"{city.id} has no transformer stations")
    return Power(city, Conditions.of(city, seed=0)), stations


def _position(sensor: Sensor) -> tuple[float, float]:
    return sensor.longitude, sensor.latitude


def _charging(city: City) -> dict[str, Any]:
    """Return the tariff, and the charging sites with the limit of their connection."""
    chargers = [city.sensors[index] for index in sensors_of(city, "charger")]
    if not chargers:
        return {}
    names, site = np.unique(site_names(chargers), return_inverse=True)
    limits = site_limits(site, np.array([float(charger.attributes["watts"]) for charger in chargers]))
    members = [[one.id for one, at in zip(chargers, site, strict=True) if at == number] for number in range(len(names))]
    sites = [
        {"id": str(name), "limit": float(limit), "chargers": those}
        for name, limit, those in zip(names, limits, members, strict=True)
    ]
    return {"tariff": read_table(city, "charger", ChargerParameters).tariff, "charging_sites": sites}
