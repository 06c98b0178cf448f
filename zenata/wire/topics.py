"""The topics of the city, made and read by pure functions.

::

    {world}/telemetry/{district}/{kind}/{sensor}     a sensor's readings, retained
    {world}/packs/{district}                         every reading of a district and tick in one pack
    {world}/commands/{kind}/{sensor}                 what a device is told
    {world}/responses/{kind}/{sensor}                what became of it
    {world}/clock                                    the world's time, retained
    {world}/events                                   what a city would announce
    truth/{world}                                    what really happened; no pilot may read it

Each level is a word of letters, digits, ``-`` and ``_``: no level can smuggle in a wildcard of MQTT or of a broker.
"""

import re
from dataclasses import dataclass

from zenata.errors import TopicError

TELEMETRY = "+/telemetry/+/+/+"
"""Filter of all telemetry of all worlds."""

PACKS = "+/packs/+"
"""Filter of all packs of all worlds."""

CLOCKS = "+/clock"
"""Filter of the clocks of all worlds."""

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")


@dataclass(frozen=True, slots=True)
class TelemetryTopic:
    """Where one sensor of one world publishes."""

    world: str
    district: str
    kind: str
    sensor: str


@dataclass(frozen=True, slots=True)
class PackTopic:
    """Where a district of one world publishes whole packs."""

    world: str
    district: str


@dataclass(frozen=True, slots=True)
class CommandTopic:
    """Where one device of one world is told what to do."""

    world: str
    kind: str
    sensor: str


def telemetry(world: str, district: str, kind: str, sensor: str) -> str:
    """Return the topic of a sensor's telemetry.

    Raises
    ------
    TopicError
        If a part is not a word.
    """
    return _join(world, "telemetry", district, kind, sensor)


def pack(world: str, district: str) -> str:
    """Return the topic of a district's packs."""
    return _join(world, "packs", district)


def of_district(district: str) -> tuple[str, str]:
    """Return the filters of a district's telemetry and packs in all worlds.

    Raises
    ------
    TopicError
        If it is not a word.
    """
    _check(district)
    return f"+/telemetry/{district}/+/+", f"+/packs/{district}"


def clock(world: str) -> str:
    """Return the topic of a world's clock."""
    return _join(world, "clock")


def world_of(topic: str) -> str:
    """Return the world that a topic of one begins with."""
    return topic.partition("/")[0]


def is_clock(topic: str) -> bool:
    """Return whether a topic is that of a world's clock."""
    return topic.endswith("/clock") and topic.count("/") == 1


def events(world: str) -> str:
    """Return the topic of a world's public events."""
    return _join(world, "events")


def commands(world: str) -> str:
    """Return the filter of all commands to a world's devices."""
    return _join(world, "commands") + "/#"


def response(world: str, kind: str, sensor: str) -> str:
    """Return the topic of the answers of a device."""
    return _join(world, "responses", kind, sensor)


def truth(world: str) -> str:
    """Return the topic of what really happened in a world."""
    return _join("truth", world)


def parse_command(topic: str) -> CommandTopic:
    """Read a topic of commands.

    Raises
    ------
    TopicError
        If it is none.
    """
    match topic.split("/"):
        case [world, "commands", kind, sensor]:
            _check(world, kind, sensor)
            return CommandTopic(world, kind, sensor)
    raise TopicError(f"topic {topic[:200]!r} takes no commands: expected {{world}}/commands/{{kind}}/{{sensor}}")


def parse(topic: str) -> TelemetryTopic | PackTopic:
    """Read a topic that carries readings.

    Raises
    ------
    TopicError
        If it is none.
    """
    match topic.split("/"):
        case [world, "telemetry", district, kind, sensor]:
            _check(world, district, kind, sensor)
            return TelemetryTopic(world, district, kind, sensor)
        case [world, "packs", district]:
            _check(world, district)
            return PackTopic(world, district)
    raise TopicError(
        f"topic {topic[:200]!r} carries no readings: expected "
        "{world}/telemetry/{district}/{kind}/{sensor} or {world}/packs/{district}"
    )


def _join(*words: str) -> str:
    _check(*words)
    return "/".join(words)


def _check(*words: str) -> None:
    for word in words:
        if not _WORD.fullmatch(word):
            raise TopicError(f"topic level {word[:80]!r} is not a word of letters, digits, '-' and '_'")
