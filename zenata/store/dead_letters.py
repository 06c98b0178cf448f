"""Dead letters: messages that could not become readings, and how much of them a store has room for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

from zenata.city.model import OWN

REASONS = ("schema", "topic", "sensor", "device", "unit", "range", "time", "quota", "retention", "part", "trial")
"""Why a message can be dead, in a word: what is wrong with it."""

MAX_PAYLOAD = 48 * 1024
"""Bytes of a payload that are stored: any device's message, and in base64 the 64 KiB that a field of InfluxDB may have."""

MAX_TOPIC, MAX_REASON = 1_000, 500
"""Characters of a topic and of a reason that are stored: a topic may have 64 KiB, and lists and logs repeat it."""

MAX_OWNER_BYTES = 32 << 20
"""Bytes of payloads that a world or a pilot may have stored; the oldest go first. Default: hundreds of long messages."""

MAX_BYTES = 512 << 20
"""Bytes of payloads that all may have stored; as many owners as have some share them equally. Default."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadLetter:
    """A message that could not become readings.

    Parameters
    ----------
    received : int
        When it came [us since the Unix epoch]; no two have the same, so that it identifies a dead letter.
    topic : str
    payload : bytes
        As it came; of a long one the beginning. Empty where it was not read.
    code : str
        One of `REASONS`.
    reason : str
        What is wrong with it, for a person.
    sensor : str
        Who sent it; empty where nobody knows.
    seq : int
        Number of the sensor's message; 0 where it has none.
    size : int
        Bytes of the payload as it came; -1 where only `payload` is to be counted.
    digest : str
        SHA-256 in hex of a payload of which only the beginning is stored; else empty.
    """

    received: int
    topic: str
    payload: bytes
    code: str
    reason: str
    sensor: str = ""
    seq: int = 0
    size: int = -1
    digest: str = ""

    def __post_init__(self) -> None:
        if self.size < 0:
            object.__setattr__(self, "size", len(self.payload))  # frozen for everybody else

    @property
    def is_numbered(self) -> bool:
        """Whether its sender numbers its messages, as the sensors of worlds do, and pilots' own devices do not."""
        return bool(self.sensor) and not self.topic.startswith("pilots/")

    @property
    def is_cut(self) -> bool:
        """Whether only the beginning of the payload is stored, so that it cannot be replayed."""
        return bool(self.digest)

    @property
    def world(self) -> str:
        """The world that its topic begins with."""
        return self.topic.partition("/")[0]

    @property
    def owner(self) -> str:
        """Whose it is; see `owner_of`."""
        return owner_of(self.topic)

    def bounded(self) -> "DeadLetter":
        """Return it with no more payload, topic and reason than are stored."""
        if len(self.topic) > MAX_TOPIC or len(self.reason) > MAX_REASON:
            return replace(self, topic=self.topic[:MAX_TOPIC], reason=self.reason[:MAX_REASON]).bounded()
        if len(self.payload) <= MAX_PAYLOAD:
            return self
        return replace(self, payload=self.payload[:MAX_PAYLOAD], digest=self.digest or sha256(self.payload).hexdigest())


class Usage:
    """Bytes of payloads that each owner has stored.

    Parameters
    ----------
    owners : mapping of str to int
    """

    def __init__(self, owners: Mapping[str, int]) -> None:
        self._owners = dict(owners)

    def add(self, dead_letters: Iterable[DeadLetter]) -> None:
        """Count dead letters that are stored now."""
        for one in dead_letters:
            self._owners[one.owner] = self._owners.get(one.owner, 0) + len(one.payload)

    @property
    def limit(self) -> int:
        """Bytes that each owner may have."""
        return min(MAX_OWNER_BYTES, MAX_BYTES // max(len(self._owners), 1))

    @property
    def is_exceeded(self) -> bool:
        """Whether an owner has more."""
        return max(self._owners.values(), default=0) > self.limit


def is_prefix(topic: str) -> bool:
    """Return whether a topic to select by means all topics that begin with it."""
    return not topic or topic.endswith("/")


def owner_of(topic: str) -> str:
    """Return whose a topic is, as a world: the one that it begins with, or of a pilot's topics ``p-{pilot}``."""
    first, _, rest = topic.partition("/")
    pilot = rest.partition("/")[0]
    return f"{OWN}{pilot}" if first == "pilots" and pilot else first
