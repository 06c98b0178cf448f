"""What instruments make of the truth: gain, bias, drift, noise, resolution and range.

The figures are of the instrument classes named beside them; where no source is named they are defaults.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simulators.world.conditions import Conditions
from simulators.world.disturbance import SPIKES
from simulators.world.draws import Stream, draws
from zenata.city.clock import SECOND
from zenata.city.derived import once_per_city
from zenata.city.kinds import KINDS
from zenata.city.model import City
from zenata.city.quantities import QUANTITIES
from zenata.city.readings import FloatArray, IntArray

CALIBRATION = 365 * 86400 * SECOND
"""Time between two calibrations of an instrument [us]; drift starts again at each (default without a source)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Instrument:
    """How far a property's readings stray from the truth. Spreads are standard deviations.

    Parameters
    ----------
    gain : float
        Spread over sensors of the factor's departure from 1.
    bias : float
        Spread over sensors of a constant offset [unit of the quantity].
    drift : float
        Spread over sensors of the offset gained in a year after calibration [unit of the quantity].
    noise : float
        Spread of a reading round its mean [unit of the quantity].
    relative : float
        The same as a share of the value.
    circle : float
        Length of the circle the value lives on, such as 360 degrees; 0 for values on a line.
    """

    gain: float = 0.0
    bias: float = 0.0
    drift: float = 0.0
    noise: float = 0.0
    relative: float = 0.0
    circle: float = 0.0


EXACT = Instrument()
"""Properties without error of measurement: states that the device itself sets or counts."""

INSTRUMENTS: dict[tuple[str, str], Instrument] = {
    # Achievable uncertainties of WMO-No. 8 (2018), annex 1.A: 0.2 K, 3 %, 0.15 hPa, 0.5 m/s or 10 %, 5 deg, 5 %
    ("weather", "temperature"): Instrument(bias=0.1, noise=0.05),
    ("weather", "humidity"): Instrument(bias=1.0, noise=0.5),
    ("weather", "pressure"): Instrument(bias=0.07, noise=0.05),
    ("weather", "wind_speed"): Instrument(gain=0.03, noise=0.1, relative=0.08),
    ("weather", "wind_direction"): Instrument(bias=2.0, noise=4.0, circle=360.0),
    ("weather", "rain"): Instrument(gain=0.03, relative=0.03),
    ("weather", "ghi"): Instrument(gain=0.02, relative=0.005),  # ISO 9060 class B
    # Half of the data quality objectives for indicative measurements of Directive 2008/50/EC, annex I
    ("air", "no2"): Instrument(gain=0.06, bias=1.0, drift=3.0, noise=0.8, relative=0.02),
    ("air", "pm10"): Instrument(gain=0.10, bias=1.0, drift=2.0, noise=1.0, relative=0.03),
    ("air", "pm25"): Instrument(gain=0.10, bias=0.7, drift=1.5, noise=0.7, relative=0.03),
    ("air", "o3"): Instrument(gain=0.06, bias=1.0, drift=3.0, noise=0.8, relative=0.02),
    ("air", "so2"): Instrument(gain=0.06, bias=0.7, drift=2.0, noise=0.7, relative=0.02),
    # Defaults: an induction loop misses or doubles about one vehicle in fifty
    ("traffic", "flow"): Instrument(gain=0.02),
    ("traffic", "speed"): Instrument(gain=0.02, noise=1.0),
    ("traffic", "occupancy"): Instrument(gain=0.03, relative=0.02),
    # Defaults
    ("streetlight", "power"): Instrument(gain=0.01, relative=0.003),
    ("streetlight", "illuminance"): Instrument(gain=0.08, relative=0.01),
    # EN 50470-3 class B: 1 %; energy carries the same gain and no noise, so that it never runs backwards
    ("pv", "power"): Instrument(gain=0.004, relative=0.002),
    ("pv", "energy"): Instrument(gain=0.004),
    ("meter", "power"): Instrument(gain=0.004, relative=0.002),
    ("meter", "energy"): Instrument(gain=0.004),
    ("charger", "power"): Instrument(gain=0.004, relative=0.002),
    ("charger", "energy"): Instrument(gain=0.004),
    # IEC 61557-12: voltage and current of class 0.5, power of class 1
    ("power", "voltage"): Instrument(gain=0.002, relative=0.0005),
    ("power", "current"): Instrument(gain=0.002, relative=0.001),
    ("power", "power"): Instrument(gain=0.004, relative=0.002),
    # ISO 4064-1 class 2: 2 % at most, here twice the spread; pressure to 0.25 % of a range of 100 m (default)
    ("water", "head"): Instrument(bias=0.12, noise=0.03),
    ("water", "discharge"): Instrument(gain=0.01, relative=0.003),
    ("water", "volume"): Instrument(gain=0.01),
    # IEC 61672-1 class 1: 1.1 dB at 1 kHz is the acceptance limit, here twice the spread
    ("noise", "laeq"): Instrument(bias=0.4, drift=0.2, noise=0.1),
    # GPS Standard Positioning Service (2020): 8 m in 95 % of cases, so 3.3 m each way, and 0.2 m/s
    ("bus", "latitude"): Instrument(noise=3.0e-5),
    ("bus", "longitude"): Instrument(noise=3.6e-5),
    ("bus", "speed"): Instrument(noise=0.4),
    # Defaults
    ("bus", "occupancy"): Instrument(gain=0.02, relative=0.03),
    ("crowd", "people"): Instrument(gain=0.05, relative=0.03),
    ("waste", "fill"): Instrument(bias=0.01, noise=0.01),
    ("waste", "temperature"): Instrument(bias=0.3, noise=0.1),
    ("waste", "overflow"): Instrument(relative=0.15),
}
"""By kind and property; what is not named is `EXACT`."""


