"""Trips: who drives from where to where on a mean day, by purpose, and at which hours.

Residents drive between home and jobs, shops and the world outside; people from outside come to work; freight goes between
the places that handle it and the roads that lead out; and some only pass through. How trips choose among destinations
follows a gravity model with an exponential deterrence (Wilson 1967, doi:10.1016/0041-1647(67)90035-4).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely

from simulators.domains.base import daily
from simulators.domains.traffic.network import Network
from simulators.world.conditions import Conditions
from simulators.world.parameters import Hourly
from zenata.city.model import City
from zenata.city.readings import FloatArray, IntArray
from zenata.errors import CityError

OUTBOUND, HOMEBOUND, OTHER = range(3)
"""Purposes: away from home, back home, and neither (through traffic, freight)."""

PURPOSES = 3

ENDS = 3
"""Streets of a district at most in which trips to it end; they begin in all of its streets (default)."""

MOTORWAY_WEIGHT = 3.0
"""How much more each lane of a motorway draws trips that lead out than a lane of another road (default)."""

LEAVING_HOME: Hourly = (
    0.35, 0.40, 0.45, 0.60, 0.80, 0.88, 0.90, 0.88, 0.84, 0.72, 0.62, 0.54,
    0.46, 0.52, 0.50, 0.44, 0.36, 0.28, 0.26, 0.30, 0.30, 0.26, 0.24, 0.30,
)  # fmt: skip
"""Share of the trips between home and elsewhere that lead away from home, by local hour (default)."""

REST_DAY = 0.5
"""How far these shares depart from a half on rest days, over a working day (default)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate:
    """Table ``[[traffic.gates]]`` of a city: where a road that is no part of the network leads out.

    Parameters
    ----------
    node : str
        Of the street graph.
    through : float
        Vehicles a day that enter here on their way to another gate.
    """

    node: str
    through: float


@dataclass(frozen=True, kw_only=True, slots=True)
class TrafficParameters:
    """Table ``[traffic]`` of a city.

    Parameters
    ----------
    motorway_daily : float
        Vehicles a day on the motorway, both directions, mean of the year.
    trips_daily : float
        Trips by car and taxi of the city's residents on a mean day, to and from home alike.
    gate_daily : float
        Vehicles a day that enter on each lane of each other road of the network that leads out, on their way through.
    trip_length : float
        Distance over which the attraction of a destination falls to 1/e [m].
    outside : float
        Share of residents' trips that lead out of the city, or come from there.
    visitors_daily : float
        Trips by car of people from outside to the city and back, on a mean day.
    freight_daily : float
        Trips of freight between its districts and the outside on a mean day [passenger car units].
    jobs : dict of str to float
        Jobs by category of district; where none are named a district has one for three inhabitants.
    freight : tuple of str
        Categories of districts that freight goes to.
    gates : tuple of Gate
    working_day, rest_day : tuple of float
        Traffic in each local hour, in percent of a working day's (so the first sums to 100).
    ramadan_working_day, ramadan_rest_day : tuple of float
        The same in Ramadan; empty where it changes nothing.
    """

    motorway_daily: float
    trips_daily: float
    gate_daily: float
    trip_length: float
    working_day: Hourly
    rest_day: Hourly
    outside: float = 0.0
    visitors_daily: float = 0.0
    freight_daily: float = 0.0
    jobs: dict[str, float] = field(default_factory=dict)
    freight: tuple[str, ...] = ()
    gates: tuple[Gate, ...] = ()
    ramadan_working_day: Hourly = ()
    ramadan_rest_day: Hourly = ()

    def course(self, now: Conditions) -> tuple[float, ...]:
        """Return the hourly shares of the local day."""
        if now.rest_day:
            return (now.ramadan and self.ramadan_rest_day) or self.rest_day
        return (now.ramadan and self.ramadan_working_day) or self.working_day

    def purposes(self, now: Conditions, hour: float) -> FloatArray:
        """Return the weight of each purpose at an hour of the local day [h], 1 on average, shape (PURPOSES,)."""
        leaving = daily(LEAVING_HOME, now.working_hour(hour)) - 0.5
        if now.rest_day:
            leaving *= REST_DAY
        return np.array([1 + 2 * leaving, 1 - 2 * leaving, 1.0])


