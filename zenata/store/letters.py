"""Dead letters: messages that could not become readings."""

from dataclasses import dataclass

REASONS = ("schema", "topic", "sensor", "unit", "range", "time")
"""Why a message can be dead, in a word: what is wrong with it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadLetter:
    """A message that could not become readings.

    Parameters
    ----------
    received : int
        When it came [us since the Unix epoch]; two letters never have the same, so it is a letter's name.
    topic : str
    payload : bytes
        As it came.
    code : str
        One of `REASONS`.
    reason : str
        What is wrong with it, for a person.
    sensor : str
        Who sent it; empty where nobody knows.
    seq : int
        Number of the sensor's message; 0 where it does not say.
    """

    received: int
    topic: str
    payload: bytes
    code: str
    reason: str
    sensor: str = ""
    seq: int = 0

    @property
    def world(self) -> str:
        """The world that its topic begins with."""
        return self.topic.partition("/")[0]
