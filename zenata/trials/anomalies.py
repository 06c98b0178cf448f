"""Anomaly scores: the windows of NAB, and the volume under the surface of range-based precision and recall (VUS-PR).

No point-adjusted F1: a random score wins it (Kim et al. 2022, doi:10.1609/aaai.v36i7.20680).
"""

import numpy as np
import numpy.typing as npt

from zenata.city.readings import FloatArray, IntArray

BoolArray = npt.NDArray[np.bool_]

FALSE = 0.11
"""Weight of a false alarm, beside 1 of a hit and of a miss: NAB's standard profile."""

THRESHOLDS = 250
"""Thresholds at which precision and recall are taken (Paparrizos et al. 2022)."""


def runs(mask: BoolArray) -> tuple[IntArray, IntArray]:
    """Return begin (included) and end (excluded) of each run of True, shape (n_runs,) each."""
    edges = np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8))
    return np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)


def sigmoid(position: FloatArray) -> FloatArray:
    """Return NAB's weight of a position: near 1 at -1, the beginning of a window, 0 at its end, -1 far behind it.

    ``2 / (1 + exp(5 y)) - 1`` (Lavin and Ahmad 2015, doi:10.1109/ICMLA.2015.141, equation 1); -1 from 3 on as in NAB's scorer.
    """
    return np.asarray(np.where(position >= 3, -1.0, 2 / (1 + np.exp(5 * np.minimum(position, 3.0))) - 1))


def nab(alarms: IntArray, begin: IntArray, end: IntArray) -> tuple[float, IntArray]:
    """Return the raw NAB score of one series, and the first alarm in each window.

    The first alarm of a window earns `sigmoid` of where it lies in it over that of its first step, a window without one costs 1, an alarm in no window
    costs 0.11 times a weight that grows with the distance from the window before. The score of no alarm is minus the number
    of windows, that of a perfect detector the number of windows.

    Parameters
    ----------
    alarms : ndarray, shape (n,)
        Steps with an alarm, in any order; one that comes twice counts once.
    begin, end : ndarray, shape (n_windows,)
        First and last step of each window, in order, apart from each other.

    Returns
    -------
    score : float
    first : ndarray, shape (n_windows,)
        -1 where there is none.
    """
    steps = np.unique(alarms)
    before = np.searchsorted(begin, steps, side="right") - 1
    inside = (before >= 0) & (steps <= end[before]) if len(begin) else np.zeros(len(steps), dtype=np.bool_)
    length = np.maximum(end - begin, 1)
    first = np.full(len(begin), -1, dtype=np.int64)
    hits, at = np.unique(before[inside], return_index=True)
    first[hits] = steps[inside][at]
    found = first >= 0
    gain = (sigmoid(-(end[found] - first[found] + 1) / (end[found] - begin[found] + 1)) / sigmoid(np.array(-1.0))).sum()
    false, of = steps[~inside], before[~inside]
    position = np.full(len(false), np.inf)
    behind = of >= 0
    position[behind] = (false[behind] - end[of[behind]]) / length[of[behind]]
    cost = FALSE * sigmoid(position).sum()
    return float(gain + cost - np.count_nonzero(~found)), first


def vus_pr(label: BoolArray, score: FloatArray, window: int) -> float:
    """Return the volume under the surface of precision and recall of one series with an anomaly.

    The mean over buffers of 0 to `window` steps of the average precision against labels that fade out over the buffer, with
    recall times the share of anomalies touched; a flank counts among what is to be found where it is predicted (Paparrizos et al. 2022, doi:10.14778/3551793.3551830).

    Parameters
    ----------
    label : ndarray of bool, shape (n,)
    score : ndarray, shape (n,)
    window : int
        Longest buffer [steps].
    """
    ordered = np.sort(score)[::-1]
    levels = ordered[np.linspace(0, len(score) - 1, THRESHOLDS).astype(np.int64)]
    predicted = score >= levels[:, None]  # (n_thresholds, n)
    count = predicted.sum(axis=1)
    volume = 0.0
    for width in range(window + 1):
        soft = _faded(label, width)
        begin, end = runs(soft > 0)
        hit = predicted @ soft
        mass = label.sum() + predicted @ np.where(label, 0.0, soft) / 2
        touched = np.add.reduceat(
            predicted, np.stack([begin, end], axis=1).ravel()[: -1 if end[-1] == len(label) else None], axis=1
        )
        exists = (touched[:, ::2] > 0).mean(axis=1)
        recall = np.concatenate([[0.0], np.minimum(hit / mass, 1) * exists])
        volume += float((np.diff(recall) * (hit / count)).sum())
    return volume / (window + 1)


def _faded(label: BoolArray, width: int) -> FloatArray:
    """Return labels with flanks of half a width on both sides, that fall with the root of the distance."""
    soft = label.astype(np.float64)
    for begin, end in zip(*runs(label), strict=True):
        last = end - 1
        after = np.arange(last + 1, min(last + width // 2 + 1, len(label)))
        before = np.arange(max(begin - width // 2, 0), begin)
        soft[after] += np.sqrt(1 - (after - last) / max(width, 1))
        soft[before] += np.sqrt(1 - (begin - before) / max(width, 1))
    return np.minimum(soft, 1.0)
