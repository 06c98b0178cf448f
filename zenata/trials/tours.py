"""Tours of trucks: a lower bound of their length, and short tours by savings and 2-opt.

Distances are in km, between stops and from the depot; loads and room in kg.
"""

from collections.abc import Sequence

import numpy as np

from zenata.city.readings import FloatArray, IntArray

ROUNDS, SHRINK, FIRST = 60, 0.94, 0.5
"""Rounds of the bound, by how much a step of them shrinks, and the first step over the mean edge of a tree (defaults)."""


def spanning_tree(distance: FloatArray) -> tuple[IntArray, FloatArray]:
    """Return a shortest spanning tree (Prim 1957, doi:10.1002/j.1538-7305.1957.tb01515.x): its edges and their lengths.

    Parameters
    ----------
    distance : ndarray, shape (n, n)

    Returns
    -------
    edges : ndarray, shape (n - 1, 2)
    lengths : ndarray, shape (n - 1,)
    """
    count = len(distance)
    edges, lengths = np.zeros((count - 1, 2), dtype=np.int64), np.zeros(count - 1)
    near, cost = np.zeros(count, dtype=np.int64), distance[0].copy()
    joined = np.zeros(count)
    joined[0] = np.inf
    for number in range(count - 1):
        new = int((cost + joined).argmin())
        edges[number], lengths[number] = (near[new], new), cost[new]
        joined[new] = np.inf
        closer = distance[new] < cost
        near[closer], cost = new, np.minimum(cost, distance[new])
    return edges, lengths


def tours_bound(
    depot: FloatArray, between: FloatArray, windows: Sequence[IntArray], *, tours: int, open_ends: int, nearest: float
) -> float:
    """Return a lower bound of the length of tours that come to some stops at least once in each of several windows of time.

    Without the depot, and cut where a window ends, tours are paths. A forest of as many trees as there are paths, with the
    cheapest ends, is no longer than they are, whatever each stop is charged for every edge beyond two; the charges are
    raised where a stop has more, and lowered where it has fewer (Held and Karp 1970, doi:10.1287/opre.18.6.1138, and 1971,
    doi:10.1007/BF01584070; with a depot of many tours Fisher 1994, doi:10.1287/opre.42.4.626).

    Parameters
    ----------
    depot : ndarray, shape (n,) [km]
    between : ndarray, shape (n, n) [km]
    windows : sequence of ndarray
        Stops of each window.
    tours : int
        How many tours there are at least; what comes to none of these stops goes to the nearest and back.
    open_ends : int
        At how many ends of paths no way from or to the depot is needed: where windows end, two for each truck.
    nearest : float
        Distance of the nearest stop from the depot [km].
    """
    windows = [stops for stops in windows if len(stops)]
    stop = np.concatenate([*windows, np.zeros(0, dtype=np.int64)])
    count = len(stop)
    if not count:
        return 2 * nearest * max(tours - open_ends, 0)
    begin = np.cumsum([0, *(len(stops) for stops in windows)])
    charge, best, step = np.zeros(count), 0.0, 0.0
    paths = np.arange(len(windows), count + 1)
    free = np.arange(min(open_ends, 2 * count) + 1)[:, None]
    fits = free <= 2 * paths
    for number in range(ROUNDS):
        trees = []
        for stops, a in zip(windows, begin.tolist(), strict=False):
            own = charge[a : a + len(stops)]
            edges, lengths = spanning_tree(between[np.ix_(stops, stops)] + own[:, None] + own)
            trees.append((edges + a, lengths))
        edges, lengths = (np.concatenate(parts) for parts in zip(*trees, strict=True))
        order = lengths.argsort(kind="stable")
        ends = (depot[stop] + charge).repeat(2), charge.repeat(2)
        ranked = [end.argsort(kind="stable") for end in ends]
        forest, home, away = (
            np.concatenate([[0.0], values.cumsum()])
            for values in (lengths[order], *(end[rank] for end, rank in zip(ends, ranked, strict=True)))
        )
        rest = np.clip(2 * paths - free, 0, 2 * count)
        total = forest[count - paths] + home[rest] + away[free] + 2 * nearest * np.maximum(tours - paths, 0)
        total = np.where(fits, total, np.inf) - 2 * charge.sum()
        row, column = np.unravel_index(total.argmin(), total.shape)
        best = max(best, float(total[row, column]))
        degree = np.bincount(edges[order[: count - paths[column]]].ravel(), minlength=count)
        degree += np.bincount(ranked[0][: rest[row, column]] // 2, minlength=count)
        degree += np.bincount(ranked[1][: int(free[row, 0])] // 2, minlength=count)
        step = step * SHRINK if number else FIRST * float(lengths.mean()) if len(lengths) else 1.0
        charge = charge + step * (degree - 2)
    return best


def plan_tours(depot: FloatArray, between: FloatArray, load: FloatArray, room: float) -> list[list[int]]:
    """Return tours that come to every stop once, each within the room of a truck.

    By savings (Clarke and Wright 1964, doi:10.1287/opre.12.4.568), each tour then shortened by 2-opt (Croes 1958,
    doi:10.1287/opre.6.6.791).

    Parameters
    ----------
    depot : ndarray, shape (n,) [km]
    between : ndarray, shape (n, n) [km]
    load : ndarray, shape (n,) [kg]
    room : float
        [kg]
    """
    count = len(depot)
    tour_of = list(range(count))
    tours: dict[int, list[int]] = {number: [number] for number in range(count)}
    loads = load.tolist()
    saving = depot[:, None] + depot - between
    first, second = np.triu_indices(count, 1)
    for pair in (-saving[first, second]).argsort(kind="stable").tolist():
        a, b = int(first[pair]), int(second[pair])
        one, other = tour_of[a], tour_of[b]
        if saving[a, b] <= 0:
            break
        if one == other or loads[one] + loads[other] > room:
            continue
        left, right = tours[one], tours[other]
        if a not in (left[0], left[-1]) or b not in (right[0], right[-1]):
            continue
        left = left if left[-1] == a else left[::-1]
        right = right if right[0] == b else right[::-1]
        tours[one] = left + right
        loads[one] += loads[other]
        for number in tours.pop(other):
            tour_of[number] = one
    return [_shortened(tour, depot, between) for tour in tours.values()]


def _shortened(tour: list[int], depot: FloatArray, between: FloatArray) -> list[int]:
    """Return a tour in which no two legs can be exchanged for shorter ones."""
    stops = np.array([0, *(number + 1 for number in tour), 0])
    distance = np.zeros((len(depot) + 1, len(depot) + 1))
    distance[0, 1:] = distance[1:, 0] = depot
    distance[1:, 1:] = between
    while True:
        legs = distance[stops[:-1], stops[1:]]
        gain = legs[:, None] + legs - distance[np.ix_(stops[:-1], stops[:-1])] - distance[np.ix_(stops[1:], stops[1:])]
        gain = np.triu(gain, 1)
        a, b = np.unravel_index(int(gain.argmax()), gain.shape)
        if gain[a, b] < 1e-9:
            return [int(stop) - 1 for stop in stops[1:-1]]
        stops[a + 1 : b + 1] = stops[a + 1 : b + 1][::-1]
