"""What became of what devices said over HTTP."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """Why something was not taken.

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
class Answer:
    """What became of a request. What was taken is durable.

    Parameters
    ----------
    devices : tuple of str
        Ids of those that spoke.
    readings : int
        How many are kept, those that were there before included.
    left_out : tuple of str
        Members that are no numbers.
    refusals : tuple of Refusal
    """

    devices: tuple[str, ...] = ()
    readings: int = 0
    left_out: tuple[str, ...] = ()
    refusals: tuple[Refusal, ...] = field(default=())
