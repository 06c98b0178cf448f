"""Plan of a city's traffic: its network, a mean day's trips, and the routes that they take."""

from dataclasses import dataclass

import numpy as np

from simulators.domains.traffic.network import BoolArray, Network, build_network
from simulators.domains.traffic.routes import Routes, find_routes, with_motorway
from simulators.domains.traffic.signals import GREEN
from simulators.domains.traffic.trips import TrafficParameters, Trips, plan_trips
from simulators.world.parameters import read_table
from zenata.city.derived import once_per_city
from zenata.city.model import City
from zenata.errors import CityError


@dataclass(frozen=True, slots=True)
class Plan:
    """What the traffic of a city follows from.

    Parameters
    ----------
    parameters : TrafficParameters
    network : Network
        Without turning shares.
    trips : Trips
    routes : Routes
        While no street is closed.
    """

    parameters: TrafficParameters
    network: Network
    trips: Trips
    routes: Routes

    def routes_round(self, closed: BoolArray) -> Routes:
        """Return the routes if nobody enters some links, shape (n_links,)."""
        return _routes(self.parameters, self.network, self.trips, closed) if closed.any() else self.routes


@once_per_city
def plan_of(city: City) -> Plan:
    """Return the plan of a city.

    Raises
    ------
    CityError
        If all links of motorways are ramps, or its table is missing or wrong.
    """
    parameters = read_table(city, "traffic", TrafficParameters)
    network = build_network(city.streets)
    if network.motorway.any() and not network.carriageway.any():
        raise CityError(f"streets.geojson of {city.id}: no motorway has two lanes; with one they are its ramps")
    trips = plan_trips(city, network, parameters)
    return Plan(
        parameters, network, trips, _routes(parameters, network, trips, np.zeros(len(city.streets), dtype=np.bool_))
    )


def _routes(parameters: TrafficParameters, network: Network, trips: Trips, closed: BoolArray) -> Routes:
    capacity = network.saturation * np.where(network.signal, GREEN, 1.0)
    return with_motorway(network, find_routes(network, trips, capacity, closed), parameters.motorway_daily)
