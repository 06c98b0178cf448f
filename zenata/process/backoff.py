"""Back-off: how long to wait before an attempt, longer after each failure.

References
----------
M. Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015.
"""

from dataclasses import dataclass

_MAX_DOUBLINGS = 64  # beyond which any first pause exceeds any limit, and floats would overflow


@dataclass(frozen=True, kw_only=True, slots=True)
class Backoff:
    """Pauses that grow by a factor with each failure, up to a limit.

    Parameters
    ----------
    first : float
        Pause after the first failure [s].
    limit : float
        The longest pause [s].
    factor : float
        By which each pause is longer than the one before.
    """

    first: float
    limit: float
    factor: float = 2.0

    def pause(self, failures: int) -> float:
        """Return how long to wait after so many failures in a row [s]; 0 after none."""
        if failures <= 0:
            return 0.0
        return min(self.first * self.factor ** min(failures - 1, _MAX_DOUBLINGS), self.limit)
