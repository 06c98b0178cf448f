"""What the city is like at one tick: the one place where domains meet.

Domains step in a fixed order (`simulators.domains.registry.DOMAINS`); each writes its part here and reads what was written
before. What a domain reads of a *later* one is a tick old, which is what keeps the order from mattering to physics.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from typing import Self
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from simulators.world.calendar import Calendar, read_calendar
from simulators.world.demand import Demand
from simulators.world.disturbance import Disturbance
from simulators.world.draws import Stream, draws
from simulators.world.setpoints import Setpoints
from zenata.city.clock import SECOND
from zenata.city.model import City
from zenata.city.readings import FloatArray

TICK = 10 * SECOND
"""Shortest time between two ticks of a world [us], and that of live running. Longer ones are multiples of it."""

TICK_SECONDS = TICK / SECOND
"""The same [s]."""


def _none() -> FloatArray:
    return np.zeros(0)


@dataclass(slots=True, kw_only=True)
class Conditions:
    """The state of the city that more than one domain needs.

    Parameters
    ----------
    seed : int
        Of the world.
    zone : ZoneInfo
        Of the city's calendar.
    calendar : Calendar
        Of the city.
    demand : Demand
        How days and districts depart from their usual course; read by `demand_factors`.
    setpoints : Setpoints
        What commands have set at devices.
    disturbance : Disturbance
        What events do.
    unread : frozenset of str
        Kinds of sensors that nobody reads in this world: their domains leave out what readings alone need.
    powered : ndarray of bool, shape (n_sensors,)
        Whether there was voltage where each sensor stands, a tick ago.
    flood : ndarray, shape (n_streets,)
        Depth of the water that stands on each street [mm].
    postponed : dict of str to callable
        What domains have left for `settle`, by kind.
    crews : dict of str to list of int
        When crews that were sent come [us since the Unix epoch], by the id of what they are sent to.
    time : int
        Of this tick [us since the Unix epoch].
    previous : int
        Of the tick before [us since the Unix epoch].
    hour : float
        Local time of day [h].
    date : date
        The local day.
    weekend, holiday, ramadan, aid_el_fitr, aid_el_kebir : bool
        What the calendar says of the local day; the Aids are holidays.
    temperature, humidity, pressure, rain : float
        Of the outdoor air [Cel], [%RH], [hPa]; [mm/h].
    wind_speed, wind_direction : float
        At 10 m [m/s]; where it comes from, clockwise from north [deg].
    clearness : float
        Share of the clear-sky irradiance that the clouds let through, over the city.
    sun_elevation, sun_azimuth : float
        Without refraction; clockwise from north [deg].
    ghi, dni, dhi : float
        Global horizontal, direct normal and diffuse horizontal irradiance [W m-2].
    clear_ghi, extraterrestrial : float
        Global horizontal irradiance under a clear sky; irradiance above the air, normal to the sun [W m-2].
    roof_clearness : ndarray, shape (n_roofs,)
        As `clearness`, over each photovoltaic roof.
    activity : float
        Traffic demand of the hour over that of a mean hour.
    link_flow, link_speed : ndarray, shape (n_streets,)
        Vehicles leaving each street, over the last minute [1/h]; mean speed [km/h].
    charger_power, lamp_power, pv_power : ndarray, shape (n_sensors,) of the kind
        Power drawn [W]; that of roofs is negative, being fed in.
    customer_load : ndarray, shape (n_districts,)
        Power that all customers of each district draw, metered or not [W].
    """

    seed: int
    zone: ZoneInfo
    calendar: Calendar
    demand: Demand
    setpoints: Setpoints
    disturbance: Disturbance
    powered: npt.NDArray[np.bool_]
    flood: FloatArray
    unread: frozenset[str] = frozenset()
    postponed: dict[str | None, Callable[[], None]] = field(default_factory=dict)
    crews: dict[str, list[int]] = field(default_factory=dict)
    time: int = 0
    previous: int = -TICK
    hour: float = 0.0
    date: date = date.min
    weekend: bool = False
    holiday: bool = False
    ramadan: bool = False
    aid_el_fitr: bool = False
    aid_el_kebir: bool = False
    temperature: float = 15.0
    humidity: float = 75.0
    pressure: float = 1016.0
    rain: float = 0.0
    wind_speed: float = 3.0
    wind_direction: float = 0.0
    clearness: float = 1.0
    sun_elevation: float = 0.0
    sun_azimuth: float = 0.0
    ghi: float = 0.0
    dni: float = 0.0
    dhi: float = 0.0
    clear_ghi: float = 0.0
    extraterrestrial: float = 1361.0
    roof_clearness: FloatArray = field(default_factory=_none)
    activity: float = 1.0
    link_flow: FloatArray = field(default_factory=_none)
    link_speed: FloatArray = field(default_factory=_none)
    charger_power: FloatArray = field(default_factory=_none)
    lamp_power: FloatArray = field(default_factory=_none)
    pv_power: FloatArray = field(default_factory=_none)
    customer_load: FloatArray = field(default_factory=_none)

    @classmethod
    def of(cls, city: City, *, seed: int, time: int = 0) -> Self:
        """Return the conditions of an undisturbed city at a tick's time [us since the Unix epoch].

        Raises
        ------
        CityError
            If the city's calendar does not hold together.
        """
        calendar = read_calendar(city)
        now = cls(
            seed=seed,
            zone=city.zone,
            calendar=calendar,
            demand=Demand(city, seed, calendar),
            setpoints=Setpoints(city),
            disturbance=Disturbance(city),
            powered=np.ones(len(city.sensors), dtype=np.bool_),
            flood=np.zeros(len(city.streets)),
            roof_clearness=np.ones(sum(sensor.kind == "pv" for sensor in city.sensors)),
        )
        now.move_to(time - TICK)
        now.move_to(time)
        return now

    def move_to(self, time: int) -> None:
        """Move on to a time [us], and set what the calendar says of it."""
        self.previous, self.time = self.time, time
        local = datetime.fromtimestamp(time // SECOND, tz=self.zone)
        self.hour = local.hour + local.minute / 60 + local.second / 3600
        if local.date() != self.date:
            self.date = local.date()
            day = self.calendar.day(self.date)
            self.weekend, self.holiday, self.ramadan, self.aid_el_fitr, self.aid_el_kebir = day

    @property
    def seconds(self) -> float:
        """Time since the tick before [s]: that of a domain's step."""
        return (self.time - self.previous) / SECOND

    def passes(self, period: int, phase: int = 0) -> bool:
        """Return whether a turn of something that comes every `period` ticks came since the tick before.

        Parameters
        ----------
        period : int
            [ticks]; when a tick is as long as it or longer, every tick passes a turn.
        phase : int
            Tick of the period at which it comes: what is heavy comes at different ones.
        """
        return (self.time // TICK - phase) // period != (self.previous // TICK - phase) // period

    def since(self, period: int) -> float:
        """Return the time from turn to turn of something that comes every `period` ticks [s], as it is done now."""
        return max(period * TICK_SECONDS, self.seconds)

    def settle(self) -> None:
        """Do what domains have left to do until somebody needs what they write at this tick."""
        while self.postponed:
            self.postponed.pop(next(iter(self.postponed)))()

    @property
    def rest_day(self) -> bool:
        """Whether most people do not work on the local day."""
        return self.weekend or self.holiday

    def demand_factors(self, sector: str, ago: float = 0.0) -> FloatArray:
        """Return the factor on the usual demand of a sector some time ago [s], shape (n_districts,).

        Sectors are the keys of `simulators.world.demand.SECTORS`. Rain counts as it falls now.
        """
        return self.demand.factors(sector, self.date, self.hour - ago / 3600, self.rain)

    def working_hour(self, hour: float) -> float:
        """Return the hour [h] of an ordinary day at which working life stands at an `hour` of the local day.

        They differ on the working days of Ramadan, when offices open and close at other hours.
        """
        return self.calendar.ordinary_hour(hour % 24) if self.ramadan and not self.rest_day else hour

    @property
    def tick(self) -> int:
        """Number of this tick since the Unix epoch."""
        return self.time // TICK

    def draws(self, stream: Stream) -> Generator:
        """Return the generator of a stream at this tick."""
        return draws(self.seed, stream, self.tick)


def local_day(time: int, zone: tzinfo) -> int:
    """Return the local day of a time [us since the Unix epoch] as a proleptic ordinal."""
    return datetime.fromtimestamp(time // SECOND, tz=zone).toordinal()
