"""Sensors, and the gateways behind them, that do not do as they should. The city itself goes on as ever."""

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar

import msgspec
import numpy as np

from simulators.domains.base import Domain
from simulators.events.base import HOUR, Event, parameters_of
from simulators.events.places import any_of, sensors_in, sensors_named
from simulators.world.conditions import Conditions
from simulators.world.delivery import RADIO
from simulators.world.measurement import Channels
from zenata.city.kinds import KINDS
from zenata.city.model import City
from zenata.city.quantities import QUANTITIES
from zenata.city.readings import IntArray
from zenata.errors import ScenarioError

LARGE = 0.1
"""Share of a quantity's range that a drift comes to at its end at which it counts as the worst of its like (default)."""


class StuckParameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sensors that show their last value again and again.

    Parameters
    ----------
    sensors : tuple of str
        Any one if none is named.
    """

    sensors: tuple[str, ...] = ()


class DriftParameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A sensor that strays from the truth, more and more.

    Parameters
    ----------
    sensor : str or None
        Any air station if none is named.
    property : str or None
        Which of what it observes strays; all of it if none is named.
    rate : float
        How fast [unit of the quantity an hour].
    """

    sensor: str | None = None
    property: str | None = None
    rate: Annotated[float, msgspec.Meta(ge=-1e6, le=1e6)] = 1.0


class GatewayParameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A gateway that passes nothing on.

    Parameters
    ----------
    sensors : tuple of str
        Those behind it.
    district : str or None
        Where those behind it stand; any district with some if neither is named.
    kinds : tuple of str
        Their kinds, with a district; those that send by radio if none is named.
    lost : bool
        Whether messages are lost meanwhile; else they are held, and sent when it is back.
    """

    sensors: tuple[str, ...] = ()
    district: str | None = None
    kinds: tuple[str, ...] = ()
    lost: bool = False


class SensorStuck:
    """See `StuckParameters`. Severity: the share of the sensors of their kinds."""

    Parameters: ClassVar[type[msgspec.Struct]] = StuckParameters
    public: ClassVar[bool] = False
    duration: ClassVar[int] = 6 * HOUR

    def __init__(self, event: Event, city: City, domains: Mapping[str, Domain], seed: int) -> None:
        named = parameters_of(event, StuckParameters).sensors
        every = _some(city, range(len(city.sensors)))
        self._sensors = sensors_named(city, named) if named else np.array([any_of(event, seed, every)])
        self.targets = _ids(city, self._sensors)
        self.severity = _share(city, self._sensors)

    def disturb(self, now: Conditions) -> None:
        """Hold what they show."""
        now.disturbance.stuck[self._sensors] = True


class SensorDrift:
    """See `DriftParameters`. Severity: the drift at its end over a tenth of the quantity's range, the most of all."""

    Parameters: ClassVar[type[msgspec.Struct]] = DriftParameters
    public: ClassVar[bool] = False
    duration: ClassVar[int] = 48 * HOUR

    def __init__(self, event: Event, city: City, domains: Mapping[str, Domain], seed: int) -> None:
        parameters = parameters_of(event, DriftParameters)
        if not parameters.rate:
            raise ScenarioError("rate is 0: nothing would drift")
        place = _drifting(event, city, seed, parameters.sensor)
        sensor = city.sensors[place]
        names = KINDS[sensor.kind].properties
        if parameters.property not in (None, *names):
            raise ScenarioError(f"{sensor.id} observes no {parameters.property!r}: it has {', '.join(names)}")
        straying = [name for name in names if parameters.property in (None, name)]
        self._channels = Channels.of(city).first[place] + [names.index(name) for name in straying]
        self._start, self._rate = event.start, parameters.rate
        self.targets: tuple[str, ...] = (sensor.id,)
        most = abs(self._rate) * (event.end - event.start) / HOUR
        least = min(QUANTITIES[name].high - QUANTITIES[name].low for name in straying)
        self.severity = min(most / least / LARGE, 1.0)

    def disturb(self, now: Conditions) -> None:
        """Add what it has come to."""
        now.disturbance.offset[self._channels] += self._rate * (now.time - self._start) / HOUR


class GatewayDown:
    """See `GatewayParameters`. Severity: the share of the sensors of their kinds."""

    Parameters: ClassVar[type[msgspec.Struct]] = GatewayParameters
    public: ClassVar[bool] = False
    duration: ClassVar[int] = 2 * HOUR

    def __init__(self, event: Event, city: City, domains: Mapping[str, Domain], seed: int) -> None:
        parameters = parameters_of(event, GatewayParameters)
        if parameters.sensors and (parameters.district or parameters.kinds):
            raise ScenarioError("name sensors, or a district and kinds, but not both")
        self._lost = parameters.lost
        kinds = parameters.kinds or sorted(RADIO)
        if parameters.sensors:
            self._sensors = sensors_named(city, parameters.sensors)
        else:
            self._sensors = sensors_in(city, parameters.district or _district(event, city, seed, kinds), kinds)
        self.targets = _ids(city, self._sensors)
        self.severity = _share(city, self._sensors)

    def disturb(self, now: Conditions) -> None:
        """Silence them, or hold their messages."""
        (now.disturbance.silent if self._lost else now.disturbance.held)[self._sensors] = True


def _ids(city: City, sensors: IntArray) -> tuple[str, ...]:
    return tuple(city.sensors[place].id for place in sensors.tolist())


def _share(city: City, sensors: IntArray) -> float:
    """Return how many of the sensors of their kinds they are."""
    kinds = {city.sensors[place].kind for place in sensors.tolist()}
    return len(sensors) / sum(sensor.kind in kinds for sensor in city.sensors)


def _some(city: City, places: Sequence[int] | IntArray) -> Sequence[int] | IntArray:
    if not len(places):
        raise ScenarioError(f"city {city.id} has no sensor to choose from: name one")
    return places


def _drifting(event: Event, city: City, seed: int, name: str | None) -> int:
    """Return the position of the sensor that drifts."""
    if name is not None:
        return int(sensors_named(city, (name,))[0])
    return any_of(event, seed, _some(city, np.flatnonzero([sensor.kind == "air" for sensor in city.sensors])))


def _district(event: Event, city: City, seed: int, kinds: Sequence[str]) -> str:
    """Return any district that has sensors of some kinds."""
    having = {sensor.district for sensor in city.sensors if sensor.kind in kinds}
    places = [place for place, district in enumerate(city.districts) if district.id in having]
    return city.districts[any_of(event, seed, _some(city, places))].id
