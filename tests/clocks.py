"""A clock for tests."""


class StandingClock:
    """Stands still unless `time` [us since the Unix epoch] is changed."""

    def __init__(self) -> None:
        self.time = 10**15

    def now(self) -> int:
        """Return the time [us since the Unix epoch]."""
        return self.time
