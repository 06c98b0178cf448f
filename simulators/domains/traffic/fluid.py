"""Flow of vehicles over a time that is not simulated step by step: queues grow where more comes than gets through.

Vehicles are a fluid here. Every link lets through what comes and what waits, up to its capacity; what a link has no room
for stays on the links before it, which so have less capacity. That settles within some passes over the network.
"""

import numpy as np

from simulators.domains.traffic.network import Network, arriving
from simulators.domains.traffic.queues import Queues
from simulators.domains.traffic.signals import CYCLE
from zenata.city.readings import FloatArray

PASSES = 80
"""Passes over the network at most."""

SETTLED = 2e-3
"""Relative change of flows from pass to pass at which they have settled."""

RELAX = 0.5
"""Part of the way that what fits on a link is moved in a pass: at 1 full links would swing from pass to pass."""

SCATTER = 1.5
"""Part of the standard deviation of a queue by which it may be longer than usual without being too long."""

BUSY = 0.9
"""Part of the capacity up to which a queue has a steady length."""


def flow_on(
    network: Network,
    queues: Queues,
    flow: FloatArray,
    open_share: FloatArray,
    supply: FloatArray,
    seconds: float,
    chance: FloatArray,
) -> None:
    """Move vehicles on, in place.

    Parameters
    ----------
    network : Network
    queues : Queues
        Changed in place; numbers stay whole.
    flow : ndarray, shape (n_links,)
        Vehicles that reach the end of each link, as of the last time; changed in place [1/h].
    open_share : ndarray, shape (n_links,)
        Share of the time for which each link may discharge.
    supply : ndarray, shape (n_links,)
        Vehicles that set out on each link [1/h].
    seconds : float
    chance : ndarray, shape (3, n_links)
        Uniform in [0, 1), for rounding.
    """
    hours = seconds / 3600
    capacity, turn = network.saturation * open_share, network.share
    ending = 1 - network.cumulative[-1]
    in_cycle = flow * (1 - open_share) * CYCLE / 7200  # how far a queue swings round its mean within a cycle
    usual = _steady(network, flow, capacity, open_share)
    excess = np.maximum(queues.queue - usual - in_cycle - SCATTER * np.sqrt(usual), 0.0)
    room = np.maximum(network.storage - queues.moving - queues.queue, 0.0) / hours
    coming = supply + queues.waiting / hours
    fits = np.append(np.where(network.storage > 0, 1.0, 0.0), 1.0)
    ended = float((flow * ending).sum())
    reaching = flow * (coming.sum() / ended if ended > 0 else 1.0)  # near where it settles, if all goes on as before
    for _ in range(PASSES):
        out = np.minimum(reaching + excess / hours, capacity)
        wanted = out * turn
        demand = arriving(network, wanted) + coming
        all_fits = bool((fits == 1).all())
        moved = wanted if all_fits else wanted * fits.take(network.ways)
        left = moved.sum(axis=0) + out * ending
        fits[:-1] += RELAX * (np.minimum(1.0, (left + room) / np.maximum(demand, 1e-9)) - fits[:-1])
        before, reaching = reaching, demand if all_fits else arriving(network, moved) + coming * fits[:-1]
        if np.abs(reaching - before).sum() <= SETTLED * reaching.sum():
            break
    excess = np.maximum(excess + (reaching - left) * hours, 0.0)
    queues.waiting[:] = np.floor(coming * (1 - fits[:-1]) * hours + chance[2])
    queues.queue[:] = np.minimum(
        np.floor(_steady(network, reaching, capacity, open_share) + excess + chance[0]), network.storage
    )
    travel = 3.6 * network.length / network.limit / 3600
    queues.moving[:] = np.minimum(np.floor(reaching * travel + chance[1]), network.storage - queues.queue)
    flow[:] = reaching


def _steady(network: Network, flow: FloatArray, capacity: FloatArray, open_share: FloatArray) -> FloatArray:
    """Return the mean queue where all get through, shape (n_links,): flow times the delay of Webster (1958)."""
    load = np.minimum(flow / np.maximum(capacity, 1.0), BUSY)
    through = np.minimum(flow / np.maximum(network.saturation, 1.0), BUSY * open_share)
    uniform = flow / 3600 * CYCLE * (1 - open_share) ** 2 / (2 * (1 - through))
    return np.asarray(uniform + load**2 / (4 * (1 - load)))
