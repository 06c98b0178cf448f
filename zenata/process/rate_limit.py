"""Rate limit by a token bucket: a rate in the long run, and a burst at once."""

from dataclasses import dataclass

_NEVER = 3600.0  # returned where the rate is zero [s]


@dataclass(slots=True)
class Bucket:
    """What is left of a rate; it begins full.

    Parameters
    ----------
    tokens : float
        How many may be taken at once now; less than none if more were taken than were there.
    time : float
        When that was [s].
    """

    tokens: float
    time: float

    def take(self, rate: float, burst: float, now: float) -> float:
        """Take a token; return 0, or the time after which there will be one [s] if there is none.

        Parameters
        ----------
        rate : float
            Tokens that come back each second.
        burst : float
            Tokens at most; more that somebody has put in stay until they are taken.
        now : float
            [s]
        """
        self._refill(rate, burst, now)
        if self.tokens < 1:
            return (1 - self.tokens) / rate if rate > 0 else _NEVER
        self.tokens -= 1
        return 0.0

    def take_all(self, count: float, rate: float, burst: float, now: float) -> float:
        """Take tokens, also such as are not there yet; return the time until they are [s].

        Parameters
        ----------
        count : float
            Tokens to take.
        rate, burst, now : float
            As of `take`; the rate is not zero.
        """
        self._refill(rate, burst, now)
        self.tokens -= count
        return max(-self.tokens, 0.0) / rate

    def _refill(self, rate: float, burst: float, now: float) -> None:
        self.tokens = min(max(burst, self.tokens), self.tokens + max(now - self.time, 0.0) * rate)
        self.time = max(self.time, now)
