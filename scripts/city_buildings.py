"""Buildings, green and water of the generated pack. All footprints are fictional; heights follow the published plan.

Heights: R+4 in general, R+7 to R+16 round the station, landmarks to 130 m (zenataecocity.ma, as far as was found). Floors of
3.2 m over a ground floor of 4 m, and everything without a named source, are plausible defaults. The mall of the retail
pole is frozen: what stands there is a store, and no mall.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import shapely
from city_plan import BEACH, CARRIAGEWAYS, DEPTH, QUARTERS, WIDTH, Node, Place, U, V
from shapely.geometry.polygon import orient

VERGE = 25.0  # how far from the middle of a street buildings stand [m]
GROUND, FLOOR = 4.0, 3.2  # height of the ground floor, and of each above [m]
STATION = (2925.0, 2065.0)  # of the RER: middle of the box in which city_sensors counts its crowds
PLAZA = (2700, 320, 2810, 375)  # u and v from, u and v to [m]: 6,000 m2, as the plan has it
LA_FERME_PARK = (3150, 708, 3420, 957)  # 6.7 ha; the plan has 6 to 7
NEAR_STATION, AROUND_STATION = 250.0, 700.0  # within which buildings are highest, and higher than elsewhere [m]
GENERAL, AT_STATION = (3, 5), (7, 16)  # floors above the ground floor
LANDMARKS = (130.0, 112.0, 95.0)  # [m]; how many there are is a default
BUILT = 0.94  # share of the lots that are built on; a default
SEA = 2000.0  # how far out the sea is drawn [m]


@dataclass(frozen=True, slots=True)
class Lots:
    """How a block is built: lots across and along, the side of a building as a share of its lot's, floors or height [m]."""

    across: int
    along: int
    side: tuple[float, float]
    floors: tuple[int, int] | None = None
    height: tuple[float, float] = (0, 0)
    yard: bool = False
    """Whether the lots in the middle stay open."""


LOTS = {
    "living": Lots(10, 9, (0.62, 0.86), floors=GENERAL, yard=True),
    "health": Lots(4, 4, (0.6, 0.85), floors=(2, 5)),
    "education": Lots(4, 4, (0.55, 0.85), floors=(1, 3), yard=True),
    "retail": Lots(2, 2, (0.7, 0.9), height=(10, 15)),
    "logistics": Lots(3, 3, (0.7, 0.88), height=(11, 15)),
    "industrial": Lots(5, 4, (0.6, 0.85), height=(7, 13)),
}
"""By the category of a district."""

Block = tuple[Place, Place, Place, Place]
"""Corners of a field of the grid."""


def blocks(grid: Mapping[Node, Place], name: str) -> Iterator[Block]:
    """Yield the fields of the grid that a quarter has."""
    (west, east), (north, south) = QUARTERS[name].u, QUARTERS[name].v
    for i in range(west, east):
        for j in range(north, south):
            yield grid[i, j], grid[i + 1, j], grid[i + 1, j + 1], grid[i, j + 1]


def buildings(grid: Mapping[Node, Place], rng: np.random.Generator) -> Iterator[tuple[str, list[Place], float]]:
    """Yield district, closed outline and height [m] of every building."""
    park = shapely.box(*LA_FERME_PARK)
    found = [
        (name, outline, _height(outline, LOTS[quarter.category], rng))
        for name, quarter in QUARTERS.items()
        for block in blocks(grid, name)
        for outline in _footprints(block, LOTS[quarter.category], rng)
        if not (name == "la-ferme" and park.intersects(shapely.Polygon(outline)))
    ]
    nearest = sorted(range(len(found)), key=lambda one: math.dist(found[one][1][0], STATION))
    landmarks = dict(zip(nearest[:: len(LANDMARKS)], LANDMARKS, strict=False))
    for number, (name, outline, height) in enumerate(found):
        yield name, outline, round(landmarks.get(number, height), 1)