@dataclass(frozen=True, slots=True)
class Channels:
    """One channel for each property of each sensor, those of a sensor side by side, sensors in city order.

    Parameters
    ----------
    first, count : ndarray, shape (n_sensors,)
        First channel of a sensor, and how many it has.
    kind, property : tuple of str, shape (n_channels,)
        What each channel observes.
    """

    first: IntArray
    count: IntArray
    kind: tuple[str, ...]
    property: tuple[str, ...]

    @classmethod
    def of(cls, city: City) -> "Channels":
        """Return the channels of a city."""
        return _channels(city)

    def __len__(self) -> int:
        return len(self.kind)

    def gather(self, sensors: IntArray | npt.NDArray[np.int32]) -> tuple[IntArray, npt.NDArray[np.int32]]:
        """Return the channels of `sensors` one after the other, and where each sensor's begin, shape (k + 1,)."""
        count, offsets = self.count[sensors], np.zeros(len(sensors) + 1, dtype=np.int32)
        np.cumsum(count, out=offsets[1:])
        channels = np.repeat(self.first[sensors] - offsets[:-1], count)
        channels += np.arange(offsets[-1])
        return channels, offsets


@once_per_city
def _channels(city: City) -> Channels:
    pairs = [(sensor.kind, name) for sensor in city.sensors for name in KINDS[sensor.kind].properties]
    count = np.array([len(KINDS[sensor.kind].properties) for sensor in city.sensors], dtype=np.int64)
    kinds, properties = zip(*pairs, strict=True) if pairs else ((), ())
    return Channels(np.cumsum(count) - count, count, kinds, properties)


