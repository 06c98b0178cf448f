"""Caches of one value for each series, and which series are in a selection."""

import threading
from collections.abc import Callable
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from zenata.city.readings import Catalog, IndexArray, Selection, Series


class PerSeries:
    """One property of every series, as an array that grows with the catalog. May be used from any thread.

    Parameters
    ----------
    compute : callable
        Works it out for one series.
    dtype : type
        Of the array.
    """

    def __init__(self, compute: Callable[[Series], object], dtype: npt.DTypeLike) -> None:
        self._compute = compute
        self._dtype = np.dtype(dtype)
        self._lock = threading.Lock()
        self._known: WeakKeyDictionary[Catalog, npt.NDArray] = WeakKeyDictionary()  # type: ignore[type-arg]

    def take(self, catalog: Catalog, series: IndexArray) -> npt.NDArray:  # type: ignore[type-arg]
        """Return it for each of these series.

        Parameters
        ----------
        catalog : Catalog
            What `series` counts in.
        series : ndarray of int32, shape (n,)

        Returns
        -------
        ndarray, shape (n,)
        """
        known = self._known.get(catalog)
        if known is None or len(known) < len(catalog):
            known = self._extend(catalog)
        return known[series]

    def _extend(self, catalog: Catalog) -> npt.NDArray:  # type: ignore[type-arg]
        with self._lock:
            known = self._known.get(catalog, np.empty(0, dtype=self._dtype))
            new = [self._compute(series) for series in catalog.since(len(known))]
            known = np.concatenate([known, np.array(new, dtype=self._dtype)])
            self._known[catalog] = known
            return known


class Wanted:
    """Which series are in a selection. May be used from any thread, as the catalog may.

    Parameters
    ----------
    selection : Selection
    """

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        self._masks: WeakKeyDictionary[Catalog, npt.NDArray[np.bool_]] = WeakKeyDictionary()

    def take(self, catalog: Catalog, series: IndexArray) -> npt.NDArray[np.bool_]:
        """Return whether each of some series, shape (n,), that are in a catalog is wanted."""
        mask = self._masks.get(catalog)
        # Up to the last of them, not to the end of the catalog: what is added there just now may not be selected yet.
        size = int(series.max()) + 1 if len(series) else 0
        if mask is None or len(mask) < size:
            chosen = catalog.select(self._selection)
            mask = np.zeros(size, dtype=np.bool_)
            mask[chosen[chosen < size]] = True
            self._masks[catalog] = mask
        return mask[series]


def matcher(selection: Selection) -> Callable[[Series], bool]:
    """Return what tells whether a series is in a selection, which may name thousands."""
    named = {
        "world": selection.worlds,
        "sensor": selection.sensors,
        "kind": selection.kinds,
        "district": selection.districts,
        "property": selection.properties,
    }
    wanted = [(name, frozenset(words)) for name, words in named.items() if words]
    return lambda series: all(getattr(series, name) in words for name, words in wanted)
