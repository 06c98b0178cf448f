"""Tours of trucks: prices of stops that bound their length from below, and short tours by savings and 2-opt.

Distances are in km, between stops and from the depot; loads and room in kg.
"""

from dataclasses import dataclass

import numpy as np

from zenata.city.readings import FloatArray, IntArray

ROUNDS = 60
"""Rounds in which prices are raised (default)."""

STEP, PATIENCE, SHRINK = 0.05, 5, 0.7
"""Step of a round as a share of what the prices bring; after so many rounds without a gain it shrinks so much (defaults)."""


def tour_prices(depot: FloatArray, between: FloatArray, weight: FloatArray, stops: int) -> tuple[FloatArray, float]:
    """Return prices of stops of which no tour is worth more than it is long: a lower bound of what any set of tours drives.

    The price of a stop is ``charge + min (length - charges) / count`` over the tours through it, which for any charges add up to
    no more than its length along each tour (Christofides, Mingozzi and Toth 1981, doi:10.1007/BF01589353; Baldacci,
    Christofides and Mingozzi 2008, doi:10.1007/s10107-007-0178-5). Tours may come to a stop twice here, but not by way of one
    other alone (Houck et al. 1980), so that the least is found by dynamic programming, and is below that of real tours.
    Charges are raised where these tours come too seldom, and lowered where too often (Held and Karp 1971,
    doi:10.1007/BF01584070). A price below 0 is 0: without that stop a tour is no longer.

    Parameters
    ----------
    depot : ndarray, shape (n,) [km]
    between : ndarray, shape (n, n) [km]
        Distances that obey the triangle inequality.
    weight : ndarray, shape (n,)
        How often each stop has to be come to: the sum of prices by weight is made large.
    stops : int
        Of a tour at most.

    Returns
    -------
    prices : ndarray, shape (n,) [km]
    spare : float
        By how much the prices along a way from the depot that does not return may be more than its length, at most [km].
    """
    apart = between + np.diag(np.full(len(depot), np.inf))
    charge = 2 * depot / stops
    best, prices, step, since = -np.inf, charge, STEP, 0
    for _ in range(ROUNDS):
        paths = _Paths.of(depot, apart, charge, stops)
        least, come = paths.tours(charge, weight)
        found = np.maximum(charge + least, 0.0)
        value = float((weight * found).sum())
        best, prices, since = (value, found, 0) if value > best else (best, prices, since + 1)
        if since == PATIENCE:
            step, since = step * SHRINK, 0
        slope = weight - come
        if not (size := float((slope * slope).sum())):
            break
        charge = charge + step * best / size * slope
    return prices, max(-float(_Paths.of(depot, apart, prices, stops).first.min()), 0.0)


@dataclass(frozen=True, slots=True)
class _Paths:
    """The shortest paths from the depot to each stop by how many stops they have, less charges, of two different last legs.

    Parameters
    ----------
    first, second : ndarray, shape (n_stops, n) [km]
    before, other : ndarray of int, shape (n_stops, n)
        The stop before the last; -1 for the depot, -2 where there is no such path.
    """

    first: FloatArray
    second: FloatArray
    before: IntArray
    other: IntArray

    @classmethod
    def of(cls, depot: FloatArray, apart: FloatArray, charge: FloatArray, stops: int) -> "_Paths":
        """Find them; `apart` are distances, with infinity on the diagonal."""
        shape, every = (stops, len(depot)), np.arange(len(depot))
        first, second = np.full(shape, np.inf), np.full(shape, np.inf)
        before, other = np.full(shape, -2), np.full(shape, -2)
        first[0], before[0] = depot - charge, -1
        for number in range(1, stops):
            ways = apart + first[number - 1]  # row: to, column: from
            from_stop = np.flatnonzero(before[number - 1] >= 0)
            back = before[number - 1, from_stop]  # nobody goes there at once
            ways[back, from_stop] = second[number - 1, from_stop] + apart[back, from_stop]
            for length, last in ((first, before), (second, other)):
                at = ways.argmin(axis=1)
                length[number] = ways[every, at] - charge
                last[number] = np.where(np.isfinite(length[number]), at, -2)
                ways[every, at] = np.inf
        return cls(first, second, before, other)

    def tours(self, charge: FloatArray, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the least of (length - charges) / count over the tours through each stop, and how often all these come to each."""
        stops, count = self.first.shape
        every = np.arange(count)
        least, sides = np.full(count, np.inf), np.zeros((2, count), dtype=np.int64)
        turned = np.zeros((2, count), dtype=np.bool_)  # whether a side takes its second path
        for one in range((stops + 1) // 2):
            two = np.arange(one, stops - one)
            same = (self.before[one] == self.before[two]) & (self.before[one] >= 0)
            left, right = self.second[one] + self.first[two], self.first[one] + self.second[two]
            length = np.where(same, np.minimum(left, right), self.first[one] + self.first[two]) + charge
            length /= (one + two + 1)[:, None]
            row = length.argmin(axis=0)
            closer = length[row, every] < least
            least = np.where(closer, length[row, every], least)
            sides = np.where(closer, [np.full(count, one), two[row]], sides)
            by_left, same = (left <= right)[row, every], same[row, every]
            turned = np.where(closer, [same & by_left, same & ~by_left], turned)
        share = weight / (sides.sum(axis=0) + 1)
        come = share.copy()
        for side, second in zip(sides, turned, strict=True):
            at, number, after = every, side, np.full(count, -1)
            while (number > 0).any():
                on = number > 0
                first = self.before[number, at]
                last = np.where(second | (first == after), self.other[number, at], first)
                after, at = np.where(on, at, after), np.where(on, last, at)
                second, number = np.zeros(count, dtype=np.bool_), np.where(on, number - 1, number)
                come += np.bincount(at[on], share[on], minlength=count)
        return least, come


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
