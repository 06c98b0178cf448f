"""Street lights on an astronomical clock, dimmed in the small hours; lamps age and fail; classes say what streets need."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import tzinfo
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from simulators.domains.base import Arrays, sensors_of
from simulators.world.conditions import Conditions, local_day
from simulators.world.draws import Stream, draws
from simulators.world.emission import span
from simulators.world.parameters import read_table
from zenata.city.clock import SECOND
from zenata.city.model import City
from zenata.city.readings import FloatArray, IntArray

STANDBY = 0.5
"""Power of a driver whose lamp is off [W] (default without a source)."""

DRIVER_SHARE = 0.06
"""Share of the rated power that does not fall with dimming (default without a source)."""

DAYLIGHT_EFFICACY = 115.0
"""Illuminance of daylight per irradiance [lm W-1]: the middle of what Littlefair (1985) reports."""

AGED = 0.25
"""Share of the light that a lamp has lost at the end of its life; ages are uniform (default)."""

PERIOD, FAILURES = 30, (0.003, 0.001, 0.001)
"""Length of the periods in which a lamp fails once at most [d], and the chance to: dark, flickering, burning by day
(defaults: 6 % of lamps a year)."""

REPAIR = 12.0
"""Mean time to repair, exponential [d] (default)."""

MENDING = 1800.0
"""Time that a crew which is sent to a lamp works there [s] (default)."""

FLICKER = 600
"""A flickering lamp is dark in every other such span [s] (default)."""

CLASS_LUX = {"C0": 50.0, "C1": 30.0, "C2": 20.0, "C3": 15.0, "C4": 10.0, "C5": 7.5}
"""Mean illuminance that classes of EN 13201-2 require [lx]."""

BUSY, QUIET = 0.65, 0.35
"""Shares of the capacity from which traffic counts as high, and under which as low (CEN/TR 13201-1:2014, table 1)."""

DARK, FLICKERING, DAY_BURNING = 1, 2, 3


@dataclass(frozen=True, kw_only=True, slots=True)
class StreetlightParameters:
    """Table ``[streetlight]`` of a city.

    Parameters
    ----------
    on_below : float
        Elevation of the sun under which lamps burn [deg].
    spread : float
        How far apart lamps switch: standard deviation of that elevation over lamps [deg].
    dim_from, dim_until : float
        Local hours between which lamps are dimmed, through midnight [h].
    dim_level : float
        What they are dimmed to, 1 is full light.
    illuminance : float
        Mean of the road under a new lamp at full light [lx].
    """

    on_below: float
    spread: float
    dim_from: float
    dim_until: float
    dim_level: float
    illuminance: float


def dim_level(threshold: FloatArray, elevation: float, hour: float, parameters: StreetlightParameters) -> FloatArray:
    """Return how far lamps burn, from 0 to 1, shape (n,), given the sun's elevation [deg] and the local hour [h]."""
    small_hours = (hour - parameters.dim_from) % 24 < (parameters.dim_until - parameters.dim_from) % 24
    return np.where(elevation < threshold, parameters.dim_level if small_hours else 1.0, 0.0)


def lamp_power(dim: FloatArray, rated: FloatArray) -> FloatArray:
    """Return the active power [W] of lamps of `rated` power [W]: the driver's own share, the rest in proportion."""
    return np.where(dim > 0, rated * (DRIVER_SHARE + (1 - DRIVER_SHARE) * dim), STANDBY)


def daylight(ghi: float, elevation: float) -> float:
    """Return the illuminance of the sky on the ground [lx].

    By day from the irradiance; in twilight falling evenly in its logarithm from 400 lx at sunset to 3.4 lx at the end
    of civil twilight (Explanatory Supplement to the Astronomical Almanac, 1992, table of ground illumination).
    """
    dusk = 400.0 * 10 ** (min(elevation, 0.0) * np.log10(400 / 3.4) / 6)
    return max(ghi * DAYLIGHT_EFFICACY, float(dusk))


def lighting_class(road: str, limit: float, lanes: int, traffic: float, hour: float) -> str:
    """Return the lighting class that a street requires, by the weighting method of CEN/TR 13201-1:2014.

    The number of the M class is six less the sum of weights; its comparable C class, at a surface of 0.05 to 0.08
    cd m-2 lx-1 (table 2 there), is assessed by illuminance, which lamps measure.

    Parameters
    ----------
    road : str
    limit : float
        Speed limit [km/h].
    lanes : int
        Of one direction: two and more are taken to have a middle strip (default).
    traffic : float
        Share of the highest hour's, in place of the capacity's; in residential streets never high (default).
    hour : float
        Local [h]: shops and signs are bright until 23 h on primary streets (default).
    """
    speed = 2 if limit >= 100 else 1 if limit > 70 else -1 if limit > 40 else -2
    volume = 1 if traffic > BUSY else -1 if traffic < QUIET else 0
    mixed = 0 if road == "motorway" else 1
    undivided = 1 if lanes < 2 else 0
    junctions = 0 if road == "motorway" else 1
    if road == "residential":
        volume = min(volume, 0)
    parked = 1 if road == "residential" else 0
    ambient = 1 if road == "primary" and 6 <= hour < 23 else 0
    number = 6 - max(min(speed + volume + mixed + undivided + junctions + parked + ambient, 5), 0)
    return f"C{min(number, 5)}"