def _footprints(block: Block, lots: Lots, rng: np.random.Generator) -> Iterator[list[Place]]:
    """Yield the closed outlines of the buildings of a block, counter-clockwise on the ground."""
    inner = VERGE / math.dist(block[0], block[1]), VERGE / math.dist(block[0], block[3])
    for i in range(lots.across):
        for j in range(lots.along):
            middle = abs(i + 0.5 - lots.across / 2) < lots.across / 5 and abs(j + 0.5 - lots.along / 2) < lots.along / 5
            sides, built = rng.uniform(*lots.side, size=2), rng.random() < BUILT
            if not built or (lots.yard and middle):
                continue
            spans = []
            for number, count, side, edge in zip((i, j), (lots.across, lots.along), sides, inner, strict=True):
                lot = (1 - 2 * edge) / count
                low = edge + lot * (number + (1 - side) / 2)
                spans.append((low, low + lot * side))
            (s, s1), (t, t1) = spans
            yield [_at(block, *corner) for corner in ((s, t), (s, t1), (s1, t1), (s1, t), (s, t))]


def _at(block: Block, s: float, t: float) -> Place:
    """Return the place at shares of the way across and along a block."""
    weights = ((1 - s) * (1 - t), s * (1 - t), s * t, (1 - s) * t)
    u, v = np.dot(weights, block).tolist()
    return u, v


def _height(outline: list[Place], lots: Lots, rng: np.random.Generator) -> float:
    if lots.floors is None:
        return float(rng.uniform(*lots.height))
    floors = int(rng.integers(lots.floors[0], lots.floors[1], endpoint=True))
    if lots.floors == GENERAL:
        near = (AROUND_STATION - math.dist(outline[0], STATION)) / (AROUND_STATION - NEAR_STATION)
        if near > 0:
            low, high = AT_STATION
            floors = round(low + (high - low) * min(near, 1) * float(rng.uniform(0.6, 1)))
    return GROUND + FLOOR * floors


def land(grid: Mapping[Node, Place]) -> Iterator[tuple[str, str, tuple[str, str, str], list[Place]]]:
    """Yield layer, id, names (English, French, Arabic) and line or closed outline of what is no building and no street."""
    shore = [(0.0, BEACH), (WIDTH, BEACH)]
    yield "sea", "sea", ("Atlantic", "Atlantique", "المحيط الأطلسي"), _ring(0, -SEA, WIDTH, BEACH)
    yield "coast", "shore", ("Shore", "Rivage", "الشاطئ"), shore
    yield "beach", "beach", ("Beach", "Plage", "شاطئ زناتة"), _ring(0, BEACH, WIDTH, 160)
    yield "plaza", "plaza", ("Plaza", "Esplanade", "الساحة"), _ring(*PLAZA)
    axis = ("Metropolitan axis", "Axe métropolitain", "المحور الحضري")
    sides = [grid[7, j] for j in range(len(V))], [grid[8, j] for j in reversed(range(len(V)))]
    yield "park", "axis", axis, [*sides[0], *sides[1], grid[7, 0]]
    yield "park", "la-ferme-park", ("La Ferme park", "Parc de La Ferme", "منتزه لا فيرم"), _ring(*LA_FERME_PARK)
    for number, outline in enumerate(_fields(grid), start=1):
        yield "park", f"green-{number:02d}", ("Green", "Espace vert", "مساحة خضراء"), outline
    yield "rail", "railway", ("Railway", "Voie ferrée", "السكة الحديدية"), [grid[i, 6] for i in range(len(U))]
    yield (
        "motorway",
        "a1",
        ("A1 motorway", "Autoroute A1", "الطريق السيار A1"),
        [(0.0, CARRIAGEWAYS[0][1]), (WIDTH, DEPTH)],
    )


def _fields(grid: Mapping[Node, Place]) -> Iterator[list[Place]]:
    """Yield the fields of the grid that belong to no district, neighbours joined."""
    taken = {(i, j) for quarter in QUARTERS.values() for i in range(*quarter.u) for j in range(*quarter.v)} | {
        (7, j) for j in range(len(V) - 1)
    }
    free = [(i, j) for i in range(len(U) - 1) for j in range(len(V) - 1) if (i, j) not in taken]
    fields = [shapely.Polygon([grid[i, j], grid[i, j + 1], grid[i + 1, j + 1], grid[i + 1, j]]) for i, j in free]
    joined = shapely.union_all(fields)
    for part in getattr(joined, "geoms", [joined]):
        yield [*orient(shapely.Polygon(part.exterior), -1).exterior.coords]


def _ring(u: float, v: float, u1: float, v1: float) -> list[Place]:
    """Return the closed outline of a box, counter-clockwise on the ground (v counts to the south)."""
    return [(u, v), (u, v1), (u1, v1), (u1, v), (u, v)]
