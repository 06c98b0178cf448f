"""Sensors, and the gateways behind them, that do not do as they should. The city itself goes on as ever."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import msgspec
import numpy as np

from simulators.domains.base import Domain
from simulators.events.base import HOUR, Effect, Event, Parts, chance, parameters_of
from simulators.events.targets import any_of, sensors_in, sensors_named, sensors_of_kinds
from simulators.world.conditions import Conditions
from simulators.world.delivery import RADIO
from simulators.world.measurement import Channels
from zenata.city.clock import SECOND
from zenata.city.kinds import KINDS
from zenata.city.model import City, Sensor
from zenata.city.quantities import QUANTITIES
from zenata.city.readings import IntArray
from zenata.errors import ScenarioError

LARGE = 0.1
"""Share of a quantity's range that a drift comes to at its end at which it counts as the worst of its like (default)."""


COUNTED = {"energy": 10.0, "volume": 10.0}
"""The same of what counts up for ever, and so has no range [kWh], [m3] (defaults)."""

USUAL_GAIN, USUAL_CLOCK, MAX_CLOCK = 0.3, 600.0, 3600.0
"""Share that is added, and seconds that a clock is ahead, by default; how far one is wrong at most [s] (defaults)."""


class StuckParameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sensors that show their last value again and again.

    Parameters
    ----------
    sensors : tuple of str
        Any one if neither they nor kinds are named.
    kinds : tuple of str
        Kinds of which a share is stuck, by chance.
    share : float
        Of the sensors of these kinds; one at least.
    noise : float
        Share of their noise that goes on: 0 is a transmitter that hangs, 1 a measuring element that sticks.
    """

    sensors: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    share: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.05
    noise: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0


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


class FaultParameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A sensor that is out of order.

    Parameters
    ----------
    sensor : str or None
        Any air station if none is named.
    property : str or None
        Which of what it observes is wrong; all of it if none is named. A clock is wrong for all.
    fault : str
        ``noise``: each reading strays by chance; ``spike``: one reading in twenty is far off; ``step``: all are off by
        the same; ``gain``: all are off by the same share; ``clock``: their times are wrong.
    size : float or None
        Standard deviation, height or step [unit of the quantity], a tenth of its range if left out; share that is added,
        0.3 if left out; or how far the clock is ahead [s], 600 if left out. Negative for the other way.
    """

    sensor: str | None = None
    property: str | None = None
    fault: Literal["noise", "spike", "step", "gain", "clock"] = "noise"
    size: Annotated[float, msgspec.Meta(ge=-1e6, le=1e6)] | None = None


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


class SensorStuck(Parts, Effect):
    """See `StuckParameters`. Severity: the share of the sensors of their kinds."""

    Parameters = StuckParameters
    duration = 6 * HOUR

    def __init__(self, event: Event, city: City, domains: Mapping[str, Domain], seed: int) -> None:
        parameters = parameters_of(event, StuckParameters)
        if parameters.sensors and parameters.kinds:
            raise ScenarioError("name sensors or kinds, but not both")
        if parameters.sensors:
            sensors = sensors_named(city, parameters.sensors)
        elif parameters.kinds:
            every = sensors_of_kinds(city, parameters.kinds)
            count = max(round(parameters.share * len(every)), 1)
            sensors = np.sort(chance(event, seed).choice(every, count, replace=False))
        else:
            sensors = np.array([any_of(event, seed, _some(city, range(len(city.sensors))))])
        super().__init__(sensors, _ids(city, sensors))
        self._noise = parameters.noise
        self.severity = _share(city, sensors)

    def disturb(self, now: Conditions) -> None:
        """Hold what they show, but for their noise."""
        stuck = self.failing(now.time)
        now.disturbance.stuck[stuck] = True
        now.disturbance.tremor[stuck] = self._noise


class SensorDrift(Effect):
    """See `DriftParameters`. Severity: the drift at its end over a tenth of the quantity's range (10 kWh, 10 m3 of counters), the most."""

    Parameters = DriftParameters
    duration = 48 * HOUR

    def __init__(self, event: Event, city: City, domains: Mapping[str, Domain], seed: int) -> None:
        parameters = parameters_of(event, DriftParameters)
        if not parameters.rate:
            raise ScenarioError("rate is 0: nothing would drift")
        index = _drifting(event, city, seed, parameters.sensor)
        sensor = city.sensors[index]
        straying = _observed(sensor, parameters.property)
        self._channels = _channels_of(city, index, straying)
        self._start, self._rate = event.start, parameters.rate
        self.targets = (sensor.id,)
        final = abs(self._rate) * (event.end - event.start) / HOUR
        self.severity = min(final / min(_scale(name) for name in straying), 1.0)

    def disturb(self, now: Conditions) -> None:
        """Add what it has come to."""
        now.disturbance.offset[self._channels] += self._rate * (now.time - self._start) / HOUR


