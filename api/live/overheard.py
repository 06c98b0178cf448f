"""Commands over MQTT in the audit log. A broker does not say whose a message is, so a line tells who may have sent it."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from zenata.city.clock import SECOND, Clock
from zenata.control.audit import Audit, AuditEntry
from zenata.control.checks import BY_MQTT
from zenata.errors import CommandError, TopicError
from zenata.process.rate_limit import Bucket
from zenata.wire import commands, topics

_RATE, _BURST = 1.0, 60.0  # lines of a world: each second in the long run, and at once. Defaults.


class Overheard:
    """Notes commands that came over MQTT; those over HTTP are noted as requests.

    A loop of control may command faster than a log should grow: beyond a line a second and world commands are only
    counted, in the next line. The record of the world has every one of them.

    Parameters
    ----------
    audit : Audit
    clock : Clock
    owners : callable
        Returns the owner of each private world.
    allowed : callable
        Returns the pilots that may command a device of the shared city.
    shared : str
        Name of the shared city.
    """

    def __init__(
        self,
        *,
        audit: Audit,
        clock: Clock,
        owners: Callable[[], Mapping[str, str]],
        allowed: Callable[[str], Sequence[str]],
        shared: str,
    ) -> None:
        self._audit, self._clock = audit, clock
        self._owners, self._allowed, self._shared = owners, allowed, shared
        self._buckets: dict[str, Bucket] = {}
        self._unlisted = Counter[str]()

    def note(self, topic: str, payload: bytes) -> None:
        """Note a message; what is no command changes nothing, and its sender is answered so.

        Raises
        ------
        sqlalchemy.exc.SQLAlchemyError
            If it cannot be kept; nothing has changed then.
        """
        try:
            told, command = topics.parse_command(topic), commands.decode(payload)
        except (TopicError, CommandError):
            return
        now = self._clock.now()
        bucket = self._buckets.setdefault(told.world, Bucket(_BURST, now / SECOND))
        if bucket.take(_RATE, _BURST, now / SECOND):
            self._unlisted[told.world] += 1
            return
        detail: dict[str, Any] = {"world": told.world, "sensor": told.sensor, "set": command.set, "id": command.id}
        detail |= {"may": self._may(told), "unlisted": self._unlisted[told.world]}
        self._audit.record(AuditEntry(time=now, who=BY_MQTT, what="MQTT command", target=topic, detail=detail))
        self._unlisted.pop(told.world, None)

    def _may(self, told: topics.CommandTopic) -> list[str]:
        """Return who may command this device, administrators aside, who may command all."""
        if told.world == self._shared:
            return sorted(self._allowed(told.sensor))
        owner = self._owners().get(told.world)
        return [owner] if owner else []
