"""Distribution grid domain: loads of stations, and the voltages they give."""

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from simulators.domains.base import Arrays, sensors_of
from simulators.domains.power.connections import PowerParameters, connections
from simulators.domains.power.flow import CABLE_RATING, TAP, TAPS, DivergenceError, Flow, Grid
from simulators.domains.power.protection import Relays
from simulators.world.conditions import Conditions
from simulators.world.draws import Stream
from simulators.world.parameters import read_table
from zenata.city.model import City
from zenata.city.readings import FloatArray, IntArray

MINUTE = 6
"""Ticks between two power flows."""

POWER_FACTOR = 0.95
"""Of customers; chargers, lamps and roofs take no reactive power (default)."""

SPREAD, MEMORY = 0.03, 1800.0
"""What is left of customers' own noise in the sum of a station's six hundred, as a share, and its memory [s]: noise of 0.8
over the root of 600 (default)."""

BUSBAR, DEAD_BAND = 1.0, 0.6 * TAP
"""Voltage that tap changers keep at the substations' bars, over the rated one, and how far they let it stray (default)."""


def turn_taps(taps: IntArray, busbar: FloatArray, max_steps: int = 1) -> IntArray:
    """Return the positions of tap changers after some steps towards the voltage they keep.

    Parameters
    ----------
    taps : ndarray, shape (n_substations,)
        From -TAPS to TAPS; each step up lowers the voltage.
    busbar : ndarray, shape (n_substations,)
        Voltage at the bars, over the rated one.
    max_steps : int
        Steps that there is time for.
    """
    away = busbar - BUSBAR
    step = np.where(np.abs(away) > DEAD_BAND, np.clip(np.rint(away / TAP), -max_steps, max_steps), 0).astype(np.int64)
    return np.asarray(np.clip(taps + step * (busbar > 0), -TAPS, TAPS))


class Power:
    """The transformer stations of the city and the cables that feed them.

    Each carries its share by rating of its district's customers, and the chargers, lamps and roofs connected to it. What
    is without voltage draws nothing.

    Parameters
    ----------
    city : City
    now : Conditions

    Attributes
    ----------
    source : ndarray, shape (n_sensors,)
        Station, among the stations, whose voltage each sensor has; only where there are any, as what follows.
    layout : Layout
    feeder : ndarray, shape (n_stations,)
        First cable of each station's feeder.
    connected : ndarray, shape (n_devices,)
        Station of each charger, lamp and roof, in the order of `DEVICES`.
    share : ndarray, shape (n_stations,)
        Of its district's customers that each station feeds.
    """

    kind: ClassVar[str | None] = "power"

    def __init__(self, city: City, now: Conditions) -> None:
        parameters, count = read_table(city, "power", PowerParameters), len(sensors_of(city, self.kind))
        self._solved = np.zeros((2, count), dtype=np.bool_)  # cables and transformers that were closed at the last flow
        self._taps = np.zeros(len(parameters.substations), dtype=np.int64)
        self._departure = now.draws(Stream.POWER).standard_normal(count)  # of customers' sum, standardised
        self._seen = np.zeros((count, 3))
        self._relays = Relays(count)
        self.arrays: Arrays = {
            "solved": self._solved,
            "taps": self._taps,
            "departure": self._departure,
            "seen": self._seen,
            "heat": self._relays.heat,
            "open": self._relays.open,
            "loading": self._relays.loading,
            "powered": now.powered,
        }
        self._grid: Grid | None = None
        if (found := connections(city)) is None:
            return
        self._index, self._rating = sensors_of(city, self.kind), found.layout.rating
        self._district, self._host = found.district, found.host
        self.layout, self.feeder, self.share = found.layout, found.feeder, found.share
        self.connected, self.source = found.connected, found.source
        self._grid = Grid(found.layout)

    def step(self, now: Conditions) -> None:
        """Solve the power flow every minute, and when a switch was turned."""
        if self._grid is None:
            return
        broken = np.stack([now.disturbance.cut[self._index], now.disturbance.out[self._index]])
        if now.passes(MINUTE):
            keep = float(np.exp(-now.since(MINUTE) / MEMORY))
            noise = now.draws(Stream.POWER).standard_normal(len(self._departure))
            self._departure[:] = keep * self._departure + np.sqrt(1 - keep**2) * noise
            self._relays.warm(now.since(MINUTE))
        elif np.array_equal(~(broken | self._relays.open), self._solved):
            return
        flow = self._solve(self._grid, now, broken)
        self._taps[:] = turn_taps(self._taps, flow.busbar, int(now.since(MINUTE) // 60))
        self._seen[:] = np.stack([flow.voltage, flow.current, flow.power], axis=1)
        self._relays.loading[0] = flow.cable_current / CABLE_RATING
        self._relays.loading[1] = 3 * flow.voltage * flow.current / (1000 * self._rating)
        now.powered[:] = (flow.voltage > 0)[self.source]

    def observe(self, now: Conditions) -> FloatArray:
        """Return voltage between line and neutral [V], current [A] and power [W] of every station, shape (n_stations, 3)."""
        return self._seen

    def _solve(self, grid: Grid, now: Conditions, broken: npt.NDArray[np.bool_]) -> Flow:
        """Return the power flow of what is drawn now.

        Where none is possible, as the voltage would collapse, the relay of the most loaded feeder opens it.
        """
        now.settle()
        by_host = np.bincount(self._host, now.customer_load, len(self._host))
        customers = by_host[self._district] * self.share * (1 + SPREAD * self._departure)
        devices = np.concatenate([now.charger_power, now.lamp_power, now.pv_power])
        power = customers + np.bincount(self.connected, devices, len(customers))
        reactive = customers * np.tan(np.arccos(POWER_FACTOR))
        while True:
            closed = self._solved
            closed[:] = ~(broken | self._relays.open)
            try:
                return grid.solve(power, reactive, closed[0], closed[1], self._taps)
            except DivergenceError:
                joined = closed.all(axis=0) & closed[0, self.feeder]
                demand = np.bincount(self.feeder, np.hypot(power, reactive) * joined, len(power))
                self._relays.trip(int(demand.argmax()))
