"""Dead letters: messages that could not become readings."""

from dataclasses import dataclass

from zenata.city.model import OWN

REASONS = ("schema", "topic", "sensor", "device", "unit", "range", "time", "quota")
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
    def is_numbered(self) -> bool:
        """Whether who sent it numbers its messages, as the sensors of worlds do, and pilots' own devices do not."""
        return bool(self.sensor) and not self.topic.startswith("pilots/")

    @property
    def world(self) -> str:
        """The world that its topic begins with."""
        return self.topic.partition("/")[0]

    @property
    def owner(self) -> str:
        """Whose it is; see `owner_of`."""
        return owner_of(self.topic)


def owner_of(topic: str) -> str:
    """Return whose a topic is, as a world: the one that it begins with, or of a pilot's topics ``p-{pilot}``."""
    first, _, rest = topic.partition("/")
    pilot = rest.partition("/")[0]
    return f"{OWN}{pilot}" if first == "pilots" and pilot else first
