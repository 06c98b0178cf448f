"""What is known of Zenata and Casablanca that yearly totals and peaks of the simulation are compared with."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

CLIMATE = "climatestotravel.com, Casablanca"
RECALLED = "recalled, no source"
HAIBAOUI = "measured at Casablanca, [Haibaoui et al. 2017](https://doi.org/10.9790/1676-1202015565)"
WINTER = "Casablanca, winters, between 18 and 23 h"
COUNTRY = "the country, 30 June 2025"


@dataclass(frozen=True, slots=True)
class Fact:
    """A known figure.

    Parameters
    ----------
    quantity : str
        What it is, with its unit in brackets.
    known : str
        As its source has it.
    low, high : float
        Between which a simulated one is accepted.
    source : str
    digits : int
        Decimals shown.
    """

    quantity: str
    known: str
    low: float
    high: float
    source: str
    digits: int = 0


FACTS = {
    "minimum": Fact("mean daily minimum, month furthest from its normal [K]", "0", -1.6, 1.6, CLIMATE, 1),
    "maximum": Fact("mean daily maximum, month furthest from its normal [K]", "0", -1.6, 1.6, CLIMATE, 1),
    "rain": Fact("rain a year [mm]", "425", 361, 489, CLIMATE),
    "wet": Fact("days with 1 mm of rain and more a year", "53", 42, 64, CLIMATE),
    "sun": Fact("global irradiation [kWh/m² a day]", "about 5", 4.7, 5.3, RECALLED, 2),
    "december": Fact("the same in December", "2.5 to 3", 2.3, 3.2, RECALLED, 2),
    "june": Fact("the same in June and July", "7", 6.6, 7.4, RECALLED, 2),
    "roofs": Fact("yield of roofs to the south at 30° a year [kWh/kW]", "1,633 and 1,652", 1560, 1730, HAIBAOUI),
    "burning": Fact("hours that lamps burn a year", "4,300", 4170, 4430, "Casablanca (derived)"),
    "undimmed": Fact(
        "energy of a lamp a year, were it never dimmed [kWh]", "336 to 505", 336, 505,
        "Casablanca: 841 a point, of which LED saves 40 to 60 %",
    ),
    "motorway": Fact("vehicles on the motorway a day, both directions", "54,946", 52_200, 57_700, "A1, count of 2015"),
    "pm10": Fact("PM10, mean of stations [µg/m³]", "61 to 74", 61, 74, "Casablanca, 2013 to 2015"),
    "no2": Fact("NO2, highest hour of January, median of stations [µg/m³]", "85 to 117", 85, 117, WINTER),
    "evening": Fact("the same of hours from 18 to 23 h", "85 to 117", 85, 117, WINTER),
    "peak": Fact(
        "evening peak on 30 June for each inhabitant [W]", "216", 173, 259, f"{COUNTRY}: 7,960 MW, 36.8 million people",
    ),
    "hour": Fact("its local time [h]", "21.5", 20.5, 22.5, COUNTRY, 2),
    "noon": Fact("load at noon over that of the evening", "0.96 to 0.99", 0.93, 1.02, "the country", 2),
    "voltage": Fact("lowest voltage of a station on that day [V]", "207 to 253", 207, 253, "EN 50160"),
    "overvoltage": Fact("highest voltage of a station on that day [V]", "207 to 253", 207, 253, "EN 50160"),
    "charged": Fact("energy from public chargers a day [MWh]", "9.4", 8.0, 10.8, "derived, see Chargers", 1),
    "consumed": Fact("water consumed by each inhabitant a day [l]", "92", 89, 95, "Casablanca (derived)", 1),
    "supplied": Fact("water supplied for each inhabitant a day [l]", "about 120", 116, 124, "Casablanca", 1),
    "lost": Fact("water lost [%]", "23.0", 22, 24, "yield of 77.0 %, Lydec", 1),
    "aid": Fact("water drawn at Aid el-Kebir over the weekend before", "1.14", 1.05, 1.23, "Casablanca", 2),  # one day, and days vary by 4 %
    "heat": Fact("water drawn in a heat wave of 29 °C over the same days without", "1.14", 1.08, 1.2, "Casablanca", 2),
    "thrown": Fact("waste of each inhabitant a year [kg]", "425.8", 405, 447, "Casablanca", 1),
    "feast": Fact("waste at Aid el-Kebir over an ordinary day", "about 3", 2.4, 3.6, "Casablanca (derived)", 2),  # likewise, by 20 %
    "rides": Fact(
        "passengers of both bus lines a day", "42,500", 38_200, 46_800,
        "Casablanca: 13 % of 2.18 trips, of 300,000 people; half of it (default)",
    ),
}  # fmt: skip


def table(values: Mapping[str, float]) -> Iterator[str]:
    """Yield the lines of the table of simulated values, by the names of `FACTS`, beside what is known."""
    yield "| | simulated | known | accepted | source |"
    yield "|---|---|---|---|---|"
    for name, fact in FACTS.items():
        value, low, high = (f"{number:,.{fact.digits}f}" for number in (values[name], fact.low, fact.high))
        yield f"| {fact.quantity} | {value} | {fact.known} | {low} to {high} | {fact.source} |"
