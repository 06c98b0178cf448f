"""Water network of a city as a graph with district metered areas, and as an input file of EPANET."""

import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from epanet import toolkit

from simulators.domains.base import daily
from simulators.domains.water.domain import Design, Water
from simulators.domains.water.hydraulics import SQUARE_MILLIMETRES, Hydraulics
from simulators.domains.water.tanks import INITIAL, START, STOP
from simulators.networks.graph import Graph, device
from simulators.world.conditions import Conditions
from zenata.city.model import City
from zenata.city.readings import FloatArray

STEP = 900
"""Time between two solutions in the exported file, and between two values of its patterns [s]."""

UNITS = {"length": "m", "diameter": "mm", "elevation": "m", "demand": "l/s", "rated_flow": "l/s", "area": "m2"}


def graph(city: City) -> Graph:
    """Return junctions, tanks, pipes and pumps, with their devices and district metered areas.

    A junction belongs to the area of the district it lies in, or of the nearest one. What flows into an area is metered
    where its border pipes carry loggers.
    """
    water = _water(city)
    design = water.design
    zone, start, end = _zones(city, design.network.positions), design.network.start, design.network.end
    tanks, pipes = len(design.plant.bottom), len(design.network.length)
    positions = _node_positions(design)
    names = _node_names(design)
    demand = design.parts.sum(axis=(0, 1))
    nodes: list[dict[str, Any]] = [
        {
            "id": names[number],
            "type": "junction",
            "position": positions[number],
            "elevation": round(float(design.ground[number]), 3),
            "demand": round(float(demand[number]), 4),
            "dma": zone[number],
        }
        for number in range(len(design.ground))
    ]
    devices = _devices(city, design)
    edges, borders = [], defaultdict(list)
    for number in range(pipes):
        ends = [zone[node] if node < len(zone) else "supply" for node in (start[number], end[number])]
        carried = devices.get(number, [])
        edges.append(
            {
                "id": f"pipe-{number}",
                "type": "pipe",
                "source": names[start[number]],
                "target": names[end[number]],
                "length": float(design.network.length[number]),
                "diameter": float(design.diameter[number]),
                "roughness": design.parameters.roughness,
                "leak_area": float(water.background[0, number]),
                "dma": ends[0] if ends[0] == ends[1] else None,
                "streets": [name for name, (pipe, _) in design.network.pipe_of.items() if pipe == number],
                "devices": carried,
                "line": [positions[start[number]], positions[end[number]]],
            }
        )
        if ends[0] != ends[1]:
            meters = [one["sensor"] for one in carried]
            for into, area in (
                (-1, ends[0]),
                (1, ends[1]),
            ):  # a flow along the pipe leaves the first and enters the second
                borders[area].append({"pipe": f"pipe-{number}", "into": into, "loggers": meters})
    for tank, supply in enumerate(design.parameters.supplies):
        plant = design.plant
        nodes += [
            {
                "id": f"tank-{tank}",
                "type": "tank",
                "position": supply.place,
                "elevation": supply.bottom,
                "depth": supply.depth,
                "area": round(float(plant.area[tank]), 1),
            },
            {"id": f"source-{tank}", "type": "source", "position": supply.place, "head": supply.source},
        ]
        edges += [
            {
                "id": f"pump-{tank}-{pump}",
                "type": "pump",
                "source": f"source-{tank}",
                "target": f"tank-{tank}",
                "rated_flow": round(float(plant.rated[tank]), 2),
                "start_level": round(float(START[pump] * supply.depth), 2),
                "stop_level": round(float(STOP[pump] * supply.depth), 2),
                "devices": [one for one in devices.get(pipes - tanks + tank, []) if "pumps" in one["setpoints"]],
                "line": [supply.place, supply.place],
            }
            for pump in range(plant.pumps)
        ]
    about = {"units": UNITS, "dma": [{"id": area, "border": borders[area]} for area in sorted(set(zone))]}
    return Graph(name="water", directed=False, about=about, nodes=nodes, edges=edges)


