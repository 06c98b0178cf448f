"""What events do to the city at one tick: the one place where they meet the domains.

Every tick it is made neutral, and every event under way adds its part. So events may overlap and end in any order, and
need no state: what they do follows from the time.
"""

import numpy as np
import numpy.typing as npt

from zenata.city.kinds import KINDS
from zenata.city.model import City

POLLUTANTS = 5
"""Those of `simulators.domains.air.domain`."""


SPIKES = 0.05
"""Share of the readings of a sensor with spikes that are wrong (default)."""


class Disturbance:
    """Departures from how a city would be, neutral at first.

    Parameters
    ----------
    city : City

    Attributes
    ----------
    active : bool
        Whether anything may depart; where it cannot, instruments need not look.
    temperature : float
        Added to that of the air [K].
    rain : float
        Added to that of the weather [mm/h].
    drainage : float
        Share of the drains that work.
    background : ndarray, shape (5,)
        Factor on the background of each pollutant of `simulators.domains.air.domain`.
    wind : float
        Factor on the wind speed.
    leak : ndarray, shape (n_streets,)
        Area of holes in the pipe under each street [m2].
    capacity : ndarray, shape (n_streets,)
        Factor on the flow that each street's end lets through.
    closed : ndarray of bool, shape (n_streets,)
        Streets that nobody may enter.
    trips : ndarray, shape (n_streets,)
        Vehicles added to those that begin a trip in each street [1/h].
    cut, out : ndarray of bool, shape (n_sensors,)
        Transformer stations whose cable is broken, or whose transformer is out of order.
    visitors : ndarray, shape (n_sensors,)
        People added to those who come to each crowd counter [1/h].
    sound : ndarray, shape (n_sensors,)
        Sound energy added at each meter, as 10**(level / 10) of a level [dB].
    stuck, silent, held : ndarray of bool, shape (n_sensors,)
        Sensors that show their last value again and again; that cannot be received; whose messages wait at a gateway.
    tremor : ndarray, shape (n_sensors,)
        Share of its noise that a stuck sensor still has.
    offset : ndarray, shape (n_channels,)
        Added to what instruments show [unit of the quantity].
    gain : ndarray, shape (n_channels,)
        Factor on it.
    noise : ndarray, shape (n_channels,)
        Standard deviation of what is added at random to each reading [unit of the quantity].
    spike : ndarray, shape (n_channels,)
        Height of single wrong readings [unit of the quantity]; `SPIKES` of the readings are.
    clock : ndarray of int64, shape (n_sensors,)
        How far the clocks of devices are ahead [us]; negative where they are behind.
    """

    def __init__(self, city: City) -> None:
        streets, sensors = len(city.streets), len(city.sensors)
        channels = sum(len(KINDS[sensor.kind].properties) for sensor in city.sensors)
        self.active = True
        self.temperature = self.rain = 0.0
        self.drainage = self.wind = 1.0
        self.background = np.ones(POLLUTANTS)
        self.leak, self.trips = np.zeros(streets), np.zeros(streets)
        self.capacity = np.ones(streets)
        self.closed = _no(streets)
        self.cut, self.out = _no(sensors), _no(sensors)
        self.visitors, self.sound, self.tremor = np.zeros((3, sensors))
        self.stuck, self.silent, self.held = _no(sensors), _no(sensors), _no(sensors)
        self.offset, self.noise, self.spike = np.zeros((3, channels))
        self.gain = np.ones(channels)
        self.clock = np.zeros(sensors, dtype=np.int64)

    def clear(self) -> None:
        """Make it neutral."""
        self.temperature = self.rain = 0.0
        self.drainage = self.wind = 1.0
        self.background[:] = self.capacity[:] = 1.0
        for array in (
            self.leak,
            self.trips,
            self.visitors,
            self.sound,
            self.tremor,
            self.offset,
            self.noise,
            self.spike,
        ):
            array[:] = 0.0
        self.gain[:] = 1.0
        self.clock[:] = 0
        for mask in (self.closed, self.cut, self.out, self.stuck, self.silent, self.held):
            mask[:] = False


def _no(count: int) -> npt.NDArray[np.bool_]:
    return np.zeros(count, dtype=np.bool_)
