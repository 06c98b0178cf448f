"""A small made-up city that has everything the domains need, and nothing of the real pack."""

from collections.abc import Iterator
from datetime import date

import pytest

from simulators.world import world
from simulators.world.conditions import Conditions
from zenata.city.model import City, District, Sensor, Street

CLIMATE = {
    "temperature_min": [9, 9, 11, 12, 15, 17, 19, 20, 19, 15, 12, 10],
    "temperature_max": [17, 18, 19, 20, 22, 24, 26, 26, 26, 24, 20, 18],
    "rain": [65, 55, 55, 40, 20, 2, 0, 1, 7, 40, 55, 85],
    "wet_days": [8, 6, 7, 5, 4, 1, 0, 0, 1, 5, 7, 9],
    "humidity": [82, 82, 81, 79, 78, 79, 80, 80, 80, 80, 81, 83],
    "wind_speed": [3.6, 3.9, 4.1, 4.3, 4.2, 4.1, 4.0, 3.9, 3.6, 3.4, 3.4, 3.5],
    "ghi": [2.9, 3.8, 5.0, 6.1, 6.8, 7.0, 7.0, 6.4, 5.4, 4.2, 3.1, 2.6],
    "linke_turbidity": [3.36, 3.09, 3.14, 3.5, 3.35, 3.82, 4.27, 4.11, 3.82, 3.38, 2.78, 2.77],
}

WORKING = [
    0.8, 0.5, 0.4, 0.4, 0.6, 1.5, 3.5, 6.5, 7.2, 5.8, 5.0, 5.1,
    5.8, 5.7, 5.2, 5.4, 6.0, 7.0, 7.6, 6.7, 5.0, 3.8, 2.7, 1.8,
]  # fmt: skip
REST = [
    1.6, 1.1, 0.7, 0.5, 0.5, 0.8, 1.4, 2.2, 3.0, 3.9, 4.7, 5.2,
    5.4, 4.9, 4.5, 4.7, 5.2, 5.6, 5.8, 5.4, 4.6, 3.8, 3.1, 2.3,
]  # fmt: skip
HOMES = [0.90] * 6 + [0.85, 0.75, 0.65, 0.60, 0.58, 0.58, 0.62, 0.62, 0.58, 0.58, 0.62, 0.68, 0.74, 0.80] + [0.85] * 4
OFFICES = [0.15] * 6 + [0.20, 0.40, 0.70, 0.85, 0.90, 0.90, 0.80, 0.80, 0.88, 0.88, 0.80, 0.65, 0.50, 0.40] + [0.25] * 4


def _node(column, row):
    return -7.45 + column * 0.00216, 33.64 + row * 0.0018  # 200 m apart


