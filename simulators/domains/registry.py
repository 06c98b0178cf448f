"""The domains, in the order in which they step: each reads what those before it wrote at the same tick."""

from collections.abc import Collection

from simulators.domains.air.domain import Air
from simulators.domains.base import Domain
from simulators.domains.bus.domain import Bus
from simulators.domains.charger import Charger
from simulators.domains.crowd import Crowd
from simulators.domains.drainage import Drainage
from simulators.domains.meter import Meter
from simulators.domains.noise import Noise
from simulators.domains.parking import Parking
from simulators.domains.power.domain import Power
from simulators.domains.pv import Photovoltaic
from simulators.domains.solar.domain import Solar
from simulators.domains.streetlight import Streetlight
from simulators.domains.traffic.domain import Traffic
from simulators.domains.waste import Waste
from simulators.domains.water.domain import Water
from simulators.domains.weather.domain import Weather

DOMAINS: dict[str, type[Domain]] = {
    "weather": Weather,
    "solar": Solar,
    "drainage": Drainage,
    "traffic": Traffic,
    "parking": Parking,
    "air": Air,
    "streetlight": Streetlight,
    "pv": Photovoltaic,
    "charger": Charger,
    "meter": Meter,
    "power": Power,
    "noise": Noise,
    "crowd": Crowd,
    "bus": Bus,
    "waste": Waste,
    "water": Water,
}
"""By name; the name prefixes the domain's state."""

NEEDS: dict[str, tuple[str, ...]] = {
    "weather": ("solar",),  # its stations measure irradiance too
    "solar": ("weather",),
    "drainage": ("weather",),
    "traffic": ("weather", "drainage", "power"),
    "parking": ("drainage",),
    "air": ("weather", "solar", "traffic"),
    "streetlight": ("solar", "power"),
    "pv": ("weather", "solar", "power"),
    "charger": ("drainage", "power"),
    "meter": ("weather", "solar", "power"),
    "power": ("streetlight", "pv", "charger", "meter"),
    "noise": ("weather", "traffic"),
    "crowd": ("weather", "power"),  # counters hang on the mains
    "bus": ("traffic",),
    "waste": ("weather", "solar", "drainage"),
    "water": ("weather", "power"),
}
"""What each domain reads of others. A world of some kinds computes what these need and has the values of the whole city:
a test compares the two, for every kind."""


def needed(kinds: Collection[str]) -> list[str]:
    """Return the names of the domains that some kinds of sensors need, in the order in which they step; all for none."""
    found = {name for name, domain in DOMAINS.items() if not kinds or domain.kind in kinds}
    while more := {other for name in found for other in NEEDS[name]} - found:
        found |= more
    return [name for name in DOMAINS if name in found]


SIMULATED = frozenset(domain.kind for domain in DOMAINS.values() if domain.kind is not None)
"""The kinds of sensors that the domains bring to life; the others publish nothing."""