class SensorFault(Effect):
    """See `FaultParameters`. Severity: the size over three times what it is if left out."""

    Parameters = FaultParameters
    duration = 6 * HOUR

    def __init__(self, event: Event, city: City, domains: Mapping[str, Domain], seed: int) -> None:
        parameters = parameters_of(event, FaultParameters)
        self._fault, size = parameters.fault, parameters.size
        if size == 0:
            raise ScenarioError("size is 0: nothing would be wrong")
        self._index = _drifting(event, city, seed, parameters.sensor)
        sensor = city.sensors[self._index]
        names = _observed(sensor, parameters.property)
        self._channels = _channels_of(city, self._index, names)
        usual = {"gain": [USUAL_GAIN], "clock": [USUAL_CLOCK]}.get(self._fault) or [_scale(name) for name in names]
        self._size = np.array(usual) if size is None else np.full(len(usual), float(size))
        if self._fault == "clock" and abs(self._size[0]) > MAX_CLOCK:
            raise ScenarioError(f"a clock is wrong by {MAX_CLOCK:g} s at most")
        self.targets = (sensor.id,)
        self.severity = float(min(np.max(np.abs(self._size) / np.array(usual)) / 3, 1.0))

    def disturb(self, now: Conditions) -> None:
        """Put the instrument, or the clock, out of order."""
        faults = now.disturbance
        if self._fault == "clock":
            faults.clock[self._index] += round(self._size[0] * SECOND)
        elif self._fault == "gain":
            faults.gain[self._channels] *= 1 + self._size
        elif self._fault == "step":
            faults.offset[self._channels] += self._size
        elif self._fault == "noise":
            faults.noise[self._channels] += np.abs(self._size)
        else:
            faults.spike[self._channels] += self._size


class GatewayDown(Effect):
    """See `GatewayParameters`. Severity: the share of the sensors of their kinds."""

    Parameters = GatewayParameters
    duration = 2 * HOUR

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


def _observed(sensor: Sensor, property_: str | None) -> list[str]:
    """Return what is meant of what a sensor observes."""
    names = KINDS[sensor.kind].properties
    if property_ not in (None, *names):
        raise ScenarioError(f"{sensor.id} observes no {property_!r}: it has {', '.join(names)}")
    return [name for name in names if property_ in (None, name)]


def _channels_of(city: City, sensor: int, names: Sequence[str]) -> IntArray:
    """Return the channels of some properties of a sensor."""
    every = KINDS[city.sensors[sensor].kind].properties
    return np.asarray(Channels.of(city).first[sensor] + [every.index(name) for name in names])


def _scale(name: str) -> float:
    """Return what is a large error of a quantity [its unit]: a tenth of its range, which a counter has not."""
    return COUNTED.get(name, LARGE * (QUANTITIES[name].high - QUANTITIES[name].low))


def _ids(city: City, sensors: IntArray) -> tuple[str, ...]:
    return tuple(city.sensors[index].id for index in sensors.tolist())


def _share(city: City, sensors: IntArray) -> float:
    """Return how many of the sensors of their kinds they are."""
    kinds = {city.sensors[index].kind for index in sensors.tolist()}
    return len(sensors) / sum(sensor.kind in kinds for sensor in city.sensors)


def _some(city: City, indices: Sequence[int] | IntArray) -> Sequence[int] | IntArray:
    if not len(indices):
        raise ScenarioError(f"city {city.id} has no sensor to choose from: name one")
    return indices


def _drifting(event: Event, city: City, seed: int, name: str | None) -> int:
    """Return the position of the sensor that drifts."""
    if name is not None:
        return int(sensors_named(city, (name,))[0])
    return any_of(event, seed, _some(city, np.flatnonzero([sensor.kind == "air" for sensor in city.sensors])))


def _district(event: Event, city: City, seed: int, kinds: Sequence[str]) -> str:
    """Return any district that has sensors of some kinds."""
    having = {sensor.district for sensor in city.sensors if sensor.kind in kinds}
    indices = [index for index, district in enumerate(city.districts) if district.id in having]
    return city.districts[any_of(event, seed, _some(city, indices))].id
