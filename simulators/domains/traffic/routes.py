"""Routes: trips spread over the network by recursive logit choice, and the turning shares that reproduce their flows.

At every junction a driver prefers the turn with the least expected time to the destination, with some scatter (Fosgerau,
Frejinger and Karlström 2013, doi:10.1016/j.trb.2013.07.012). Times grow with the flow as in the function of the Bureau of
Public Roads (1964), and flows are averaged over a few loads (method of successive averages, Sheffi 1985). What is remaining are
shares of turns by purpose: vehicles of the simulation have no destination, but flows are those of the trips.
"""

from dataclasses import dataclass, replace

import numpy as np

from simulators.domains.traffic.network import BoolArray, Network
from simulators.domains.traffic.trips import Trips
from zenata.city.readings import FloatArray, IntArray

SCATTER = 12.0
"""Scale of what drivers perceive of a route's time [s] (default)."""

SIGNAL_TIME, JUNCTION_TIME = 25.0, 8.0
"""Time expected at a signal and at another junction [s] (defaults)."""

LOADS = 6
"""How often trips are loaded while times adapt."""

BUSY, JAM = 0.8, 240.0
"""Load over which a queue outlasts cycles, and the wait in it for each unit of load beyond [s]: half of an hour of what
comes too much, if the peak lasts eight minutes (default)."""

PEAK = 0.075
"""Share of the day's trips in the hour that drivers choose their routes for (default)."""

ROUNDS = 60
"""Links of a route at most."""

ENOUGH = 1e-4
"""Relative change from link to link at which routes are found."""


@dataclass(frozen=True, slots=True)
class Routes:
    """Flows of a mean day by purpose [1/d].

    Parameters
    ----------
    supply : ndarray, shape (PURPOSES, n_links)
        Vehicles that set out on each link.
    turns : ndarray, shape (PURPOSES, n_turns, n_links)
        Vehicles that take each turn.
    ended : ndarray, shape (PURPOSES, n_links)
        Vehicles whose trip is over at the end of each link.
    """

    supply: FloatArray
    turns: FloatArray
    ended: FloatArray

    @property
    def flow(self) -> FloatArray:
        """Vehicles that reach the end of each link, shape (PURPOSES, n_links)."""
        return np.asarray(self.turns.sum(axis=1) + self.ended)


def find_routes(network: Network, trips: Trips, capacity: FloatArray, closed: BoolArray | None = None) -> Routes:
    """Load trips on the network.

    Parameters
    ----------
    network : Network
    trips : Trips
    capacity : ndarray, shape (n_links,)
        Vehicles an hour that leave each link at most.
    closed : ndarray of bool, shape (n_links,), optional
        Links that nobody enters. Trips that have no other way are left out.
    """
    junction = np.where(network.signal, SIGNAL_TIME, np.where(network.motorway, 0.0, JUNCTION_TIME))
    free = (3.6 * network.length / network.limit + junction) * network.perceived
    before = _predecessors(network)
    ends = trips.ends if closed is None else _reachable(before, trips.ends, closed)
    flow = np.zeros(len(free))
    total = trips.count.sum(axis=0)
    for load in range(LOADS):
        load_share = flow * PEAK / capacity
        time = free * (1 + 0.6 * load_share**4) + JAM * np.maximum(load_share - BUSY, 0.0)
        choice = _choices(network, ends, time, closed)
        flow += (_load(before, choice, total).sum(axis=1) - flow) / (load + 1)
    volumes = [_load(before, choice, count) for count in trips.count]
    turns = np.stack([np.einsum("tld,ld->tl", choice, volume) for volume in volumes])
    ended = np.stack([(volume * ends).sum(axis=1) for volume in volumes])
    return Routes(trips.count.sum(axis=2), turns, ended)