@dataclass(frozen=True, slots=True)
class Trips:
    """Trips on a mean day.

    Parameters
    ----------
    count : ndarray, shape (PURPOSES, n_links, n_destinations)
        Vehicles that set out on each link to each destination, by purpose [1/d].
    ends : ndarray, shape (n_links, n_destinations)
        1 for links at whose end a trip to a destination is over, else 0.
    district : ndarray, shape (n_links,)
        District of those who set out on each link, as an index; -1 for those from outside.
    """

    count: FloatArray
    ends: FloatArray
    district: IntArray


def plan_trips(city: City, network: Network, parameters: TrafficParameters) -> Trips:
    """Return the trips of a mean day, but for those that stay on the motorway."""
    zones = _Zones(city, network, parameters)
    home, jobs, freight, enter, leave = zones.home, zones.jobs, zones.freight, zones.enter, zones.leave
    outside = parameters.outside if enter.any() and leave.any() else 0.0
    inside = parameters.trips_daily * (1 - outside) / 2 * zones.gravity(home, jobs)
    across, visits, freights = parameters.trips_daily * outside, parameters.visitors_daily, parameters.freight_daily
    out = inside + across / 2 * np.outer(home, leave) + visits / 2 * np.outer(enter, jobs)
    back = inside.T + across / 2 * np.outer(enter, home) + visits / 2 * np.outer(jobs, leave)
    other = freights / 2 * (np.outer(freight, leave) + np.outer(enter, freight)) + zones.passing()
    return zones.trips(np.stack([out, back, other]))


@dataclass(frozen=True, slots=True)
class _GateZone:
    """A gate: the links on which trips begin, by share, and end; vehicles a day on their way through; its weight."""

    begin: FloatArray
    end: FloatArray
    through: float
    weight: float


