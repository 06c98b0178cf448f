"""What a world's sensors say, as MQTT messages."""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from simulators.events.base import Event
from simulators.host.documents import label_document
from simulators.labels.labels import Label
from simulators.record.journal import Order
from simulators.record.record import Pace
from simulators.world.emission import Emission
from zenata.city.clock import format_time
from zenata.city.kinds import KINDS
from zenata.city.model import City
from zenata.city.quantities import QUANTITIES
from zenata.wire import commands, senml, topics
from zenata.wire.bulletins import Announcement, Clock


class Message(NamedTuple):
    """What is published."""

    topic: str
    payload: bytes
    retain: bool = False


class _Sensor(NamedTuple):
    id: str
    topic: str
    pack: str
    properties: list[tuple[str, str]]  # (name, unit)


class Encoder:
    """Writes a world's messages; topics and names are made once.

    Parameters
    ----------
    city : City
    world : str
        The world's name, the first level of its topics.
    """

    def __init__(self, city: City, world: str) -> None:
        properties = {
            name: [(property_, QUANTITIES[property_].unit) for property_ in kind.properties]
            for name, kind in KINDS.items()
        }
        self._world = world
        self._clock_topic, self._events_topic = topics.clock(world), topics.events(world)
        self._truth_topic = topics.truth(world)
        self._sensors = [
            _Sensor(
                id=sensor.id,
                topic=topics.telemetry(world, sensor.district, sensor.kind, sensor.id),
                pack=topics.pack(world, sensor.district),
                properties=properties[sensor.kind],
            )
            for sensor in city.sensors
        ]

    def telemetry(self, emission: Emission) -> Iterator[Message]:
        """Yield a message for each that a sensor publishes in this tick. One that comes late is not the newest to retain."""
        late = (emission.times < emission.time).tolist()
        for (sensor, records), is_late in zip(self._messages(emission), late, strict=True):
            yield Message(sensor.topic, senml.encode(records), retain=not is_late)

    def packs(self, emission: Emission) -> Iterator[Message]:
        """Yield a message for each district with all that its sensors publish in this tick."""
        packs: dict[str, list[senml.Record]] = {}
        for sensor, records in self._messages(emission):
            packs.setdefault(sensor.pack, []).extend(records)
        for topic, records in packs.items():
            yield Message(topic, senml.encode(records))

    def clock(self, time: int, pace: Pace, messages: int, step: int | None = None) -> Message:
        """Return what tells the world's time [us since the Unix epoch] and pace, and how many messages there were.

        Of a trial's world also how many steps are made.
        """
        clock = Clock(
            time=format_time(time),
            speed=pace.speed or "max",
            state=pace.state,
            messages=messages,
            step=msgspec.UNSET if step is None else step,
        )
        return Message(self._clock_topic, msgspec.json.encode(clock), retain=True)

    def response(self, order: Order, response: commands.Response) -> Message:
        """Return the message that says what became of a command."""
        return Message(topics.response(self._world, order.kind, order.sensor), commands.encode(response))

    def silence(self) -> Iterator[Message]:
        """Yield what takes all that was retained away from the broker."""
        for sensor in self._sensors:
            yield Message(sensor.topic, b"", retain=True)
        yield Message(self._clock_topic, b"", retain=True)
        yield Message(self._truth_topic, b"", retain=True)

    def truth(self, label: Label, *, with_affected: bool = True) -> Message:
        """Return what tells the truth about an event, with the sensors affected or without."""
        document = label_document(label if with_affected else replace(label, affected=None))
        return Message(self._truth_topic, msgspec.json.encode(document), retain=True)

    def announcement(self, event: Event, targets: tuple[str, ...]) -> Message:
        """Return what a city tells of an event."""
        document = Announcement(
            id=event.id,
            type=event.type,
            start=format_time(event.start),
            end=format_time(event.end),
            targets=targets,
        )
        return Message(self._events_topic, msgspec.json.encode(document))

    def _messages(self, emission: Emission) -> Iterator[tuple[_Sensor, list[senml.Record]]]:
        values = emission.values.tolist()
        offsets = emission.offsets.tolist()
        columns = (emission.sensors.tolist(), emission.times.tolist(), emission.seq.tolist())
        for position, time, seq, first, end in zip(*columns, offsets, offsets[1:], strict=False):
            sensor = self._sensors[position]
            yield sensor, senml.message(sensor.id, time, seq, sensor.properties, values[first:end])