class Measurement:
    """The instruments of a city, each with its own departures drawn from the seed.

    Parameters
    ----------
    channels : Channels
    seed : int
        Of the world.
    """

    def __init__(self, channels: Channels, seed: int) -> None:
        self._seed = seed
        pairs = list(zip(channels.kind, channels.property, strict=True))
        distinct = {pair: number for number, pair in enumerate(dict.fromkeys(pairs))}
        which = np.array([distinct[pair] for pair in pairs], dtype=np.int64)
        models = [INSTRUMENTS.get(pair, EXACT) for pair in distinct]
        quantities = [QUANTITIES[name] for _, name in distinct]

        def column(field: str) -> FloatArray:
            return np.array([float(getattr(model, field)) for model in models])[which]

        spread = np.clip(draws(seed, Stream.MEASUREMENT).standard_normal((3, len(channels))), -2.5, 2.5)
        self._gain = 1 + column("gain") * spread[0]
        self._bias = column("bias") * spread[1]
        self._drift = column("drift") * spread[2]
        self._calibrated = draws(seed, Stream.MEASUREMENT, 1).random(len(channels))
        self._noise, self._relative, self._circle = column("noise"), column("relative"), column("circle")
        self._scale = np.array([10.0**quantity.digits for quantity in quantities])[which]
        self._low = np.array([quantity.low for quantity in quantities])[which]
        self._high = np.array([quantity.high for quantity in quantities])[which]
        self._noisy = (self._noise > 0) | (self._relative > 0)
        kinds = {name: number for number, name in enumerate(KINDS)}
        self._kind = np.array([kinds[kind] for kind, _ in distinct], dtype=np.uint8)[which]
        self._turns = self._circle > 0
        self._sensor = np.repeat(np.arange(len(channels.count)), channels.count)
        self.shown = np.full(len(channels), np.nan)  # last by each channel

    def read(self, truth: FloatArray, channels: IntArray, now: Conditions) -> FloatArray:
        """Return what instruments show of `truth` [units of the quantities].

        Noise is drawn for the noisy channels among those read, in their order, for each kind by itself. What publishes
        regularly is known from the tick, and what publishes on change is exact, so the noise of a message depends on
        the seed and the tick alone, and not on which other kinds are there.

        Parameters
        ----------
        truth : ndarray, shape (n_channels,)
            True values of all channels.
        channels : ndarray, shape (m,)
            Which are read.
        now : Conditions
            Of which the tick counts, and which instruments are out of order.

        Returns
        -------
        ndarray, shape (m,)
            Rounded to the quantity's digits, within its range.
        """
        position = np.flatnonzero(self._noisy[channels])
        noisy = channels[position]
        noise = self._draw(noisy, now)
        drawn = noise.copy() if now.disturbance.tremor.any() else noise
        noise *= self._noise[noisy] + self._relative[noisy] * np.abs(truth[noisy])
        wide = 2 * len(channels) > len(truth)  # whole columns are faster then than most of them, and give the same
        chosen = slice(None) if wide else channels
        value = self._respond(truth, chosen, now)
        value[noisy if wide else position] += noise
        if now.disturbance.active:
            value = self._fail(value, chosen, now)
        self._show(value, chosen)
        if wide:
            value = value[channels]
        if now.disturbance.active and now.disturbance.stuck.any():
            stuck = np.flatnonzero(now.disturbance.stuck[self._sensor[channels]] & ~np.isnan(self.shown[channels]))
            held = self.shown[channels[stuck]]
            self.shown[channels] = value
            self.shown[channels[stuck]] = held
            normal = np.zeros(len(channels))
            normal[position] = drawn
            value[stuck] = self._tremble(held, channels[stuck], normal[stuck], now)
        else:
            self.shown[channels] = value
        return value

    def _tremble(self, held: FloatArray, channels: IntArray, normal: FloatArray, now: Conditions) -> FloatArray:
        """Return what stuck instruments show: what they hold, and what is left of their noise, of which `normal` is drawn."""
        left = now.disturbance.tremor[self._sensor[channels]]
        if not left.any():
            return held
        value = held + left * normal * (self._noise[channels] + self._relative[channels] * np.abs(held))
        self._show(value, channels)
        return np.where(left > 0, value, held)

    def _fail(self, value: FloatArray, chosen: IntArray | slice, now: Conditions) -> FloatArray:
        """Return what instruments that are out of order make of values."""
        faults = now.disturbance
        value = value * faults.gain[chosen] + faults.offset[chosen]
        if faults.noise.any() or faults.spike.any():
            rng = now.draws(Stream.FAULT)
            normal, chance = rng.standard_normal(len(faults.gain)), rng.random(len(faults.gain))
            value += faults.noise[chosen] * normal[chosen]
            value += np.where(chance < SPIKES, faults.spike, 0.0)[chosen]
        return value

    def _draw(self, noisy: IntArray, now: Conditions) -> FloatArray:
        """Return standard normal noise of channels, shape (k,)."""
        kinds, noise = self._kind[noisy], np.empty(len(noisy))
        drawn, first = np.empty(len(noisy)), 0
        for kind, count in enumerate(np.bincount(kinds, minlength=1).tolist()):
            if count:
                rng = draws(now.seed, Stream.NOISE, now.tick * len(KINDS) + kind)
                rng.standard_normal(out=drawn[first : first + count])
                first += count
        noise[np.argsort(kinds, kind="stable")] = drawn
        return noise

    def expected(self, truth: FloatArray, now: Conditions) -> FloatArray:
        """Return what `read` would return of all channels, but for noise and resolution, shape (n_channels,)."""
        value = self._respond(truth, slice(None), now) * now.disturbance.gain + now.disturbance.offset
        stuck = now.disturbance.stuck[self._sensor] & ~np.isnan(self.shown)
        return np.where(stuck, self.shown, np.clip(value, self._low, self._high))

    def _respond(self, truth: FloatArray, channels: IntArray | slice, now: Conditions) -> FloatArray:
        """Return what instruments in order make of `truth`, but for noise."""
        value: FloatArray = truth[channels] * self._gain[channels]
        value += self._bias[channels]
        drifting = np.flatnonzero(self._drift[channels])
        if len(drifting):
            age = now.time / CALIBRATION + self._calibrated[channels][drifting]
            value[drifting] += self._drift[channels][drifting] * (age - np.floor(age))
        return value

    def _show(self, value: FloatArray, channels: IntArray | slice) -> None:
        """Wrap what lives on a circle, clip to the range, round to the digits, all in place."""
        turning = np.flatnonzero(self._turns[channels])
        if len(turning):
            value[turning] %= self._circle[channels][turning]
        np.clip(value, self._low[channels], self._high[channels], out=value)
        scale = self._scale[channels]
        value *= scale
        np.rint(value, out=value)
        value /= scale
        value += 0.0  # makes -0.0 plain
