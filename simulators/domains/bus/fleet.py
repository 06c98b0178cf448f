"""Buses on their loops: moved all at once, each from event to event."""

import math
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
    serve: Callable[[IntArray, IntArray], FloatArray],
) -> None:
    """Move the buses that are under way, in position: each to its next stop and on, as far as the time lasts.

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
        Lets people off and on where some buses, shape (k,), came to as many different stops, and returns how long they
        stay, shape (k,) [s].
    """
    barriers, due = np.append(closed, math.inf), np.interp(route.stops, route.bounds, passed)
    moved = np.flatnonzero(fleet.running)
    at, left = np.interp(fleet.position, route.bounds, passed), np.full(len(fleet.position), seconds)
    bus = _pause(fleet, moved, left)
    while len(bus):
        begin, rest, stop = at[bus], left[bus], due[fleet.next_stop[bus]]
        end = begin + rest
        if len(closed):
            end = np.minimum(end, barriers[np.searchsorted(barriers, begin - 1e-6)])  # in spite of rounding
        halts = stop <= end
        at[bus] = come = np.where(halts, np.maximum(stop, begin), end)
        left[bus] = rest - (come - begin)
        bus = bus[halts]
        if not len(bus):
            break
        here = bus[_firsts(fleet.next_stop[bus])]
        number = fleet.next_stop[here]
        fleet.next_stop[here] += 1
        fleet.halt[here] = serve(here, number)
        bus = _pause(fleet, bus[fleet.running[bus]], left)
    on = moved[fleet.running[moved]]
    fleet.position[on] = np.maximum(np.interp(at[on], passed, route.bounds), fleet.position[on])


def _pause(fleet: Fleet, bus: IntArray, left: FloatArray) -> IntArray:
    """Let buses stay at their stops as long as they have to; return those that have time left to drive."""
    halt, time = fleet.halt[bus], left[bus]
    pause = np.minimum(halt, time)
    fleet.halt[bus] = halt - pause
    left[bus] = time = time - pause
    return bus[time > 0]


def _firsts(stops: IntArray) -> IntArray | slice:
    """Return which to serve now, the first bus at each stop; mostly all."""
    if len(set(stops.tolist())) == len(stops):
        return slice(None)
    return np.unique(stops, return_index=True)[1]


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
