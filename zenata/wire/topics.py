"""The topics of the city, made and read by pure functions; `Pattern` lists them all.

Each level is a word of letters, digits, ``-`` and ``_``: no level can smuggle in a wildcard of MQTT or of a broker.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from zenata.errors import TopicError


class Pattern(StrEnum):
    """Every family of topics there is; a name in braces is a level of its own."""

    TELEMETRY = "{world}/telemetry/{district}/{kind}/{sensor}"
    """A sensor's readings, retained."""
    PACK = "{world}/packs/{district}"
    """Every reading of a district and tick in one pack."""
    COMMAND = "{world}/commands/{kind}/{sensor}"
    """Commands to devices."""
    RESPONSE = "{world}/responses/{kind}/{sensor}"
    """What became of it."""
    CLOCK = "{world}/clock"
    """The world's time, retained."""
    EVENTS = "{world}/events"
    """What a city would announce."""
    DEVICE = "pilots/{pilot}/telemetry/{device}"
    """What a pilot's own device says."""
    ANSWER = "pilots/{pilot}/answers/{trial}"
    """What a pilot's service answers in a trial."""
    TRUTH = "truth/{world}"
    """What really happened, retained; no pilot may read it."""

    @property
    def filter(self) -> str:
        """The filter of all its topics."""
        return re.sub(r"{\w+}", "+", self)


TELEMETRY = Pattern.TELEMETRY.filter
"""Filter of all telemetry of all worlds."""

PACKS = Pattern.PACK.filter
"""Filter of all packs of all worlds."""

COMMANDS = Pattern.COMMAND.filter
"""Filter of all commands to devices of all worlds."""

CLOCKS = Pattern.CLOCK.filter
"""Filter of the clocks of all worlds."""

EVENTS = Pattern.EVENTS.filter
"""Filter of the public events of all worlds."""

ANSWERS = Pattern.ANSWER.filter
"""Filter of the answers of all services in trials."""

PILOTS = "pilots/#"
"""Filter of all that pilots publish on topics of their own: what is of no device becomes a dead letter, and is not lost."""

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
class DeviceTopic:
    """Where a pilot's own device publishes."""

    pilot: str
    device: str


@dataclass(frozen=True, slots=True)
class CommandTopic:
    """Topic of commands to one device of one world."""

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
    return _fill(Pattern.TELEMETRY, world=world, district=district, kind=kind, sensor=sensor)


def pack(world: str, district: str) -> str:
    """Return the topic of a district's packs."""
    return _fill(Pattern.PACK, world=world, district=district)


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
    return _fill(Pattern.CLOCK, world=world)


def world_of(topic: str) -> str:
    """Return the world that a topic of one begins with."""
    return topic.partition("/")[0]


def is_clock(topic: str) -> bool:
    """Return whether a topic is that of a world's clock."""
    return topic.endswith("/clock") and topic.count("/") == 1


def events(world: str) -> str:
    """Return the topic of a world's public events."""
    return _fill(Pattern.EVENTS, world=world)


def commands(world: str) -> str:
    """Return the filter of all commands to a world's devices."""
    _check(world)
    return f"{world}/commands/#"


def response(world: str, kind: str, sensor: str) -> str:
    """Return the topic of the answers of a device."""
    return _fill(Pattern.RESPONSE, world=world, kind=kind, sensor=sensor)


def truth(world: str) -> str:
    """Return the topic of what really happened in a world."""
    return _fill(Pattern.TRUTH, world=world)


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
    raise TopicError(f"topic {topic[:200]!r} takes no commands: expected {Pattern.COMMAND}")


def device(pilot: str, device: str) -> str:
    """Return the topic of a pilot's own device."""
    return _fill(Pattern.DEVICE, pilot=pilot, device=device)


def answers(pilot: str, trial: str) -> str:
    """Return the topic of the answers of a pilot's service in a trial."""
    return _fill(Pattern.ANSWER, pilot=pilot, trial=trial)


def is_answer(topic: str) -> bool:
    """Return whether a topic takes answers in trials."""
    return is_of_pilot(topic) and topic.count("/") == 3 and topic.split("/")[2] == "answers"


def parse_answer(topic: str) -> tuple[str, str]:
    """Return the pilot and the trial of a topic of answers.

    Raises
    ------
    TopicError
        If it is none.
    """
    match topic.split("/"):
        case ["pilots", pilot, "answers", trial]:
            _check(pilot, trial)
            return pilot, trial
    raise TopicError(f"topic {topic[:200]!r} takes no answers: expected {Pattern.ANSWER}")


def pilot_of(topic: str) -> str:
    """Return the pilot whose a topic is that `is_of_pilot`."""
    return topic.split("/", 2)[1]


def of_pilot(pilot: str) -> str:
    """Return what every topic of a pilot begins with."""
    return f"pilots/{pilot}/"


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
    raise TopicError(f"topic {topic[:200]!r} carries no readings: expected {Pattern.TELEMETRY} or {Pattern.PACK}")


def is_of_pilot(topic: str) -> bool:
    """Return whether a topic is one of a pilot's own."""
    return topic.startswith("pilots/")


def parse_device(topic: str) -> DeviceTopic:
    """Read a topic of a pilot's own device.

    Raises
    ------
    TopicError
        If it is none.
    """
    match topic.split("/"):
        case ["pilots", pilot, "telemetry", device]:
            _check(pilot, device)
            return DeviceTopic(pilot, device)
    raise TopicError(f"topic {topic[:200]!r} is of no device: expected {Pattern.DEVICE}")


def _fill(pattern: Pattern, **words: str) -> str:
    _check(*words.values())
    return pattern.format(**words)


def _check(*words: str) -> None:
    for word in words:
        if not _WORD.fullmatch(word):
            raise TopicError(f"topic level {word[:80]!r} is not a word of letters, digits, '-' and '_'")