def with_motorway(network: Network, routes: Routes, daily: float) -> Routes:
    """Return the routes with those who pass on the motorway, from its beginnings along the carriageways.

    So many that the mean flow of the carriageways is `daily` [1/d] in both directions together, given what trips add.
    """
    links = len(network.length)
    flow, turns, ended = np.zeros(links), np.zeros(network.ways.shape), np.zeros(links)
    starts = network.entry & network.carriageway
    if not starts.any():
        return routes
    for start in np.flatnonzero(starts).tolist():
        link, ahead = start, True
        while ahead:
            flow[link] = 1.0
            onward = [(turn, way) for turn, way in enumerate(network.ways[:, link].tolist()) if way < links]
            onward = [(turn, way) for turn, way in onward if network.carriageway[way] and not flow[way]]
            ahead = bool(onward)
            if ahead:
                turns[onward[0][0], link] = 1.0
                link = onward[0][1]
            else:
                ended[link] = 1.0
    weight = network.length * network.carriageway / network.length[network.carriageway].sum()
    trips = float((weight * routes.flow.sum(axis=0)).sum())
    count = np.array([0.0, 0.0, max(daily / 2 - trips, 0.0) / float((weight * flow).sum())])
    return Routes(
        routes.supply + count[:, None] * starts,
        routes.turns + count[:, None, None] * turns,
        routes.ended + count[:, None] * ended,
    )


def with_shares(network: Network, routes: Routes, weights: FloatArray) -> Network:
    """Return the network with the turning shares of a mixture of purposes, by their `weights`, shape (PURPOSES,)."""
    turns = np.einsum("k,ktl->tl", weights, routes.turns)
    volume = turns.sum(axis=0) + np.einsum("k,kl->l", weights, routes.ended)
    return replace(network, cumulative=np.cumsum(turns / np.where(volume > 0, volume, 1.0), axis=0))


def _choices(network: Network, ends: FloatArray, time: FloatArray, closed: BoolArray | None) -> FloatArray:
    """Return the share of the drivers to each destination who take each turn, shape (n_turns, n_links, n_destinations)."""
    ease = np.exp(-time / SCATTER)
    if closed is not None:
        ease = np.where(closed, 0.0, ease)
    through = 1 - ends
    worth = np.zeros((len(time) + 1, ends.shape[1]))
    for _ in range(ROUNDS):
        onward = sum(worth[ways] for ways in network.ways)
        better = ease[:, None] * (ends + through * onward)
        done = (np.abs(better - worth[:-1]) <= ENOUGH * better).all()
        worth[:-1] = better
        if done:
            break
    ahead = worth[network.ways]
    onward = ahead.sum(axis=0)
    return np.asarray(ahead / np.where(onward > 0, onward, 1.0) * through)


def _reachable(before: tuple[IntArray, IntArray], ends: FloatArray, closed: BoolArray) -> FloatArray:
    """Return where trips end if some links are closed: on the links before those, if all of a destination are."""
    left = ends * ~closed[:, None]
    lost = np.flatnonzero(left.sum(axis=0) == 0)
    for destination in lost.tolist() if closed.any() else ():
        around = before[0][:, np.flatnonzero(ends[:, destination])].ravel()
        left[around[around < len(ends)], destination] = 1.0
    return np.asarray(left)


def _load(before: tuple[IntArray, IntArray], choice: FloatArray, count: FloatArray) -> FloatArray:
    """Return how many reach the end of each link on the way to each destination, shape (n_links, n_destinations)."""
    link, turn = before
    padded = np.concatenate([choice, np.zeros_like(choice[:, :1])], axis=1)
    share = padded[turn, link]  # (n_before, n_links, n_destinations)
    flow = np.concatenate([count, np.zeros_like(count[:1])])
    for _ in range(ROUNDS):
        more = count + sum(part * flow[links] for part, links in zip(share, link, strict=True))
        done = np.abs(more - flow[:-1]).sum() <= ENOUGH * more.sum()
        flow[:-1] = more
        if done:
            break
    return np.asarray(flow[:-1])


def _predecessors(network: Network) -> tuple[IntArray, IntArray]:
    """Return the links before each link and which of their turns leads there, shape (n_before, n_links) both."""
    turn, link = np.nonzero(network.ways < network.ways.shape[1])
    target = network.ways[turn, link]
    order = np.argsort(target, kind="stable")
    target, turn, link = target[order], turn[order], link[order]
    rank = np.arange(len(target)) - np.searchsorted(target, target)
    links = np.full((int(rank.max(initial=0)) + 1, network.ways.shape[1]), network.ways.shape[1], dtype=np.int64)
    turns = np.zeros_like(links)
    links[rank, target], turns[rank, target] = link, turn
    return links, turns
