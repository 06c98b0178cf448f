"""Documents of a city's networks by name and format."""

from collections.abc import Callable, Mapping
from typing import Any

from simulators.networks import power, streets, water
from simulators.networks.graph import Graph
from zenata.city.model import City
from zenata.errors import CityError

GRAPHS: Mapping[str, Callable[[City], Graph]] = {
    "streets": streets.streets,
    "traffic": streets.traffic,
    "bus": streets.bus,
    "water": water.graph,
    "power": power.graph,
}

FILES: Mapping[tuple[str, str], Callable[[City], str]] = {("water", "inp"): water.inp, ("power", "pgm"): power.pgm}


class Networks:
    """Network documents of a city, each made when it is first asked for.

    Parameters
    ----------
    city : City
    """

    def __init__(self, city: City) -> None:
        self._city = city
        self._made: dict[tuple[str, str], Any] = {}

    def document(self, network: str, format_: str) -> Any:  # noqa: ANN401 - any JSON
        """Return a document: an object for ``geojson`` and ``node-link``, the text of a file for ``inp`` and ``pgm``.

        Raises
        ------
        CityError
            If there is no such network or format, or the city has nothing of it.
        """
        key = network, format_
        if key not in self._made:
            self._made[key] = self._make(network, format_)
        return self._made[key]

    def _make(self, network: str, format_: str) -> Any:  # noqa: ANN401 - any JSON
        if write := FILES.get((network, format_)):
            return write(self._city)
        if network not in GRAPHS or format_ not in ("geojson", "node-link"):
            raise CityError(f"there is no network {network!r} as {format_!r}")
        graph = GRAPHS[network](self._city)
        return graph.geojson() if format_ == "geojson" else graph.node_link()