PARAMETERS = {
    "calendar": {
        "weekend": [6, 7],
        "fixed_holidays": ["01-11"],
        "moving_holidays": [date(2026, 6, 17)],
        "aid_el_fitr": [date(2026, 3, 20), date(2026, 3, 21)],
        "aid_el_kebir": [date(2026, 5, 27), date(2026, 5, 28)],
        "ramadan": [[date(2026, 2, 18), date(2026, 3, 19)]],
        "office_hours": [8.5, 16.5],
        "ramadan_office_hours": [9.0, 15.0],
    },
    "climate": CLIMATE,
    "weather": {
        "altitude": 20.0,
        "prevailing_wind": 20.0,
        "sea_breeze_wind": 330.0,
        "sea_breeze": [1.0, 1.2, 1.8, 2.3, 2.8, 3.2, 3.4, 3.3, 2.8, 2.0, 1.2, 0.9],
    },
    "streetlight": {
        "on_below": -2.0, "spread": 0.3, "dim_from": 23.0, "dim_until": 5.0, "dim_level": 0.5,
        "illuminance": 20.0,
    },
    "traffic": {
        "motorway_daily": 40000.0,
        "trips_daily": 4000.0,
        "gate_daily": 2000.0,
        "trip_length": 800.0,
        "working_day": WORKING,
        "rest_day": REST,
    },
    "noise": {"heavy_share": 0.05, "background_day": 42.0, "background_night": 34.0},
    "crowd": {
        "places": [
            {
                "names": ["beach"], "stay": 2.0, "rain": 0.0, "heat": 1.0, "warmth": [15.0, 25.0], "aid": 0.5,
                "working_day": [40] * 24, "rest_day": [80] * 24,
            },
            {
                "names": ["shops"], "stay": 0.5, "rain": 1.0, "heat": 0.5, "working_day": [100] * 24,
                "rest_day": [200] * 24, "ramadan": [20] * 12 + [150] * 12,
            },
        ]
    },
    "bus": {
        "capacity": 80,
        "spacing": 250.0,
        "ride": 500.0,
        "layover": 120.0,
        "lines": [
            {
                "name": "blue", "nodes": ["node-0-0", "node-3-0", "node-3-3"], "passengers": 6000.0,
                "departures": [0] * 5 + [12] * 18 + [0], "rest_departures": [0] * 6 + [6] * 17 + [0],
            },
            {
                "name": "red", "nodes": ["node-0-3", "node-3-3"], "passengers": 900.0,
                "departures": [0] * 5 + [6] * 18 + [0], "rest_departures": [0] * 6 + [4] * 17 + [0],
            },
        ],
    },
    "waste": {
        "yearly": 425.8,
        "density": 250.0,
        "sensed_share": 0.2,
        "equivalents": {"health": 2400.0},
        "course": [0.3] * 6 + [1.0] * 6 + [1.3] * 6 + [1.4] * 6,
        "aid": 3.0,
        "nights": 2,
        "round_from": 22.0,
        "round_hours": 6.0,
    },
    "air": {"no2": 16.0, "pm10": 52.0, "pm25": 24.0, "o3": 58.0, "so2": 12.0},
    "parking": {
        "uses": [
            {"categories": ["living"], "stay": 5.0, "working_day": HOMES, "rest_day": HOMES},
            {"categories": ["health"], "stay": 1.5, "working_day": OFFICES, "rest_day": OFFICES},
        ]
    },
    "charger": {
        "patience": 0.3,
        "uses": [
            {"categories": ["living", "health"], "sessions": 6.0, "stay": 2.0, "working_day": WORKING, "rest_day": REST},
        ],
    },
    "meter": {
        "household": 4.0,
        "uses": [
            {
                "use": use, "categories": [category], "mean": mean, "spread": 0.5, "noise": 0.4, "lighting": 0.1,
                "cooling": 0.03, "heating": 0.02, "working_day": WORKING, "rest_day": REST,
            }
            for use, category, mean in (("household", "living", 200.0), ("business", "health", 9000.0))
        ],
    },
    "water": {
        "litres_per_person": 100.0, "losses": 0.2, "heat": 0.02, "aid": 1.14, "roughness": 130.0, "storage": 12.0,
        "low": [*_node(0, 3), 8.0], "high": [*_node(0, 0), 20.0],
        "supplies": [
            {"place": list(_node(*place)), "main": 500.0, "bottom": 55.0, "depth": 4.0, "source": 25.0}
            for place in ((0, 0), (3, 0))
        ],
        "uses": [
            {"categories": ["living"], "share": 0.8, "working_day": WORKING, "rest_day": REST},
            {"categories": ["health"], "share": 0.2, "working_day": WORKING, "rest_day": REST},
        ],
    },
    "power": {"substations": [list(_node(1, 1))], "substation_kva": 10000.0, "feeder_kva": 1300.0},
}  # fmt: skip


def _streets():
    """Blocks of 200 m, a motorway along their south edge, two ramps; the motorway's ends lead out of the city."""
    edges = [((i, j), (i + 1, j), "secondary") for i in range(3) for j in range(4)]
    edges += [((i, j), (i, j + 1), "residential" if i % 2 else "primary") for i in range(4) for j in range(3)]
    edges += [((i, -1), (i + 1, -1), "motorway") for i in range(-2, 5)]
    edges += [((i, -1), (i, 0), "secondary") for i in (0, 3)]
    lanes = {"motorway": 3, "primary": 2, "secondary": 1, "residential": 1}
    limit = {"motorway": 100, "primary": 60, "secondary": 60, "residential": 40}
    for one, other, road in edges:
        for start, end in ((one, other), (other, one)):
            yield {
                "start": f"node-{start[0]}-{start[1]}",
                "end": f"node-{end[0]}-{end[1]}",
                "road": road,
                "lanes": lanes[road],
                "limit": limit[road],
                "length": 200.0,
                "signal": road != "motorway" and end[1] >= 0,
                "line": (_node(*start), _node(*end)),
            }


