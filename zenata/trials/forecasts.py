"""Forecast scores: pinball loss, CRPS from quantiles, coverage, MASE, Brier skill and critical success index.

Lower is better for losses; a skill is 1 minus a loss over that of a reference, 1 at best and 0 for the reference.
"""

import numpy as np

from zenata.city.readings import FloatArray

LEVELS = np.arange(1, 10) / 10
"""Levels of the quantiles that forecasts state."""


def pinball(observed: FloatArray, quantiles: FloatArray, levels: FloatArray = LEVELS) -> FloatArray:
    """Return the pinball loss of each quantile, shape (..., n_levels) [unit of the forecast].

    ``max(p (y - q), (p - 1) (y - q))`` (Koenker and Bassett 1978, doi:10.2307/1913643).

    Parameters
    ----------
    observed : ndarray, shape (...)
    quantiles : ndarray, shape (..., n_levels)
    levels : ndarray, shape (n_levels,)
    """
    over = observed[..., None] - quantiles
    return np.asarray(np.maximum(levels * over, (levels - 1) * over))


def crps(observed: FloatArray, quantiles: FloatArray) -> FloatArray:
    """Return the CRPS as stated quantiles approximate it: twice the mean pinball loss, shape (...) [unit of the forecast].

    The CRPS is twice the integral of the pinball loss over all levels (Gneiting and Ranjan 2011,
    doi:10.1198/jbes.2010.08110). With the nine deciles a perfect normal forecast gets 1.094 times its exact CRPS in the mean.
    """
    return np.asarray(2 * pinball(observed, quantiles).mean(axis=-1))


def coverage(observed: FloatArray, low: FloatArray, high: FloatArray) -> float:
    """Return the share of what was observed that lies within intervals, both ends included."""
    return float(np.mean((observed >= low) & (observed <= high)))


def mase(observed: FloatArray, forecast: FloatArray, training: FloatArray, lag: int) -> float:
    """Return the mean absolute scaled error (Hyndman and Koehler 2006, doi:10.1016/j.ijforecast.2006.03.001).

    The mean absolute error over that of repeating the value of a season before, in the training data. Of a training series
    that repeats exactly it is 0 for a perfect forecast, else infinite.

    Parameters
    ----------
    observed, forecast : ndarray, shape (n, n_series)
    training : ndarray, shape (n_training, n_series)
        In the order of time.
    lag : int
        Length of the season, in steps.

    Returns
    -------
    float
        The mean over series.
    """
    error = np.abs(observed - forecast).mean(axis=0)
    scale = np.abs(training[lag:] - training[:-lag]).mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.where(error == 0, 0.0, error / scale).mean())


def brier(event: FloatArray, probability: FloatArray) -> float:
    """Return the Brier score (1950, doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2): mean squared error of probabilities.

    Parameters
    ----------
    event : ndarray, shape (n,)
        1 where it happened, else 0.
    probability : ndarray, shape (n,)
    """
    return float(np.mean((probability - event) ** 2))


def skill(loss: float, reference: float) -> float:
    """Return 1 minus a loss over that of a reference; NaN where the reference has none."""
    return 1 - loss / reference if reference > 0 else float("nan")


def critical_success(event: FloatArray, warned: FloatArray) -> float:
    """Return the critical success index: hits over hits, misses and false alarms; NaN where there is none of them.

    Also known as threat score (Schaefer 1990, doi:10.1175/1520-0434(1990)005<0570:TCSIAA>2.0.CO;2).

    Parameters
    ----------
    event, warned : ndarray, shape (n,)
        1 where it happened, or was warned of, else 0.
    """
    happened, forecast = event.astype(np.bool_), warned.astype(np.bool_)
    either = int(np.count_nonzero(happened | forecast))
    return int(np.count_nonzero(happened & forecast)) / either if either else float("nan")


def filled(values: FloatArray) -> FloatArray:
    """Return values with what is missing taken from the step before, shape (n_steps, n)."""
    index = np.where(np.isfinite(values), np.arange(len(values))[:, None], 0)
    np.maximum.accumulate(index, axis=0, out=index)
    return np.asarray(np.take_along_axis(values, index, axis=0))