class _Zones:
    """Districts that have streets, then gates, as origins and destinations."""

    def __init__(self, city: City, network: Network, parameters: TrafficParameters) -> None:
        self._network, self._parameters = network, parameters
        streets = city.streets
        lines = [shapely.LineString(street.line) for street in streets]
        middles = shapely.line_interpolate_point(lines, 0.5, normalized=True)
        covers = np.array([shapely.covers(shapely.Polygon(part.ring).buffer(1e-6), middles) for part in city.districts])
        local = covers & ~network.motorway & ~network.entry & ~network.leave
        minor = np.array([street.road != "primary" for street in streets])
        quiet = np.where((local & minor).any(axis=1, keepdims=True), local & minor, local)
        found = np.flatnonzero(local.any(axis=1))
        self._districts = found
        # Links that trips of a zone begin on and end on, by share, shape (n_zones, n_links)
        begin = [network.length * quiet[number] / (network.length * quiet[number]).sum() for number in found]
        end = [_some(np.flatnonzero(quiet[number]), len(streets)) for number in found]
        gates = self._gates(city)
        self._begin = np.array(begin + [gate.begin for gate in gates])
        self._end = np.array(end + [gate.end for gate in gates])
        through = [gate.through for gate in gates]
        weight = np.array([0.0] * len(found) + [gate.weight for gate in gates])
        self._through = np.array([0.0] * len(found) + through)
        self.enter = _shares(weight * self._begin.any(axis=1))
        self.leave = _shares(weight * self._end.any(axis=1))
        self._position = np.array([(point.x, point.y) for point in middles]) * (92_600.0, 111_195.0)
        people = [city.districts[number].population for number in found]
        categories = [city.districts[number].category for number in found]
        areas = [shapely.Polygon(city.districts[number].ring).area for number in found]
        total = {
            name: sum(area for area, other in zip(areas, categories, strict=True) if other == name)
            for name in parameters.jobs
        }
        jobs = [
            parameters.jobs[name] * area / total[name] if name in total else number / 3
            for name, area, number in zip(categories, areas, people, strict=True)
        ]
        self.home, self.jobs = self._of_districts(people), self._of_districts(jobs)
        handled = [area * (name in parameters.freight) for name, area in zip(categories, areas, strict=True)]
        self.freight = self._of_districts(handled)

    def _of_districts(self, values: Sequence[float]) -> FloatArray:
        """Return shares of the zones, of which gates have none."""
        return _shares(np.append(np.array(values, dtype=float), np.zeros(len(self._begin) - len(values))))

    def _gates(self, city: City) -> list["_GateZone"]:
        """Return the gates: links of the network that lead in or out, by node, then those of the parameters."""
        network, streets = self._network, city.streets
        nodes = [streets[number].start for number in np.flatnonzero(network.entry)]
        nodes += [streets[number].end for number in np.flatnonzero(network.leave)]
        found = []
        for node in dict.fromkeys(nodes):
            begin = network.entry & np.array([street.start == node for street in streets])
            end = network.leave & np.array([street.end == node for street in streets])
            fast, lanes = bool(network.motorway[begin | end].any()), float(network.lanes[begin | end].max())
            through = 0.0 if fast else self._parameters.gate_daily * lanes
            found.append(
                _GateZone(_shares(begin * 1.0), end * 1.0, through, lanes * (MOTORWAY_WEIGHT if fast else 1.0))
            )
        for gate in self._parameters.gates:
            begin = np.array([street.start == gate.node and street.road != "motorway" for street in streets])
            end = np.array([street.end == gate.node and street.road != "motorway" for street in streets])
            if not begin.any() or not end.any():
                raise CityError(f"city.toml of {city.id}: [traffic] gates: no streets begin and end at {gate.node!r}")
            found.append(
                _GateZone(_shares(begin * network.lanes), end * 1.0, gate.through, float(network.lanes[begin].max()))
            )
        return found

    def gravity(self, origins: FloatArray, destinations: FloatArray) -> FloatArray:
        """Return the shares of trips from zone to zone, shape (n_zones, n_zones), balanced to both margins."""
        centre = np.array([row @ self._position / max(row.sum(), 1e-9) for row in self._begin])
        distance = np.hypot(*np.moveaxis(centre[:, None] - centre, 2, 0))
        shares = np.outer(origins, destinations) * np.exp(-distance / self._parameters.trip_length)
        for _ in range(12):  # Furness
            shares *= (origins / np.maximum(shares.sum(axis=1), 1e-12))[:, None]
            shares *= destinations / np.maximum(shares.sum(axis=0), 1e-12)
        return np.asarray(shares)

    def passing(self) -> FloatArray:
        """Return the trips a day from gate to gate, shape (n_zones, n_zones)."""
        through = self._through
        able = np.outer(through, through) * (1 - np.eye(len(through)))
        return np.asarray(through[:, None] * able / np.maximum(able.sum(axis=1, keepdims=True), 1e-9))

    def trips(self, zones: FloatArray) -> Trips:
        """Spread trips from zone to zone, shape (PURPOSES, n_zones, n_zones), over links."""
        columns, count, ends = [], [], []
        for zone, row in enumerate(self._end):
            links = np.flatnonzero(row)
            gate = zone >= len(self._districts)
            for group in [links] if gate else [[link] for link in links.tolist()]:
                columns.append(zone)
                count.append(1.0 if gate else 1 / len(links))
                ends.append(np.isin(np.arange(len(row)), group))
        part = zones[:, :, columns] * np.array(count)
        district = np.full(self._begin.shape[1], -1, dtype=np.int64)
        for zone, number in enumerate(self._districts.tolist()):
            district[(self._begin[zone] > 0) & (district < 0)] = number
        return Trips(np.einsum("zl,kzd->kld", self._begin, part), np.array(ends).T.astype(float), district)


def _some(numbers: IntArray, count: int) -> FloatArray:
    """Return a row that marks `ENDS` of some links, evenly spread over their order."""
    chosen = numbers[np.unique(np.linspace(0, len(numbers) - 1, min(ENDS, len(numbers))).round().astype(int))]
    row = np.zeros(count)
    row[chosen] = 1.0
    return row


def _shares(values: FloatArray) -> FloatArray:
    return np.asarray(values / max(values.sum(), 1e-9))
