"""Traffic signals: two phases that share a cycle, by the setpoints of detectors or evenly."""

from collections.abc import Sequence

import numpy as np
import shapely

from simulators.domains.traffic.network import INNER, UNSIGNALLED, BoolArray, Network
from simulators.world.conditions import Conditions
from simulators.world.delivery import BATTERY
from zenata.city.model import City
from zenata.city.readings import FloatArray, IntArray

CYCLE = 90
"""Length of a signal cycle [s]; LOST of it in each of two phases is not green (defaults)."""

LOST = 5

GREEN = 0.5 - LOST / CYCLE
"""Share of the cycle that each phase is green for when they share it evenly."""


def green(network: Network, share: FloatArray, second: float) -> FloatArray:
    """Return the part of an inner step for which each link may discharge, shape (n_links,).

    Parameters
    ----------
    network : Network
    share : ndarray, shape (n_links,)
        Of the cycle that the link's phase has, with the time lost in it.
    second : float
        When the inner step begins [s].
    """
    elapsed = (second + network.offset * CYCLE) % CYCLE
    start = np.where(network.phase == 0, 0.0, 1 - share) * CYCLE
    end = start + share * CYCLE - LOST
    part = np.zeros(len(elapsed))
    for later in (0, CYCLE):  # the step may run into the next cycle
        part += np.maximum(np.minimum(elapsed + INNER, end + later) - np.maximum(elapsed, start + later), 0.0)
    return np.where(network.signal, part / INNER, 1.0)


class Signals:
    """The signals of a city; setpoints of detectors change how phases split the cycle.

    Parameters
    ----------
    city : City
    network : Network
    detectors : ndarray, shape (n_detectors,)
        Their links.
    now : Conditions
    """

    def __init__(self, city: City, network: Network, detectors: IntArray, now: Conditions) -> None:
        self._network, self._detectors = network, detectors
        nodes = {node: number for number, node in enumerate(dict.fromkeys(street.end for street in city.streets))}
        self._node = np.array([nodes[street.end] for street in city.streets], dtype=np.int64)
        self._mains = _nearest_mains(city, [street.line[-1] for street in city.streets])
        self._refused = ~network.signal[detectors]
        now.setpoints.restrict("traffic", "split", self._refused, "no signal works at the end of its street")
        self._plan = b""
        self._open = np.zeros((0, 0))

    def green_shares(self, now: Conditions) -> FloatArray:
        """Return the part of each inner step of the cycle for which links may discharge, shape (n_steps, n_links).

        A junction whose signals have no power works as one that has none.
        """
        split = now.setpoints.of("traffic", "split")
        dark = self._dark(now)
        if (plan := split.tobytes() + dark.tobytes()) != self._plan:
            self._plan = plan
            self._refused[:] = ~self._network.signal[self._detectors] | dark[self._detectors]
            share = self._shares(split)
            self._open = np.array([green(self._network, share, second) for second in range(0, CYCLE, INNER)])
            self._open[:, dark] = UNSIGNALLED
        return self._open

    def _shares(self, split: FloatArray) -> FloatArray:
        """Return the share of the cycle of each link's phase, shape (n_links,): the mean of the setpoints at its node."""
        known = np.flatnonzero(~np.isnan(split))
        links = self._detectors[known]
        first = np.where(self._network.phase[links] == 0, split[known], 1 - split[known])
        count = np.bincount(self._node[links], minlength=len(self._node))
        total = np.bincount(self._node[links], first, len(self._node))
        mean = np.where(count > 0, total / np.maximum(count, 1), 0.5)[self._node]
        return np.where(self._network.phase == 0, mean, 1 - mean)

    def _dark(self, now: Conditions) -> BoolArray:
        """Return the links whose signal has no power, shape (n_links,): that of what hangs on the mains nearby."""
        if not len(self._mains):
            return np.zeros(len(self._node), dtype=np.bool_)
        return self._network.signal & ~now.powered[self._mains]


def _nearest_mains(city: City, points: Sequence[tuple[float, float]]) -> IntArray:
    """Return the sensor on the mains that stands nearest to each point, or none if there is no such sensor."""
    mains = np.flatnonzero([sensor.kind not in BATTERY for sensor in city.sensors])
    stations = [(city.sensors[number].longitude, city.sensors[number].latitude) for number in mains]
    if not stations:
        return np.zeros(0, dtype=np.int64)
    return np.asarray(mains[shapely.STRtree(shapely.points(stations)).nearest(shapely.points(points))])
