"""Vehicles moving on links and queueing at their ends: the inner step of traffic."""

from dataclasses import dataclass

import numpy as np

from simulators.domains.traffic.network import INNER, Network, arriving
from zenata.city.readings import FloatArray


@dataclass(frozen=True, slots=True)
class Queues:
    """Vehicles on every link, shape (n_links,): moving, queueing at its end, and waiting outside to enter it."""

    moving: FloatArray
    queue: FloatArray
    waiting: FloatArray


def advance(
    network: Network, queues: Queues, green: FloatArray, coming: FloatArray, chance: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Move all vehicles on one inner step, in place.

    Parameters
    ----------
    network : Network
    queues : Queues
        Changed in place.
    green : ndarray, shape (n_links,)
        Part of the step for which each link may discharge.
    coming : ndarray, shape (n_links,)
        Vehicles that come to enter each link in this step.
    chance : ndarray, shape (3, n_links)
        Uniform in [0, 1).

    Returns
    -------
    ndarray, shape (n_links,), three times
        Vehicles that reached the end of each link, that entered the city on it, and that left the city from it.
    """
    moving, queue, waiting = queues.moving, queues.queue, queues.waiting
    reached = np.minimum(np.floor(moving * network.travel + chance[0]), moving)
    moving -= reached
    queue += reached
    ready = np.minimum(queue, np.floor(network.saturation * green * (INNER / 3600) + chance[1]))
    left, moved = split(network, ready, chance[2])
    room = np.maximum(network.storage - moving - queue, 0.0)
    went, came = _fit(network, moved, room)
    queue -= left + went
    moving += came
    waiting += coming
    entered = np.minimum(waiting, np.maximum(network.storage - moving - queue, 0.0))
    waiting -= entered
    moving += entered
    return reached, entered, left


def split(network: Network, ready: FloatArray, chance: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Share whole vehicles among the ways on, by systematic sampling: whole numbers, right on average, none lost.

    Parameters
    ----------
    network : Network
    ready : ndarray, shape (n_links,)
        Vehicles about to go on.
    chance : ndarray, shape (n_links,)
        Uniform in [0, 1).

    Returns
    -------
    left : ndarray, shape (n_links,)
        Those whose trip is over.
    moved : ndarray, shape (n_turns, n_links)
        Those that take each turn.
    """
    cumulative = ready * network.cumulative
    cumulative += chance
    np.floor(cumulative, out=cumulative)
    moved = cumulative.copy()
    moved[1:] -= cumulative[:-1]
    return ready - cumulative[-1], moved


def _fit(network: Network, moved: FloatArray, room: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Hold back what does not fit on the next link; return who goes from each link and who comes to each."""
    wanted = arriving(network, moved)
    full = wanted > room
    if full.any():
        part = np.ones(len(room) + 1)
        np.divide(room, wanted, out=part[:-1], where=full)
        moved = np.floor(moved * part.take(network.ways))
        wanted = arriving(network, moved)
    return moved.sum(axis=0), wanted
