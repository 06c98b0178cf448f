"""Layout of a radial medium-voltage grid: which cable feeds which station.

A capacitated minimum spanning tree for each substation, so that no cable leaves it for more than it can carry (Esau and
Williams 1966, doi:10.1147/sj.53.0142).
"""

from dataclasses import dataclass

import numpy as np

from simulators.domains.air.dispersion import METRES_A_DEGREE
from zenata.city.readings import FloatArray, IntArray

DETOUR = 1.3
"""Length of a cable along streets over the distance it bridges (default)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """A radial grid. Cable i feeds station i, so cables are numbered as stations.

    Parameters
    ----------
    upstream : ndarray, shape (n_stations,)
        The station each is fed from, -1 for the busbar of its substation.
    substation : ndarray, shape (n_stations,)
    length : ndarray, shape (n_stations,)
        Of the cable that feeds each [m].
    rating : ndarray, shape (n_stations,)
        Of each station's transformer [kVA].
    substation_rating : ndarray, shape (n_substations,)
        [kVA]
    """

    upstream: IntArray
    substation: IntArray
    length: FloatArray
    rating: FloatArray
    substation_rating: FloatArray


def distances(positions: FloatArray, others: FloatArray) -> FloatArray:
    """Return the distances [m] between two lists of (longitude, latitude) [deg], shape (n, m), on a local plane."""
    scale = METRES_A_DEGREE * np.array([np.cos(np.radians(others[:, 1].mean())), 1.0])
    east, north = ((positions[:, axis, None] - others[:, axis]) * scale[axis] for axis in (0, 1))
    return np.asarray(np.hypot(east, north))


def feeders(root: FloatArray, between: FloatArray, size: FloatArray, capacity: float) -> IntArray:
    """Return what feeds each station: another station, or -1 for the root, shape (n,).

    Each begins with a cable of its own; the two groups whose joining saves most are joined, as long as a group stays
    within the capacity of one cable.

    Parameters
    ----------
    root : ndarray, shape (n,)
        Distance from the root.
    between : ndarray, shape (n, n)
        Distances between stations.
    size : ndarray, shape (n,)
    capacity : float
        Most that one cable from the root feeds, in the unit of `size`.
    """
    upstream = np.full(len(root), -1, dtype=np.int64)
    gate = np.arange(len(root))  # of each station's group: the one on the root's cable
    load = size.copy()  # of its group
    while True:
        allowed = (gate[:, None] != gate) & (load[:, None] + load <= capacity)
        saving = np.where(allowed, root[gate][:, None] - between, 0.0)
        if not (saving > 0).any():
            return upstream
        one, other = (int(index) for index in np.unravel_index(saving.argmax(), saving.shape))
        _hang(upstream, one, other)
        moved = gate == gate[one]
        load[moved | (gate == gate[other])] = load[one] + load[other]
        gate[moved] = gate[other]


def _hang(upstream: IntArray, one: int, other: int) -> None:
    """Feed the group of `one` from `other` through `one`: turn round the way from there to its gate."""
    while one >= 0:
        before = int(upstream[one])
        upstream[one] = other
        one, other = before, one


def lay_out(
    positions: FloatArray, rating: FloatArray, roots: FloatArray, root_rating: float, capacity: float
) -> Layout:
    """Lay cables to stations, each from the nearest substation's side.

    Parameters
    ----------
    positions : ndarray, shape (n_stations, 2)
        Longitude and latitude [deg].
    rating : ndarray, shape (n_stations,)
        [kVA]
    roots : ndarray, shape (n_substations, 2)
        Longitude and latitude [deg].
    root_rating : float
        Of each substation [kVA].
    capacity : float
        Most that one feeder feeds, as the sum of ratings [kVA].
    """
    between, root = distances(positions, positions), distances(positions, roots)
    substation = root.argmin(axis=1)
    nearest = root.min(axis=1)
    upstream = np.full(len(positions), -1, dtype=np.int64)
    for number in range(len(roots)):
        own = np.flatnonzero(substation == number)
        fed_from = feeders(nearest[own], between[np.ix_(own, own)], rating[own], capacity)
        upstream[own] = np.where(fed_from < 0, -1, own[fed_from])
    bridged = np.where(upstream < 0, nearest, between[np.arange(len(positions)), upstream])
    return Layout(
        upstream=upstream,
        substation=substation,
        length=DETOUR * np.maximum(bridged, 10.0),
        rating=rating,
        substation_rating=np.full(len(roots), root_rating),
    )
