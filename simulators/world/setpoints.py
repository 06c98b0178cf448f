"""Setpoints of devices: what commands have set, as arrays that domains read."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zenata.city.derived import once_per_city
from zenata.city.kinds import KINDS, Setting
from zenata.city.model import City, Sensor
from zenata.city.readings import FloatArray


@dataclass(frozen=True, slots=True)
class _Devices:
    """Kind of each sensor and its index among those of its kind, by id; lows and highs by ``kind.setting``, NaN for none."""

    kind: dict[str, str]
    index: dict[str, int]
    range: dict[str, tuple[FloatArray, FloatArray]]


@once_per_city
def _devices(city: City) -> _Devices:
    found = _Devices({sensor.id: sensor.kind for sensor in city.sensors}, {}, {})
    for kind in KINDS.values():
        sensors = [city.sensors[number] for number in city.positions_by_kind.get(kind.name, [])]
        found.index.update({sensor.id: index for index, sensor in enumerate(sensors)})
        for setting in kind.settings:
            bounds = np.array([_bounds(setting, sensor) for sensor in sensors]).reshape(-1, 2)
            found.range[f"{kind.name}.{setting.name}"] = bounds[:, 0], bounds[:, 1]
    return found


class Setpoints:
    """The setpoints of every device. NaN leaves a device to its own control.

    Parameters
    ----------
    city : City

    Attributes
    ----------
    arrays : dict of str to ndarray
        By ``kind.setting``, shape (n_sensors of the kind,), in city order. Part of a world's state.
    """

    def __init__(self, city: City) -> None:
        self.arrays: dict[str, npt.NDArray[np.float64]] = {}
        self._refusals: dict[str, tuple[npt.NDArray[np.bool_], str]] = {}
        self._devices = _devices(city)
        for key, (low, _) in self._devices.range.items():
            self.arrays[key] = np.full(len(low), np.nan)

    def of(self, kind: str, name: str) -> FloatArray:
        """Return the array of a setting, shape (n_sensors of the kind,), NaN where a device controls itself."""
        return self.arrays[f"{kind}.{name}"]

    def restrict(self, kind: str, name: str, refused: npt.NDArray[np.bool_], reason: str) -> None:
        """Let devices refuse a setting with a reason.

        Parameters
        ----------
        kind, name : str
        refused : ndarray of bool, shape (n_sensors of the kind,)
            The array itself is stored, not a copy: later changes of it take effect.
        reason : str
        """
        self._refusals[f"{kind}.{name}"] = (refused, reason)

    def check(self, kind: str, sensor: str, values: Mapping[str, float | None]) -> str | None:
        """Return why a device could never be set so, or None if it could.

        Parameters
        ----------
        kind, sensor : str
        values : mapping of str to float or None
            New value by setting; None gives it back to the device's own control.
        """
        settings = {setting.name: setting for setting in KINDS[kind].settings} if kind in KINDS else {}
        if sensor not in self._devices.index or self._devices.kind[sensor] != kind:
            return f"unknown sensor {sensor!r}"
        if not settings:
            return f"sensors of kind {kind} take no commands"
        if not values:
            return f"nothing to set: name one of {', '.join(settings)}"
        for name, value in values.items():
            if name not in settings:
                return f"unknown setting {name!r}: kind {kind} has {', '.join(settings)}"
            if why := self._misfit(f"{kind}.{name}", sensor, settings[name], value):
                return why
        return None

    def refusal(self, kind: str, sensor: str, values: Mapping[str, float | None]) -> str | None:
        """Return why a device cannot be set so now, or None if it can; it may depend on the state of the city."""
        if why := self.check(kind, sensor, values):
            return why
        for name in values:
            refused, reason = self._refusals.get(f"{kind}.{name}", (None, ""))
            if refused is not None and refused[self._devices.index[sensor]]:
                return f"{sensor}: {reason}"
        return None

    def put(self, kind: str, sensor: str, values: Mapping[str, float | None]) -> None:
        """Set what has no `refusal`."""
        for name, value in values.items():
            self.arrays[f"{kind}.{name}"][self._devices.index[sensor]] = np.nan if value is None else value

    def _misfit(self, key: str, sensor: str, setting: Setting, value: float | None) -> str | None:
        low, high = (float(bound[self._devices.index[sensor]]) for bound in self._devices.range[key])
        if np.isnan(high):
            return f"{sensor} has no {setting.name}"
        if value is None:
            return None
        if not low <= value <= high:
            unit = f" {setting.unit}" if setting.unit != "/" else ""  # a share is a number
            return f"{setting.name} {value:g} is out of range: from {low:g} to {high:g}{unit}"
        if setting.whole and value != int(value):
            return f"{setting.name} {value:g} is not a whole number"
        return None


def _bounds(setting: Setting, sensor: Sensor) -> tuple[float, float]:
    """Return the range of a setting at a sensor; NaN where it does not have it."""
    if setting.needs is not None and setting.needs not in sensor.attributes:
        return np.nan, np.nan
    high = setting.high
    if setting.limit is not None:
        high = min(high, float(sensor.attributes[setting.limit]))
    return setting.low, high
