"""That a message cannot become readings."""


class Refused(Exception):  # noqa: N818 - it names what happened
    """A message cannot become readings.

    Parameters
    ----------
    code : str
        One of `zenata.store.dead_letters.REASONS`.
    reason : str
        For a person.
    quota : str
        Name of the quota that it is too much for, if it is.
    retry_after : float
        When it would not be any more, in how many seconds.
    """

    def __init__(self, code: str, reason: str, quota: str = "", retry_after: float = 0.0) -> None:
        super().__init__(reason)
        self.code = code
        self.quota = quota
        self.retry_after = retry_after
