"""The plan of Zenata that the generated pack is made from: quarters and streets in plan coordinates.

The plan is schematic: the areas and numbers of the published plan (zenataecocity.ma) on a slightly irregular grid that
runs NW-SE, as the city's does for the sea breeze. Exact outlines and every street are fictional.

Plan coordinates are metres in the site rectangle: `u` along the shore from SW to NE, `v` from the shore inland.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import networkx as nx
import numpy as np

Place = tuple[float, float]
"""Plan coordinates (u, v) [m]."""

Node = tuple[int, int]
"""A junction of the grid, by the numbers of its lines in `U` and `V`."""

# The site: 5.35 km of coast, 3.4 km deep. Its azimuth and centre fit the coast and Aïn Harrouda, but are no survey.
WIDTH, DEPTH = 5350.0, 3400.0  # along the shore and inland [m]
SHORE = math.radians(60)  # azimuth of the shore, SW to NE
CENTRE = (-7.46, 33.65)  # longitude, latitude [deg]
DEGREE = (92_778.0, 110_920.0)  # length of one degree of longitude and of latitude there, WGS 84 [m]

# Lines of the grid [m]. U 3 is the west road, 7 and 8 the metropolitan axis; V 0 the coastal road, 6 the railway.
U = (90, 350, 900, 1450, 1760, 2070, 2380, 2690, 2820, 3130, 3440, 3786, 4060, 4370, 4680, 4990, 5300)
V = (400, 688, 977, 1265, 1554, 1842, 2131, 2419, 2708, 2996, 3285)
JITTER = 14.0  # how far a junction lies from the crossing of its lines, each way [m]
BEACH = 15.0  # where the coast begins [m]


@dataclass(frozen=True, slots=True)
class Quarter:
    """A district on the grid: name, category, inhabitants, and its first and last lines of `U` and of `V`."""

    name: str
    category: str
    population: int
    u: tuple[int, int]
    v: tuple[int, int]


UNITS = (
    ((3, 5), 0), ((5, 7), 0), ((12, 14), 0),
    ((3, 5), 2), ((5, 7), 2), ((8, 10), 2), ((10, 12), 2), ((12, 14), 2), ((14, 16), 2),
    ((5, 7), 4), ((8, 10), 4), ((10, 12), 4),
    ((5, 7), 6), ((8, 10), 6),
)  # fmt: skip
"""Lines of the 14 living units: `U` from and to, `V` from."""

# 14 living units of about 35 ha and 16,000 people; La Ferme, 70 ha, 2,000 first dwellings of 3.7 people; health 10 ha;
# logistics 196 and 127 ha; industry 70 ha. Where they lie among each other, and the areas of the others, are plausible
# defaults. The fields left over are the green of the plan, and belong to no district.
QUARTERS = {
    **{
        f"living-{number:02d}": Quarter(f"Living unit {number}", "living", 16_000, u, (north, north + 2))
        for number, (u, north) in enumerate(UNITS, start=1)
    },
    "la-ferme": Quarter("La Ferme", "living", 7_400, (8, 12), (0, 2)),
    "health": Quarter("Health pole", "health", 0, (10, 11), (6, 7)),
    "education": Quarter("Education pole", "education", 0, (10, 12), (7, 8)),
    "retail": Quarter("Retail pole", "retail", 0, (5, 7), (8, 10)),
    "logistics-west": Quarter("Logistics zone, west of the railway", "logistics", 0, (0, 3), (1, 6)),
    "logistics-east": Quarter("Logistics zone, east of the railway", "logistics", 0, (1, 3), (6, 10)),
    "industrial": Quarter("Industrial zone", "industrial", 0, (12, 16), (8, 10)),
}


NAMES = {
    **{
        f"living-{number:02d}": (f"Unité de vie {number}", f"الوحدة السكنية {number}")
        for number in range(1, len(UNITS) + 1)
    },
    "la-ferme": ("La Ferme", "لا فيرم"),
    "health": ("Pôle santé", "القطب الصحي"),
    "education": ("Pôle éducation", "القطب التعليمي"),
    "retail": ("Pôle commercial", "القطب التجاري"),
    "logistics-west": ("Zone logistique, à l'ouest de la voie ferrée", "المنطقة اللوجستية غرب السكة الحديدية"),
    "logistics-east": ("Zone logistique, à l'est de la voie ferrée", "المنطقة اللوجستية شرق السكة الحديدية"),
    "industrial": ("Zone industrielle", "المنطقة الصناعية"),
    "coast": ("Littoral", "الساحل"),
}
"""Names of the districts in French and in Arabic; translations of ours, not official ones."""


@dataclass(frozen=True, slots=True)
class Road:
    """A street along one line of the grid, from and to lines across it; `way` is 1 or -1 where it is one-way."""

    axis: str
    line: int
    first: int
    last: int
    road: str = "secondary"
    lanes: int = 1
    way: int = 0


ROADS = (
    Road("u", 0, 0, 16, "primary"),  # coastal road
    Road("u", 6, 0, 16, "primary", 2),  # along the railway
    Road("u", 10, 1, 16, "primary", 2),  # along the motorway
    Road("v", 3, 0, 10, "primary", 2),  # west road, 3 km 2x2
    Road("v", 7, 0, 10, "primary", 2, 1),  # metropolitan axis: to the motorway ...
    Road("v", 8, 0, 10, "primary", 2, -1),  # ... and to the sea
    *(Road("v", line, 0, 10) for line in (5, 10, 12, 16)),
    *(Road("u", line, 3, 16) for line in (2, 4, 8)),
    *(Road("v", 14, 0, 4), Road("v", 14, 8, 10)),
    *(Road("v", 0, 0, 6), Road("v", 1, 6, 10), Road("v", 2, 1, 10)),  # logistics
    *(Road("u", 1, 0, 3), Road("u", 4, 0, 3), Road("u", 8, 1, 3)),
)
LIMITS = {"motorway": 120, "primary": 60, "secondary": 50, "residential": 30}  # [km/h]; plausible defaults
RAMP_LIMIT = 60  # [km/h]; plausible default
INTERCHANGES = ((3, 3), (7, 8), (14, 14))  # lines of U that lead to the motorway, and that come from it
RAMP = 250.0  # length of a ramp along the motorway [m]; plausible default
CARRIAGEWAYS = (("ne", 3372.0, 1), ("sw", 3346.0, -1))  # of the A1: name, v [m], direction along u; traffic keeps right


@dataclass(frozen=True, slots=True)
class Link:
    """A directed link between two named nodes; its limit [km/h] and its line in plan coordinates [m]."""

    start: str
    end: str
    road: str
    lanes: int
    limit: int
    line: tuple[Place, ...]


def to_wgs84(place: Place) -> list[float]:
    """Return (longitude, latitude) [deg] of plan coordinates [m]."""
    u, v = place[0] - WIDTH / 2, place[1] - DEPTH / 2
    east = u * math.sin(SHORE) + v * math.cos(SHORE)
    north = u * math.cos(SHORE) - v * math.sin(SHORE)
    return [round(CENTRE[0] + east / DEGREE[0], 6), round(CENTRE[1] + north / DEGREE[1], 6)]


def lay_grid(rng: np.random.Generator) -> dict[Node, Place]:
    """Return the junctions of the grid."""
    shifts = rng.uniform(-JITTER, JITTER, size=(len(U), len(V), 2)).tolist()
    return {(i, j): (u + shifts[i][j][0], v + shifts[i][j][1]) for i, u in enumerate(U) for j, v in enumerate(V)}


def outline_districts(grid: Mapping[Node, Place]) -> dict[str, list[Place]]:
    """Return the closed outline of every district, counter-clockwise on the ground (RFC 7946, section 3.1.6)."""
    road = [grid[i, 0] for i in range(len(U))]
    coast = [(road[0][0], BEACH), *road, (road[-1][0], BEACH), (road[0][0], BEACH)]
    return {**{name: _outline(grid, quarter) for name, quarter in QUARTERS.items()}, "coast": coast}


def _outline(grid: Mapping[Node, Place], quarter: Quarter) -> list[Place]:
    (west, east), (north, south) = quarter.u, quarter.v
    steps = [(west, j) for j in range(north, south)] + [(i, south) for i in range(west, east)]
    steps += [(east, j) for j in range(south, north, -1)] + [(i, north) for i in range(east, west, -1)]
    return [grid[step] for step in [*steps, steps[0]]]


def draw_streets(grid: Mapping[Node, Place]) -> list[Link]:
    """Return the links of the city: the roads, residential streets through the quarters, and the motorway."""
    graph = nx.DiGraph()
    for road in (*ROADS, *_residential()):
        stops = [(road.line, j) if road.axis == "v" else (j, road.line) for j in range(road.first, road.last + 1)]
        for a, b in pairwise(stops):
            for start, end in [(a, b)] * (road.way >= 0) + [(b, a)] * (road.way <= 0):
                graph.add_edge(start, end, road=road.road, lanes=road.lanes, line=(grid[start], grid[end]))
    _merge_passages(graph)
    links = [
        Link(_name(a), _name(b), data["road"], data["lanes"], LIMITS[data["road"]], data["line"])
        for a, b, data in sorted(graph.edges(data=True), key=lambda edge: edge[:2])
    ]
    return links + _draw_motorway(grid)


def _residential() -> list[Road]:
    """Return the streets along the lines that run through the middle of quarters."""
    taken = {(road.axis, road.line) for road in ROADS}
    streets = []
    for quarter in QUARTERS.values():
        if quarter.category != "logistics":
            (west, east), (north, south) = quarter.u, quarter.v
            streets += [
                Road("v", i, north, south, "residential") for i in range(west + 1, east) if ("v", i) not in taken
            ]
            streets += [Road("u", j, west, east, "residential") for j in range(north + 1, south)]
    return streets


def _name(node: Node) -> str:
    return f"junction-{node[0]:02d}{node[1]:02d}"


def _merge_passages(graph: nx.DiGraph) -> None:
    """Join the links, each way, at nodes where one street only leads on into the next."""
    for node in sorted(graph):
        around = sorted({*graph.predecessors(node), *graph.successors(node)})
        if len(around) != 2:
            continue
        for a, b in (around, reversed(around)):
            if graph.has_edge(a, node) and graph.has_edge(node, b):
                into, out = graph.edges[a, node], graph.edges[node, b]
                graph.add_edge(a, b, **{**into, "line": into["line"] + out["line"][1:]})
        graph.remove_node(node)


def _draw_motorway(grid: Mapping[Node, Place]) -> list[Link]:
    """Return the links of the A1, 2x3 lanes, with a diamond of ramps at every interchange."""
    links = []
    for name, v, way in CARRIAGEWAYS:
        stops = [(f"a1-{name}-start", (0.0 if way > 0 else WIDTH, v))]
        for number, (to, back) in enumerate(INTERCHANGES[::way], start=1):
            off = f"a1-{name}-off-{number}", (U[back] - way * RAMP, v)
            on = f"a1-{name}-on-{number}", (U[to] + way * RAMP, v)
            stops += [off, on]
            links.append(Link(off[0], _name((back, 10)), "motorway", 1, RAMP_LIMIT, (off[1], grid[back, 10])))
            links.append(Link(_name((to, 10)), on[0], "motorway", 1, RAMP_LIMIT, (grid[to, 10], on[1])))
        stops.append((f"a1-{name}-end", (WIDTH if way > 0 else 0.0, v)))
        links += [Link(a, b, "motorway", 3, LIMITS["motorway"], (p, q)) for (a, p), (b, q) in pairwise(stops)]
    return links
