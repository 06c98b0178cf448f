"""Where the 10,000 sensors of the generated pack stand. All of them are fictional.

The retail pole counts what is open there; the mall is frozen, and nothing here counts on it.
Numbers of each kind, weights, spacings and ratings are plausible defaults unless a comment names where they come from.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import city_plan
import numpy as np
import shapely
import shapely.ops
from city_plan import QUARTERS, Place


@dataclass(frozen=True, slots=True)
class Spot:
    """A place for a sensor, and what the pack says of the sensor."""

    district: str
    place: Place
    attributes: dict[str, float | str]


Spots = Mapping[str, Sequence[Spot]]
"""Spots by district."""

CLEAR = 4.0  # how far inside its district a sensor stands [m]
VERGE = 25.0  # how far from the middle of a street buildings stand [m]

CITY_STREETS = ("primary", "secondary", "residential")
SIDE_STREETS = ("secondary", "residential")
MAIN_STREETS = ("motorway", "primary")
DETECTORS = 400  # of traffic

PEOPLE = {name: float(quarter.population) for name, quarter in QUARTERS.items() if quarter.population}
VISITS = {**PEOPLE, "health": 4_500.0, "education": 12_000.0, "retail": 40_000.0}  # people who stop by car
WORK = {"logistics-west": 20_000.0, "logistics-east": 13_000.0, "industrial": 14_000.0}
CUSTOMERS = {**PEOPLE, **WORK, "health": 1_500.0, "education": 2_000.0, "retail": 6_000.0, "coast": 1_000.0}
ROOFS = {
    "logistics-west": 80.0,
    "logistics-east": 52.0,
    "industrial": 40.0,
    "retail": 30.0,
    "health": 8.0,
    "education": 10.0,
}
ROOFS |= dict.fromkeys(PEOPLE, 2.0)
LITTER = {**PEOPLE, "coast": 20_000.0, "retail": 12_000.0, "health": 4_000.0, "education": 4_000.0}

WEATHER = (
    "coast coast living-02 living-04 living-07 living-09 living-11 living-13 la-ferme health retail logistics-west "
    "logistics-east industrial"
).split()
LAMPS = {"primary": 115, "secondary": 95, "residential": 80}  # [W]; the 196 W of today less the 40 to 60 % LED saves
CROWDS = (  # place, district, counters, and a box around them: u from and to, v from and to [m]
    ("beach", "coast", 40, (100, 5250), (30, 120)),
    ("sports course", "coast", 20, (100, 5250), (260, 330)),
    ("plaza", "coast", 16, (2700, 2810), (320, 375)),
    ("park", "la-ferme", 20, (3180, 3400), (730, 930)),
    ("station", "living-11", 16, (2850, 3000), (2020, 2110)),
    ("shops", "retail", 16, (2100, 2660), (2740, 2960)),
    ("hospital", "health", 8, (3470, 3750), (2160, 2390)),
)
BUSES = 30  # of each line
LOGGERS = 350  # of water, those at supplies among them
SUPPLIES = (("logistics-east", (1442.0, 3280.0)), ("industrial", (4688.0, 3292.0)))  # where city.toml's mains arrive


class Site:
    """The laid-out city, and the places in it."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        grid = self.grid = city_plan.lay_grid(rng)
        self.rings = city_plan.outline_districts(grid)
        self.streets = {f"street-{n:04d}": link for n, link in enumerate(city_plan.draw_streets(grid), start=1)}
        self.lines = {id_: shapely.LineString(link.line) for id_, link in self.streets.items()}
        self.areas = {name: shapely.Polygon(ring).buffer(-CLEAR) for name, ring in self.rings.items()}
        kerbs = shapely.union_all([line.buffer(VERGE) for line in self.lines.values()])
        self.blocks = {name: area.difference(kerbs) for name, area in self.areas.items()}

    def beside(self, roads: tuple[str, ...], spacing: float, offset: float) -> dict[str, list[Spot]]:
        """Return spots on the right of streets, every `spacing` [m], `offset` [m] from the middle, street by street."""
        places, streets = [], []
        for id_, line in self.lines.items():
            if self.streets[id_].road in roads:
                along = np.arange(spacing / 2, line.length - 1, spacing)
                here = shapely.get_coordinates(shapely.line_interpolate_point(line, along))
                ahead = shapely.get_coordinates(shapely.line_interpolate_point(line, along + 1))
                du, dv = (ahead - here).T
                places.append(here + offset * np.column_stack((-dv, du)))
                streets += [id_] * len(along)
        points = np.concatenate(places)
        return {
            name: [
                Spot(name, tuple(points[number].tolist()), {"street": streets[number]})
                for number in np.flatnonzero(shapely.contains_xy(area, *points.T)).tolist()
            ]
            for name, area in self.areas.items()
        }

    def cabinet(self, street: str) -> Spot:
        """Return the place of a detector's cabinet in the district nearest to the middle of a street."""
        middle = self.lines[street].interpolate(0.5, normalized=True)
        district = min(self.areas, key=lambda name: (self.areas[name].distance(middle), name))
        here = shapely.ops.nearest_points(self.areas[district], middle)[0]
        return Spot(district, (here.x, here.y), {"street": street})

    def inside(self, area: shapely.Geometry, count: int) -> list[Place]:
        """Return random places in an area."""
        low_u, low_v, high_u, high_v = area.bounds
        places: list[Place] = []
        while len(places) < count:
            u, v = self.rng.uniform((low_u, low_v), (high_u, high_v)).tolist()
            if shapely.contains_xy(area, u, v):
                places.append((u, v))
        return places

    def in_blocks(self, count: int, weights: Mapping[str, float]) -> Iterator[Spot]:
        """Yield spots at random places in the blocks between the streets, each district by its weight."""
        for district, part in share(count, weights).items():
            for place in self.inside(self.blocks[district], part):
                yield Spot(district, place, {})


