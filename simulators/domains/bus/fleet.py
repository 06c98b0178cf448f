"""Buses on their loops: moved round by round, each from event to event."""

import math
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from simulators.domains.bus.route import Route
from simulators.domains.traffic.network import BoolArray
from zenata.city.readings import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Fleet:
    """The buses of all lines and those who wait at their stops. All arrays are state.

    Parameters
    ----------
    running : ndarray of bool, shape (n_buses,)
        Whether it is under way; else it stands at the terminus.
    position : ndarray, shape (n_buses,) [m]
        Along the loops.
    next_stop : ndarray of int64, shape (n_buses,)
        Its next stop.
    halt : ndarray, shape (n_buses,) [s]
        How long it stays at its stop yet.
    free : ndarray of int64, shape (n_buses,)
        When it can leave the terminus again [us since the Unix epoch].
    aboard : ndarray of int64, shape (n_buses,)
    waiting : ndarray of int64, shape (n_stops,)
        Passengers at each stop; nobody waits at the end of a loop.
    """

    running: BoolArray
    position: FloatArray
    next_stop: IntArray
    halt: FloatArray
    free: IntArray
    aboard: IntArray
    waiting: IntArray


def drive(
    fleet: Fleet,
    route: Route,
    seconds: float,
    passed: FloatArray,
    closed: FloatArray,
    serve: Callable[[int, int], float],
) -> None:
    """Move the buses that are under way, in position: each to its next stop and on, as far as the time lasts.

    Few buses come to a stop at a time, so that plain numbers take a third of the time that arrays of them take.

    Parameters
    ----------
    fleet : Fleet
    route : Route
        The loops.
    seconds : float
    passed : ndarray, shape (n_links + 1,) [s]
        When a bus that stops nowhere passes the bounds of the route.
    closed : ndarray, ascending [s]
        When it passes the beginnings of streets that are closed; there it waits.
    serve : callable
        Lets people off and on where a bus came to a stop, and returns how long it stays [s].
    """
    moved = np.flatnonzero(fleet.running)
    barriers, due = [*closed.tolist(), math.inf], np.interp(route.stops, route.bounds, passed).tolist()
    at, left = np.interp(fleet.position, route.bounds, passed).tolist(), [seconds] * len(fleet.position)
    halt, next_stop = fleet.halt.tolist(), fleet.next_stop.tolist()
    buses = _pause(moved.tolist(), halt, left)
    while buses:
        came = []
        for bus in buses:
            begin, stop = at[bus], due[next_stop[bus]]
            end = min(begin + left[bus], barriers[bisect_left(barriers, begin - 1e-6)])  # in spite of rounding
            if stop <= end:
                end = max(stop, begin)
                came.append(bus)
            at[bus] = end
            left[bus] -= end - begin
        served = set()
        for bus in came:
            if (stop := next_stop[bus]) in served:
                continue  # it waits for its turn
            served.add(stop)
            halt[bus] = serve(bus, stop)
            next_stop[bus] = stop + 1 if fleet.running[bus] else int(fleet.next_stop[bus])
        buses = _pause([bus for bus in came if fleet.running[bus]], halt, left)
    fleet.halt[:], fleet.next_stop[:] = halt, next_stop
    on = moved[fleet.running[moved]]
    fleet.position[on] = np.maximum(np.interp(np.array(at)[on], passed, route.bounds), fleet.position[on])


def _pause(buses: list[int], halt: list[float], left: list[float]) -> list[int]:
    """Let buses stay at their stops as long as they have to; return those that have time left to drive."""
    for bus in buses:
        pause = min(halt[bus], left[bus])
        halt[bus] -= pause
        left[bus] -= pause
    return [bus for bus in buses if left[bus] > 0]


def alighting(capacity: int, share: float) -> FloatArray:
    """Return the chance that at most so many get off, of so many aboard of whom each does with the chance `share`.

    Binomial distribution functions, shape (capacity + 1, capacity + 1): by the number aboard, then by that of those who get off.
    """
    chance = np.zeros((capacity + 1, capacity + 1))
    chance[0, 0] = 1.0
    for aboard in range(capacity):
        chance[aboard + 1] = chance[aboard] * (1 - share)
        chance[aboard + 1, 1:] += chance[aboard, :-1] * share
    cumulative = np.cumsum(chance, axis=1)
    cumulative[np.triu_indices(capacity + 1)] = 1.0  # in spite of rounding
    return cumulative


def parts(seconds: float, first: float, last: float) -> list[float]:
    """Return the parts of a tick [s]: equal ones of at most `first`, then one of at most `last`."""
    rest = max(seconds - last, 0.0)
    count = math.ceil(rest / first)
    return [rest / max(count, 1)] * count + [seconds - rest]
