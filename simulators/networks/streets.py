"""Streets, signals and bus lines of a city as graphs."""

from itertools import pairwise
from typing import Any

import numpy as np

from simulators.domains.bus.domain import BusParameters
from simulators.domains.bus.route import build_route
from simulators.domains.streetlight import CLASS_LUX, lighting_class
from simulators.domains.traffic.network import build_network
from simulators.domains.traffic.signals import CYCLE, LOST
from simulators.networks.graph import Graph, devices_by
from simulators.world.parameters import read_table
from zenata.city.kinds import KINDS
from zenata.city.model import City, Street


def streets(city: City) -> Graph:
    """Return the streets with what stands in each, and the lighting class that each requires in each local hour."""
    there = devices_by(city, "street", KINDS)
    hours = _hours(city)
    edges = [
        _street(street)
        | {
            "lighting_class": [
                lighting_class(street.road, street.limit, street.lanes, traffic, hour)
                for hour, traffic in enumerate(hours)
            ],
            "devices": there.get(street.id, []),
        }
        for street in city.streets
    ]
    about = {
        "lighting": "classes of EN 13201-2, selected by CEN/TR 13201-1 from the traffic of a working day",
        "class_lux": CLASS_LUX,
    }
    return Graph(name="streets", directed=True, about=about, nodes=_nodes(city), edges=edges)


def traffic(city: City) -> Graph:
    """Return the streets as vehicles use them: capacities, signals with their approaches, detectors."""
    network = build_network(city.streets)
    there = devices_by(city, "street", ("traffic",))
    signals: dict[str, list[dict[str, Any]]] = {}
    edges = []
    for number, street in enumerate(city.streets):
        edges.append(
            _street(street)
            | {
                "saturation": float(network.saturation[number]),
                "storage": float(network.storage[number]),
                "entry": bool(network.entry[number]),
                "leave": bool(network.leave[number]),
                "devices": there.get(street.id, []),
            }
        )
        if street.signal:
            approach = {
                "street": street.id,
                "phase": int(network.phase[number]),
                "offset": round(float(network.offset[number]) * CYCLE, 1),
                "devices": there.get(street.id, []),
            }
            signals.setdefault(street.end, []).append(approach)
    nodes = [
        node | ({"type": "signal", "cycle": CYCLE, "lost": LOST, "approaches": signals[node["id"]]})
        if node["id"] in signals
        else node
        for node in _nodes(city)
    ]
    units = {"saturation": "veh/h", "storage": "veh", "length": "m", "limit": "km/h", "cycle": "s", "offset": "s"}
    return Graph(name="traffic", directed=True, about={"units": units}, nodes=nodes, edges=edges)


def bus(city: City) -> Graph:
    """Return the bus lines: stops, the streets between them, timetables and buses."""
    parameters = read_table(city, "bus", BusParameters)
    buses = devices_by(city, "line", ("bus",))
    lines, nodes, edges = [], [], []
    for line in parameters.lines:
        route = build_route(city, line.nodes, parameters.spacing)
        longitude, latitude = route.position(route.stops)
        ids = [f"{line.name}-{number:02d}" for number in range(len(route.stops))]
        ids[-1] = ids[0]  # the loop ends where it begins
        nodes += [
            {"id": id_, "type": "stop", "line": line.name, "position": (float(east), float(north))}
            for id_, east, north in list(zip(ids, longitude, latitude, strict=True))[:-1]
        ]
        for number, (one, other) in enumerate(pairwise(ids)):
            begin, end = route.stops[number], route.stops[number + 1]
            between = (route.bounds[1:] > begin) & (route.bounds[:-1] < end)
            inner = (route.along > begin) & (route.along < end)
            way = [(float(longitude[number]), float(latitude[number]))]
            way += zip(route.longitude[inner].tolist(), route.latitude[inner].tolist(), strict=True)
            way.append((float(longitude[number + 1]), float(latitude[number + 1])))
            edges.append(
                {
                    "id": f"{line.name}-{number:02d}-{number + 1:02d}",
                    "type": "ride",
                    "source": one,
                    "target": other,
                    "line_name": line.name,
                    "length": round(float(end - begin), 1),
                    "streets": [city.streets[link].id for link in route.links[between].tolist()],
                    "line": way,
                }
            )
        lines.append(
            {
                "name": line.name,
                "termini": [ids[0], ids[int(route.ends[0, 0])]],
                "departures": line.departures,
                "rest_departures": line.rest_departures,
                "buses": [one["sensor"] for one in buses.get(line.name, [])],
            }
        )
    return Graph(name="bus", directed=True, about={"lines": lines, "units": {"length": "m"}}, nodes=nodes, edges=edges)


def _hours(city: City) -> list[float]:
    """Return the traffic of each local hour of a working day over that of the highest."""
    course = np.array(city.parameters.get("traffic", {}).get("working_day", [1.0] * 24), dtype=np.float64)
    return [float(value) for value in course / course.max()]


def _nodes(city: City) -> list[dict[str, Any]]:
    positions = {street.start: street.line[0] for street in city.streets}
    positions |= {street.end: street.line[-1] for street in city.streets}
    return [{"id": name, "type": "junction", "position": position} for name, position in positions.items()]


def _street(street: Street) -> dict[str, Any]:
    return {
        "id": street.id,
        "type": "street",
        "source": street.start,
        "target": street.end,
        "road": street.road,
        "lanes": street.lanes,
        "limit": street.limit,
        "length": street.length,
        "signal": street.signal,
        "line": street.line,
    }