def share(count: int, weights: Mapping[str, float]) -> dict[str, int]:
    """Divide a count by weights; the largest remainders get what is left."""
    total = sum(weights.values())
    exact = {name: count * weight / total for name, weight in weights.items()}
    parts = {name: math.floor(part) for name, part in exact.items()}
    for name in sorted(exact, key=lambda name: (parts[name] - exact[name], name))[: count - sum(parts.values())]:
        parts[name] += 1
    return parts


def spread(spots: Sequence[Spot], count: int) -> list[Spot]:
    """Return `count` spots evenly spread over the order of all; they must be as many."""
    if len(spots) < count:
        raise ValueError(f"{len(spots)} spots for {count} sensors")
    return [spots[number * len(spots) // count] for number in range(count)]


def spread_by(spots: Spots, count: int, weights: Mapping[str, float] | None = None) -> Iterator[Spot]:
    """Yield spots evenly spread in each district, by its weight; without weights, by its number of spots."""
    for name, part in share(count, weights or {name: float(len(found)) for name, found in spots.items()}).items():
        yield from spread(spots[name], part)


def place_weather(site: Site) -> Iterator[Spot]:
    """Yield stations from the shore to the motorway."""
    for district in WEATHER:
        yield from site.in_blocks(1, {district: 1.0})


def place_air(site: Site) -> Iterator[Spot]:
    """Yield stations at kerbs, then away from streets."""
    for spot in spread_by(site.beside(("primary", "secondary"), 60, 7), 80):
        yield Spot(spot.district, spot.place, {**spot.attributes, "site": "kerb"})
    for spot in site.in_blocks(40, CUSTOMERS):
        yield Spot(spot.district, spot.place, {"site": "background"})


def place_noise(site: Site) -> Iterator[Spot]:
    """Yield meters along streets."""
    return spread_by(site.beside(CITY_STREETS, 60, 7), 150)


def place_traffic(site: Site) -> Iterator[Spot]:
    """Yield a detector on every link of the motorway and of primary streets, then in the middle of others, wide ones first."""
    links: dict[str, list[Spot]] = {}
    for spots in site.beside(CITY_STREETS, 60, 5).values():
        for spot in spots:
            links.setdefault(str(spot.attributes["street"]), []).append(spot)
    main = [id_ for id_, link in site.streets.items() if link.road in MAIN_STREETS]
    for id_ in main:
        spots = links.pop(id_, [])
        yield spots[len(spots) // 2] if spots else site.cabinet(id_)
    ranked = [
        ((abs(number - len(spots) // 2), CITY_STREETS.index(site.streets[street].road), street, number), spot)
        for street, spots in links.items()
        for number, spot in enumerate(spots)
    ]
    for _, spot in sorted(ranked, key=lambda item: item[0])[: DETECTORS - len(main)]:
        yield spot


def place_parking(site: Site) -> Iterator[Spot]:
    """Yield bays, 6 m long, along the streets nearest the centre of each quarter."""
    spots = site.beside(SIDE_STREETS, 6, 6)
    for district, count in share(2600, VISITS).items():
        centre = site.areas[district].centroid.coords[0]
        distance = {id(spot): math.dist(spot.place, centre) for spot in spots[district]}
        nearest = {id(spot) for spot in sorted(spots[district], key=lambda spot: distance[id(spot)])[:count]}
        yield from (spot for spot in spots[district] if id(spot) in nearest)


def place_charger(site: Site) -> Iterator[Spot]:
    """Yield slow chargers where people live, fast ones where they stop by."""
    for number, spot in enumerate(spread_by(site.beside(SIDE_STREETS, 24, 9), 300, {**VISITS, **WORK})):
        ladder = (7_400, 7_400, 22_000) if spot.district in PEOPLE else (22_000, 50_000)
        yield Spot(spot.district, spot.place, {**spot.attributes, "watts": ladder[number % len(ladder)]})


def place_streetlight(site: Site) -> Iterator[Spot]:
    """Yield lamps on both sides of every street inside the city."""
    for spot in spread_by(site.beside(CITY_STREETS, 38, 6), 3000):
        road = site.streets[str(spot.attributes["street"])].road
        yield Spot(spot.district, spot.place, {**spot.attributes, "watts": LAMPS[road]})


def place_pv(site: Site) -> Iterator[Spot]:
    """Yield roofs, the large ones first of all; they lie flat, to the south, or as the grid does."""
    for spot in site.in_blocks(250, ROOFS):
        low, high = (5e3, 4e4) if spot.district in PEOPLE else (5e4, 4e5)
        watts = int(round(math.exp(site.rng.uniform(math.log(low), math.log(high))), -2))
        tilt, azimuth = int(site.rng.choice((10, 15, 30))), int(site.rng.choice((150, 180, 180, 240)))
        yield Spot(spot.district, spot.place, {"watts_peak": watts, "tilt": tilt, "azimuth": azimuth})


def place_power(site: Site) -> Iterator[Spot]:
    """Yield transformer stations."""
    for spot in site.in_blocks(120, CUSTOMERS):
        yield Spot(spot.district, spot.place, {"kva": 630 if spot.district in PEOPLE else 1000})


def place_meter(site: Site) -> Iterator[Spot]:
    """Yield meters, one in ten of a business where people live."""
    for number, spot in enumerate(site.in_blocks(2000, CUSTOMERS)):
        household = spot.district in PEOPLE and number % 10 > 0
        yield Spot(spot.district, spot.place, {"use": "household" if household else "business"})


def place_water(site: Site) -> Iterator[Spot]:
    """Yield loggers on the mains under the streets, then one at each supply in place of the last of those."""
    yield from list(spread_by(site.beside(CITY_STREETS, 50, 6), LOGGERS))[: -len(SUPPLIES)]
    for number, (district, place) in enumerate(SUPPLIES, start=1):
        yield Spot(district, place, {"supply": number})


def place_waste(site: Site) -> Iterator[Spot]:
    """Yield street containers of the usual four-wheeled size."""
    for spot in spread_by(site.beside(CITY_STREETS, 12, 8), 500, LITTER):
        yield Spot(spot.district, spot.place, {**spot.attributes, "litres": 1100})


def place_crowd(site: Site) -> Iterator[Spot]:
    """Yield counters where people gather."""
    for place, district, count, (west, east), (north, south) in CROWDS:
        area = site.areas[district].intersection(shapely.box(west, north, east, south))
        for spot in site.inside(area, count):
            yield Spot(district, spot, {"place": place})


def place_bus(site: Site) -> Iterator[Spot]:
    """Yield buses where they stand at night: line 902 by the sea (its real route is another), a fictional one inland."""
    spots = [spot for found in site.beside(("primary",), 40, 5).values() for spot in found]
    for line, us, vs in (("902", range(len(city_plan.U)), (0,)), ("axis", (7, 8), range(len(city_plan.V)))):
        along = {f"junction-{u:02d}{v:02d}" for u in us for v in vs}
        streets = {id_ for id_, link in site.streets.items() if along.issuperset((link.start, link.end))}
        for spot in spread([spot for spot in spots if spot.attributes["street"] in streets], BUSES):
            yield Spot(spot.district, spot.place, {**spot.attributes, "line": line})


PLACE: dict[str, Callable[[Site], Iterator[Spot]]] = {
    "weather": place_weather,
    "air": place_air,
    "noise": place_noise,
    "traffic": place_traffic,
    "parking": place_parking,
    "charger": place_charger,
    "streetlight": place_streetlight,
    "pv": place_pv,
    "power": place_power,
    "meter": place_meter,
    "water": place_water,
    "waste": place_waste,
    "crowd": place_crowd,
    "bus": place_bus,
}
