"""Writes the plots of `docs/physics/`, and the table of the year in `docs/physics.md`.

Usage: python -m scripts.plot_physics [name ...]; `year` is the table. All of it takes some minutes.
"""

import re
import sys
from pathlib import Path

from scripts import physics_plots_city as people
from scripts import physics_plots_grids as grids
from scripts import physics_plots_nature as nature
from scripts.physics_facts import table
from scripts.physics_runs import MINUTE, Week, record
from scripts.physics_year import year
from simulators.domains.registry import DOMAINS
from zenata.city.model import City
from zenata.city.pack import load_city

DOCUMENT = Path(__file__).parents[1] / "docs/physics.md"

SOME = ("traffic", "streetlight", "charger", "meter", "crowd")

PLOTS = {
    plot.__name__: plot
    for plot in (
        nature.weather, nature.climate, nature.sun, nature.pv, nature.air, nature.noise, nature.streetlight,
        people.traffic, people.parking, people.charger, people.load, people.grid, people.water, people.waste,
        people.crowd, people.bus, people.ramadan, people.days,
    )
}  # fmt: skip

ANALYSES = {analysis.__name__: analysis for analysis in grids.ANALYSES}
"""Plots with a table of figures beside, between marks of their name in the document."""

WEEKS: dict[str, tuple[str, tuple[str, ...], int]] = {
    "june": ("2026-06-08", tuple(DOMAINS), 5 * MINUTE),
    "winter": ("2026-02-02", ("traffic", "air", "streetlight"), 5 * MINUTE),
    "ramadan": ("2026-03-02", SOME, 5 * MINUTE),
    "spring": ("2026-04-06", SOME, 5 * MINUTE),
}
"""Monday, domains and length of the ticks [us] of the weeks that are drawn."""


class Weeks(dict[str, Week]):
    """The weeks, each simulated when it is first asked for."""

    def __init__(self, city: City) -> None:
        super().__init__()
        self._city = city

    def __missing__(self, name: str) -> Week:
        monday, names, every = WEEKS[name]
        self[name] = record(self._city, monday, names, every=every)
        return self[name]


def write_table(name: str, lines: str) -> None:
    """Write a table between the marks of its name."""
    text = DOCUMENT.read_text(encoding="utf-8")
    text = re.sub(f"(?<=<!-- {name} -->\n).*(?=<!-- /{name} -->)", lambda _: f"{lines}\n", text, flags=re.DOTALL)
    DOCUMENT.write_text(text, encoding="utf-8")


def main(names: list[str]) -> None:
    """Write what is named, or all."""
    city = load_city("zenata")
    weeks = Weeks(city)
    for name in names or [*PLOTS, *ANALYSES, "year"]:
        if name == "year":
            write_table(name, "\n".join(table(year(city))))
        elif name in ANALYSES:
            write_table(name, grids.table(ANALYSES[name](city)))
        elif name in PLOTS:
            PLOTS[name](city, weeks)
        else:
            raise SystemExit(f"no plot {name!r}: there are {', '.join((*PLOTS, *ANALYSES))} and year")


if __name__ == "__main__":
    main(sys.argv[1:])
