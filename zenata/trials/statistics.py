"""Statistics over seeds: Student's t interval, paired sign-flip test, Holm's correction, ranking in groups, and luck of stopping."""

import math
from collections import deque
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import combinations

import numpy as np

from zenata.city.readings import FloatArray

EXACT = 16
"""Seeds up to which the sign-flip test counts all sign changes, 2 to this power; with more it draws them."""

DRAWS = 20_000
"""Sign changes that are drawn (default); the p-value has a standard error of at most 0.004."""

LEVEL = 0.05
"""Family-wise error rate of a ranking (default)."""


def incomplete_beta(a: float, b: float, x: float) -> float:
    """Return the regularised incomplete beta function, by its continued fraction (DLMF 8.17.22, modified Lentz)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(b, a, 1 - x)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x) - math.log(a)
    )
    tiny = 1e-300
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1) or tiny)
    value = d
    for m in range(1, 500):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / (1 + term * d or tiny)
            c = 1 + term / c or tiny
            value *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return front * value


def student_quantile(level: float, degrees: int) -> float:
    """Return the quantile of Student's t distribution.

    Parameters
    ----------
    level : float
        Above 0.5 and below 1.
    degrees : int
        Degrees of freedom, at least 1.
    """

    def below(t: float) -> float:
        return 1 - incomplete_beta(degrees / 2, 0.5, degrees / (degrees + t * t)) / 2

    low, high = 0.0, 1.0
    while below(high) < level:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if below(middle) < level else (low, middle)
    return (low + high) / 2


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the mean over seeds and its confidence interval of 95 % (Student 1908, doi:10.1093/biomet/6.1.1).

    Parameters
    ----------
    values : sequence of float
        One for each seed.

    Returns
    -------
    mean, low, high : float
        The ends are infinite with one seed.

    Raises
    ------
    ValueError
        If there is no value, or one is not finite.
    """
    scores = _finite(values)
    mean = float(scores.mean())
    if len(scores) == 1:
        return mean, -math.inf, math.inf
    half = student_quantile((1 + 0.95) / 2, len(scores) - 1) * float(scores.std(ddof=1)) / math.sqrt(len(scores))
    return mean, mean - half, mean + half


def sign_flip(a: Sequence[float], b: Sequence[float]) -> float:
    """Return the two-sided p-value that two services do not differ, over the same seeds.

    The sign of each difference is as likely either way if they do not (Fisher 1935, The Design of Experiments, section 21).
    Up to `EXACT` seeds all sign changes are counted; beyond, `DRAWS` are drawn, and the one that was seen counts too
    (Phipson and Smyth 2010, doi:10.2202/1544-6115.1585).

    Parameters
    ----------
    a, b : sequence of float, shape (n_seeds,)

    Raises
    ------
    ValueError
        If they are not as long as each other, or a value is not finite.
    """
    one, other = _finite(a), _finite(b)
    if len(one) != len(other):
        raise ValueError(f"{len(one)} seeds cannot be paired with {len(other)}")
    difference = one - other
    count, seen = len(difference), abs(float(difference.sum()))
    if count <= EXACT:
        sums = np.zeros(1)
        for value in difference.tolist():
            sums = np.concatenate([sums + value, sums - value])
        return float(np.mean(np.abs(sums) >= seen - _slack(difference)))
    signs = np.random.default_rng(0).integers(0, 2, (DRAWS, count)) * 2 - 1
    extreme = np.count_nonzero(np.abs(signs @ difference) >= seen - _slack(difference))
    return (extreme + 1) / (DRAWS + 1)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for several tests (Holm 1979, https://www.jstor.org/stable/4615733)."""
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def ranking(scores: Mapping[str, Sequence[float]]) -> list[list[str]]:
    """Return services in groups, the best first; within a group none differs from its first.

    Every pair is tested by `sign_flip`, with Holm's correction over all pairs. A service opens a group of its own if it
    differs from the first of the group before it.

    Parameters
    ----------
    scores : mapping of str to sequence of float, shape (n_seeds,)
        Of the same seeds in the same order.
    """
    names = sorted(scores, key=lambda name: (-float(_finite(scores[name]).mean()), name))
    pairs = list(combinations(names, 2))
    adjusted = dict(zip(pairs, holm([sign_flip(scores[a], scores[b]) for a, b in pairs]), strict=True))
    groups: list[list[str]] = []
    for name in names:
        if groups and adjusted[groups[-1][0], name] > LEVEL:
            groups[-1].append(name)
        else:
            groups.append([name])
    return groups


@cache
def stopping_luck(attempts: int, last: int) -> float:
    """Return what chance alone gives to a service that stops at its best, over the standard error of the mean of its last attempts.

    It is the expected maximum of the moving means that there have been, of equal services; `DRAWS` are drawn. Scores are
    deflated by it as Sharpe ratios are by the number of trials (Bailey and Lopez de Prado 2014, doi:10.3905/jpm.2014.40.5.094).

    Parameters
    ----------
    attempts : int
        That there have been.
    last : int
        How many of them the mean is of.

    Returns
    -------
    float
        0 up to `last` attempts; it never falls with more.
    """
    if attempts <= last:
        return 0.0
    rng, window, best = np.random.default_rng(0), deque[FloatArray](maxlen=last), np.full(DRAWS, -np.inf)
    for _ in range(attempts):  # one after the other, so that more attempts go on from the same draws
        window.append(rng.standard_normal(DRAWS))
        if len(window) == last:
            best = np.maximum(best, np.sum(window, axis=0) / math.sqrt(last))
    return max(float(best.mean()), 0.0)


def _finite(values: Sequence[float]) -> FloatArray:
    array = np.asarray(values, dtype=np.float64)
    if not len(array):
        raise ValueError("there is no seed to take the mean of")
    if not np.isfinite(array).all():
        raise ValueError("a score is not finite: a failed run has no place in the statistics")
    return array


def _slack(difference: FloatArray) -> float:
    """Return how far apart equal sums may be for rounding."""
    return float(np.abs(difference).sum()) * 1e-12