def inp(city: City) -> str:
    """Return the network as an EPANET 2.3 input file: a working day of mean demand, as it begins in a new world.

    Demand has a category and a pattern for each use, leaks are FAVAD leaks of pipes, pumps follow the levels of their
    tanks. Nothing of any running world is in it.
    """
    water = _water(city)
    design = water.design
    hydraulics = Hydraulics(
        design.network, design.ground, design.diameter, design.parameters.roughness, design.plant, opened=False
    )
    project = hydraulics.project
    _set_demand(project, design)
    level = INITIAL * design.plant.depth
    for tank, metres in enumerate(level.tolist()):
        toolkit.setnodevalue(project, toolkit.getnodeindex(project, f"tank-{tank}"), toolkit.TANKLEVEL, metres)
    for number, (area, growth) in enumerate((water.background * SQUARE_MILLIMETRES).T.tolist()):
        hundreds = float(design.network.length[number]) / 100  # EPANET has leaks for 100 m of pipe
        toolkit.setlinkvalue(project, number + 1, toolkit.LEAK_AREA, area / hundreds)
        toolkit.setlinkvalue(project, number + 1, toolkit.LEAK_EXPAN, growth / hundreds)
    for tank, depth in enumerate(design.plant.depth.tolist()):
        node = toolkit.getnodeindex(project, f"tank-{tank}")
        for pump, (start, stop) in enumerate(zip(START * depth, STOP * depth, strict=True)):
            link = toolkit.getlinkindex(project, f"pump-{tank}-{pump}")
            toolkit.setlinkvalue(project, link, toolkit.INITSTATUS, float(level[tank] < start))
            toolkit.addcontrol(project, toolkit.LOWLEVEL, link, 1.0, node, float(start))
            toolkit.addcontrol(project, toolkit.HILEVEL, link, 0.0, node, float(stop))
    for name, position in zip(_node_names(design), _node_positions(design), strict=True):
        toolkit.setcoord(project, toolkit.getnodeindex(project, name), *position)
    for what, seconds in ((toolkit.DURATION, 86_400), (toolkit.HYDSTEP, STEP), (toolkit.PATTERNSTEP, STEP)):
        toolkit.settimeparam(project, what, seconds)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "network.inp"
        toolkit.saveinpfile(project, str(file))
        return file.read_text(encoding="utf-8")


def _set_demand(project: Any, design: Design) -> None:  # noqa: ANN401 - the toolkit has no types
    """Give each junction a demand for each use, with the pattern of a working day."""
    hours = np.arange(86_400 // STEP) * STEP / 3600
    patterns = []
    for number, use in enumerate(design.parameters.uses):
        name = f"use-{number}"
        toolkit.addpattern(project, name)
        index = toolkit.getpatternindex(project, name)
        values = [daily(use.working_day, float(hour)) / use.mean_hour for hour in hours]
        multipliers = toolkit.doubleArray(len(values))
        for step, value in enumerate(values):
            multipliers[step] = value
        toolkit.setpattern(project, index, multipliers, len(values))
        patterns.append((index, name))
    demand = design.parts.sum(axis=1)
    for node in range(demand.shape[1]):
        (first, _), *others = patterns
        toolkit.setbasedemand(project, node + 1, 1, float(demand[0, node]))
        toolkit.setdemandpattern(project, node + 1, 1, first)
        for row, (_, name) in enumerate(others, 1):
            toolkit.adddemand(project, node + 1, float(demand[row, node]), name, name)


def _water(city: City) -> Water:
    return Water(city, Conditions.of(city, seed=0))


def _node_names(design: Design) -> list[str]:
    tanks = range(len(design.plant.bottom))
    return [f"node-{number}" for number in range(len(design.ground))] + [f"tank-{tank}" for tank in tanks]


def _node_positions(design: Design) -> list[tuple[float, float]]:
    return [*map(tuple, design.network.positions.tolist()), *(supply.place for supply in design.parameters.supplies)]


def _zones(city: City, positions: FloatArray) -> list[str]:
    """Return the district of each junction: the one it lies in, or the nearest."""
    polygons = [shapely.Polygon(district.ring) for district in city.districts]
    away = np.array([shapely.distance(polygon, shapely.points(positions)) for polygon in polygons])
    return [city.districts[number].id for number in away.argmin(axis=0).tolist()]


def _devices(city: City, design: Design) -> dict[int, list[dict[str, Any]]]:
    """Return the loggers of each pipe; `along` says which way a positive flow goes."""
    found = defaultdict(list)
    tanks, pipes = len(design.plant.bottom), len(design.network.length)
    for sensor in city.sensors:
        if sensor.kind != "water":
            continue
        if "supply" in sensor.attributes:
            found[pipes - tanks + int(sensor.attributes["supply"]) - 1].append({**device(sensor), "along": 1})
        else:
            pipe, way = design.network.pipe_of[str(sensor.attributes["street"])]
            found[pipe].append({**device(sensor), "along": way})
    return found