SENSORS = {
    "weather": [(1.0, 1.0, {})] * 2,
    "air": [(1.5, -0.9, {}), (1.5, 3.2, {}), (0.1, 2.0, {}), (2.5, 2.5, {})],
    "noise": [(1.5, -0.95, {}), (1.5, 1.04, {}), (1.5, 2.5, {})],
    "traffic": [(1.0, 0.5, {"street": f"street-{number:04d}"}) for number in (1, 5, 24, 30, 48, 55, 57, 62)],
    "parking": [(2.0, 2.0, {})] * 60,
    "crowd": [(1.0, 3.0, {"place": place}) for place in ("beach", "shops") for _ in range(6)],
    "bus": [(0.0, 0.0, {"line": "blue"})] * 4 + [(3.0, 0.0, {"line": "red"})] * 2,
    "waste": [(1.0, 0.5, {"litres": 1100.0})] * 12,
    "streetlight": [(0.0, 3.0, {"watts": 80.0})] * 40,
    "pv": [(3.0, 3.0, {"watts_peak": 6000.0, "tilt": 25.0, "azimuth": 170.0})] * 5,
    "charger": [(1.0, 2.0, {"watts": watts}) for watts in (7400.0, 7400.0, 22000.0, 50000.0) for _ in range(2)],
    "meter": [(3.0, 3.0, {"use": "business" if number % 2 else "household"}) for number in range(20)],
    "water": [
        *((1.5, 0.0, {"street": f"street-{number:04d}"}) for number in (1, 2, 25, 40)),
        (0.0, 0.0, {"supply": 1}),
        (3.0, 0.0, {"supply": 2}),
    ],
    "power": [
        (0.5, 0.5, {"kva": 630.0}),
        (2.5, 2.5, {"kva": 400.0}),
        (1.5, 0.5, {"kva": 630.0}),
        (0.5, 2.5, {"kva": 250.0}),
    ],
}


def small_city() -> City:
    """Make the city."""
    sensors = (
        Sensor(
            id=f"{kind}-{number:04d}",
            kind=kind,
            district="homes" if number % 2 else "offices",
            longitude=_node(column, row)[0],
            latitude=_node(column, row)[1],
            attributes=attributes,
        )
        for kind, places in SENSORS.items()
        for number, (column, row, attributes) in enumerate(places, 1)
    )
    ring = (_node(-1, -1), _node(4, -1), _node(4, 4), _node(-1, 4), _node(-1, -1))
    return City(
        id="small",
        name="Small",
        timezone="Africa/Casablanca",
        bbox=(*_node(-2, -2), *_node(5, 5)),
        districts=(
            District(id="homes", name="Homes", category="living", population=3000, ring=ring),
            District(id="offices", name="Offices", category="health", population=0, ring=ring),
        ),
        streets=tuple(Street(id=f"street-{number:04d}", **street) for number, street in enumerate(_streets(), 1)),
        sensors=tuple(sensors),
        parameters=PARAMETERS,
    )


@pytest.fixture(scope="module", autouse=True)
def short_warm_up() -> Iterator[None]:
    """Let new worlds run a minute unseen, not half an hour: that took most of many tests' time.

    Worlds of other processes do not, so that no test may compare theirs with these.
    """
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(world, "WARM_UP", 6)
        yield


@pytest.fixture(scope="session")
def city() -> City:
    """The small city."""
    return small_city()


@pytest.fixture
def conditions(city) -> Conditions:
    """A quiet winter night: Sunday 2025-12-28, 00:00 UTC, seed 1."""
    return Conditions.of(city, seed=1, time=1766880000_000000)