def failures(seed: int, day: int, count: int) -> tuple[npt.NDArray[np.int8], IntArray]:
    """Return what is wrong with each lamp on a day, and the day it failed on; each of shape (count,).

    Wrong is 0, `DARK`, `FLICKERING` or `DAY_BURNING`. No crew is sent: one that is mends a lamp earlier.

    Parameters
    ----------
    seed : int
        Of the world.
    day : int
        Local day, as a proleptic ordinal.
    count : int
        Of lamps.
    """
    period, into = divmod(day, PERIOD)
    mode, since = np.zeros(count, dtype=np.int8), np.zeros(count, dtype=np.int64)
    for ago in (2, 1, 0):
        kind, begin, lasts = draws(seed, Stream.STREETLIGHT, 1 + period - ago).random((3, count))
        first = np.floor(begin * PERIOD)
        here = into + ago * PERIOD
        failed = (first <= here) & (here < first + 1 - REPAIR * np.log1p(-lasts))
        which = np.searchsorted(np.cumsum(FAILURES), kind, side="right") + 1
        failed &= which <= len(FAILURES)
        mode[failed], since[failed] = which[failed], day - here + first[failed].astype(np.int64)
    return mode, since


def _is_mended(failed: np.int64, crews: Iterable[int], time: int, zone: tzinfo) -> bool:
    """Return whether a lamp that failed on a day is mended at a time, given when crews come to it [us since the Unix epoch]."""
    return any(came + MENDING * SECOND <= time and failed <= local_day(came, zone) for came in crews)


class Streetlight:
    """The lamps of the city.

    A lamp that fails says nothing of it: its controller reports the level that it asks for, its meter what is drawn.

    Parameters
    ----------
    city : City
    now : Conditions
    """

    kind: ClassVar[str | None] = "streetlight"

    def __init__(self, city: City, now: Conditions) -> None:
        self._parameters = read_table(city, "streetlight", StreetlightParameters)
        self._index = sensors_of(city, self.kind)
        self._positions = span(self._index)
        self._row = {city.sensors[index].id: row for row, index in enumerate(self._index.tolist())}
        self._rated = np.array([float(city.sensors[index].attributes["watts"]) for index in self._index])
        rng = draws(now.seed, Stream.STREETLIGHT)
        jitter = rng.standard_normal(len(self._index))
        self._threshold = self._parameters.on_below + self._parameters.spread * np.clip(jitter, -2, 2)
        self._light = self._parameters.illuminance * (1 - AGED * rng.random(len(self._index)))
        self._dim: npt.NDArray[np.float64] = np.zeros(len(self._index))
        self._burning = np.zeros(len(self._index))
        self._day = -1
        self._mode, self._since = np.zeros(len(self._index), dtype=np.int8), np.zeros(len(self._index), dtype=np.int64)
        self.arrays: Arrays = {"dim": self._dim, "burning": self._burning}

    def step(self, now: Conditions) -> None:
        """Switch and dim the lamps, by their own clock or as commanded, and write what they draw."""
        if self.kind in now.unread:  # what they do follows from the tick alone
            now.postponed[self.kind] = lambda: self._switch(now)
        else:
            self._switch(now)

    def _switch(self, now: Conditions) -> None:
        own = dim_level(self._threshold, now.sun_elevation, now.hour, self._parameters)
        setpoint, powered = now.setpoints.of("streetlight", "dim"), now.powered[self._positions]
        self._dim[:] = np.where(np.isnan(setpoint), own, setpoint) * powered
        if (day := now.date.toordinal()) != self._day:
            self._day, (self._mode, self._since) = day, failures(now.seed, day, len(self._dim))
        mode = self._mode
        if mended := [
            row
            for lamp, crews in now.crews.items()
            if (row := self._row.get(lamp)) is not None and _is_mended(self._since[row], crews, now.time, now.zone)
        ]:
            mode = mode.copy()
            mode[mended] = 0
        dark = (mode == DARK) | ((mode == FLICKERING) & (now.time // (FLICKER * SECOND) % 2 == 1))
        self._burning[:] = np.where(mode == DAY_BURNING, 1.0, self._dim) * (powered & ~dark)
        now.lamp_power = lamp_power(self._burning, self._rated) * (powered & (mode != DARK))

    def is_found(self, lamp: str, came: int, crews: Iterable[int], now: Conditions) -> bool:
        """Return whether a crew that came to a lamp found it out of order, given when all crews come [us since the Unix epoch]."""
        if (row := self._row.get(lamp)) is None:
            return False
        mode, since = failures(now.seed, local_day(came, now.zone), len(self._dim))
        return bool(mode[row]) and not _is_mended(since[row], crews, came, now.zone)

    def observe(self, now: Conditions) -> FloatArray:
        """Return dimming level, power [W] and illuminance of the road [lx] of every lamp, shape (n_lamps, 3)."""
        light = self._light * self._burning + daylight(now.ghi, now.sun_elevation)
        return np.stack([self._dim, now.lamp_power, light], axis=1)
