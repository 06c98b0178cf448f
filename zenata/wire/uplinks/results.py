"""Result of telemetry over HTTP: what was stored, and what was rejected."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class Rejection:
    """Why a message, or a part of one, is not stored.

    Parameters
    ----------
    code : str
        One of `zenata.store.dead_letters.REASONS`.
    reason : str
        For a person.
    line : int
        Number of the line from 1; 0 where it is about all.
    quota : str
        Name of the quota that it is too much for, if it is.
    retry_after : float
        When it would not be any more, in how many seconds.
    """

    code: str
    reason: str
    line: int = 0
    quota: str = ""
    retry_after: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class TelemetryResult:
    """Result of a request. What it says is stored is durable.

    Parameters
    ----------
    devices : tuple of str
        Ids of those whose readings are stored.
    readings : int
        How many are stored, those that were there before included.
    left_out : tuple of str
        Members that are no numbers.
    rejections : tuple of Rejection
    assumed_utc : bool
        Whether a time had no offset, and was taken as UTC.
    """

    devices: tuple[str, ...] = ()
    readings: int = 0
    left_out: tuple[str, ...] = ()
    rejections: tuple[Rejection, ...] = field(default=())
    assumed_utc: bool = False
