"""Audit entries of commands over MQTT. A broker does not say who sent a message, so an entry names who may have."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from zenata.city.clock import SECOND, Clock
from zenata.control.audit import Audit, AuditEntry
from zenata.control.checks import BY_MQTT
from zenata.errors import CommandError, TopicError
from zenata.process.rate_limit import Bucket
from zenata.wire import commands, topics

_RATE, _BURST = 1.0, 60.0  # entries of a world: each second in the long run, and at once. Defaults.


class CommandAudit:
    """Records commands that came over MQTT; those over HTTP are recorded as requests.

    A control loop may command faster than a log should grow: beyond one entry a second and world, commands are only
    counted, in the next entry. The record of the world has every one of them.

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
        """Record a message; what is no command is left to the simulator, which rejects it.

        Raises
        ------
        sqlalchemy.exc.SQLAlchemyError
            If it cannot be written; nothing has changed then.
        """
        try:
            target, command = topics.parse_command(topic), commands.decode(payload)
        except (TopicError, CommandError):
            return
        now = self._clock.now()
        bucket = self._buckets.setdefault(target.world, Bucket(_BURST, now / SECOND))
        if bucket.take(_RATE, _BURST, now / SECOND):
            self._unlisted[target.world] += 1
            return
        detail: dict[str, Any] = {"world": target.world, "sensor": target.sensor, "set": command.set, "id": command.id}
        detail |= {"may": self._may(target), "unlisted": self._unlisted[target.world]}
        self._audit.record(AuditEntry(time=now, who=BY_MQTT, what="MQTT command", target=topic, detail=detail))
        self._unlisted.pop(target.world, None)

    def _may(self, target: topics.CommandTopic) -> list[str]:
        """Return who may command this device, administrators aside, who may command all."""
        if target.world == self._shared:
            return sorted(self._allowed(target.sensor))
        owner = self._owners().get(target.world)
        return [owner] if owner else []
