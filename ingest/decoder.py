"""Decoder from MQTT messages to one batch of readings, and the dead letters beside it."""

from collections.abc import Callable, Iterator, Sequence
from math import inf

import numpy as np

from ingest.clocks import Clocks
from ingest.devices import DeviceDecoder
from zenata.city.kinds import KINDS
from zenata.city.model import City
from zenata.city.quantities import QUANTITIES
from zenata.city.readings import Catalog, ReadingBatch, Series
from zenata.errors import Rejected, SenmlError, TopicError
from zenata.store.dead_letters import DeadLetter
from zenata.wire import senml, topics
from zenata.wire.mqtt import Message

_MAX_TOPICS = 200_000
"""Topics remembered at once; far more than a city has sensors."""


class _Topic:
    """A parsed topic, and the numbers of the series seen on it by SenML name and unit."""

    __slots__ = ("numbers", "topic")

    def __init__(self, topic: topics.TelemetryTopic | topics.PackTopic) -> None:
        self.topic = topic
        self.numbers: dict[tuple[str, str], int] = {}


class Decoder:
    """Turns messages into readings, and holds them against what the city has. One bad message never harms another.

    The series it meets are numbered in its own `catalog`, which only grows.

    Parameters
    ----------
    city : City
        Its sensors may publish.
    clocks : Clocks
        Those of the worlds.
    devices : callable, optional
        Makes what reads pilots' own devices, given the catalog; without it their messages are rejected.
    """

    def __init__(self, city: City, clocks: Clocks, devices: Callable[[Catalog], DeviceDecoder] | None = None) -> None:
        self.catalog = Catalog()
        self.clocks = clocks
        self.devices = devices(self.catalog) if devices else None
        self._sensors = {sensor.id: sensor for sensor in city.sensors}
        self._topics: dict[str, _Topic] = {}
        self._low: list[float] = []  # by number of the series
        self._high: list[float] = []
        self._received = 0  # of the last letter

    def decode(self, messages: Sequence[Message], now: int) -> tuple[ReadingBatch, list[DeadLetter]]:
        """Decode messages. Each becomes readings or a dead letter as a whole; of a pack, each sensor's part does.

        Parameters
        ----------
        messages : sequence of Message
        now : int
            When they came; relative times count from it [us since the Unix epoch].
        """
        series: list[int] = []
        times: list[int] = []
        values: list[float] = []
        seqs: list[int] = []
        letters: list[DeadLetter] = []
        for message in messages:
            if not message.payload:
                continue  # it takes what was retained away (MQTT 3.1.1 section 3.3.1.3), and says nothing
            for found, readings in self._parts(message, now, letters):
                series += found
                times += readings.times
                values += readings.values
                seqs += readings.seqs
        batch = ReadingBatch(
            catalog=self.catalog,
            series=np.array(series, dtype=np.int32),
            time=np.array(times, dtype=np.int64),
            value=np.array(values, dtype=np.float64),
            seq=np.array(seqs, dtype=np.int64),
        )
        return batch, letters

    def _parts(
        self, message: Message, now: int, letters: list[DeadLetter]
    ) -> Iterator[tuple[list[int], senml.Readings]]:
        """Yield the readings of a message with the numbers of their series, and put the rest to the dead letters."""
        sensor, readings = "", None
        try:
            if topics.is_of_pilot(message.topic):
                if self.devices is None:
                    raise Rejected("device", "nobody knows of any devices here")
                topic = _device_of(message.topic, self.devices, now)
                sensor = topic.device
                yield self.devices.decode(topic.pilot, topic.device, message.payload, now)
                return
            known = self._topics.get(message.topic) or self._topic(message.topic)
            if isinstance(known.topic, topics.TelemetryTopic):
                sensor = known.topic.sensor
            readings = _decode(message.payload, now)
            yield self._checked(known, readings), readings
        except Rejected as rejected:
            if sensor or readings is None:
                letters.append(self._letter(message, rejected, now, sensor, readings.seqs[0] if readings else 0))
                return
            for sensor, part in _by_sensor(readings):
                try:
                    yield self._checked(known, part), part
                except Rejected as rejected_part:
                    letters.append(self._letter(message, rejected_part, now, sensor, part.seqs[0]))

    def _topic(self, topic: str) -> _Topic:
        try:
            known = _Topic(topics.parse(topic))
        except TopicError as error:
            raise Rejected("topic", str(error)) from error
        if len(self._topics) >= _MAX_TOPICS:
            self._topics.clear()
        self._topics[topic] = known
        return known

    def _checked(self, known: _Topic, readings: senml.Readings) -> list[int]:
        """Return the numbers of the series of readings that hold against the city."""
        numbers, low, high = known.numbers, self._low, self._high
        named = zip(readings.names, readings.units, strict=True)
        # A KeyError means a name not seen on this topic before: number all names, and look again.
        try:
            found = [numbers[name] for name in named]
        except KeyError:
            found = [self._number(known, *name) for name in zip(readings.names, readings.units, strict=True)]
        for number, value in zip(found, readings.values, strict=True):
            if not low[number] <= value <= high[number]:
                series = self.catalog[number]
                raise Rejected(
                    "range",
                    f"{series.property} of {series.sensor} is {value:g} {series.unit}, outside "
                    f"{low[number]:g} to {high[number]:g}",
                )
        if refusal := self.clocks.refusal(known.topic.world, min(readings.times), max(readings.times)):
            raise Rejected("time", refusal)
        return found

    def _number(self, known: _Topic, name: str, unit: str) -> int:
        """Give the series of a reading its number, and remember it for its topic."""
        id_, _, property_ = name.rpartition("/")
        topic = known.topic
        if not id_ or not property_:
            raise Rejected("topic", f"name {name!r} is not {{sensor}}/{{property}}")
        if isinstance(topic, topics.TelemetryTopic) and id_ != topic.sensor:
            raise Rejected("topic", f"the payload speaks of {id_!r}, the topic of {topic.sensor!r}")
        sensor = self._sensors.get(id_)
        if sensor is None:
            raise Rejected("sensor", f"the city has no sensor {id_!r}")
        if topic.district != sensor.district or getattr(topic, "kind", sensor.kind) != sensor.kind:
            raise Rejected(
                "topic", f"{id_} is of the kind {sensor.kind} in {sensor.district}; the topic says otherwise"
            )
        if property_ not in KINDS[sensor.kind].properties:
            observed = ", ".join(KINDS[sensor.kind].properties)
            raise Rejected("schema", f"{id_} observes {observed}, and no {property_!r}")
        quantity = QUANTITIES[property_]
        if unit not in {"", quantity.unit}:
            raise Rejected("unit", f"{property_} is in {quantity.unit}, not in {unit!r}")
        number = self.catalog.intern(
            Series(
                world=topic.world,
                sensor=id_,
                property=property_,
                kind=sensor.kind,
                district=sensor.district,
                unit=quantity.unit,
            )
        )
        missing = number + 1 - len(self._low)  # those of devices between have no range
        self._low += [-inf] * missing
        self._high += [inf] * missing
        self._low[number], self._high[number] = quantity.low, quantity.high
        known.numbers[name, unit] = number
        return number

    def _letter(self, message: Message, rejected: Rejected, now: int, sensor: str, seq: int) -> DeadLetter:
        self._received = max(now, self._received + 1)  # each has a time of its own, as its name
        return DeadLetter(
            received=self._received,
            topic=message.topic,
            payload=message.payload,
            code=rejected.code,
            reason=str(rejected),
            sensor=sensor,
            seq=seq,
        )


def _device_of(topic: str, devices: DeviceDecoder, now: int) -> topics.DeviceTopic:
    """Return the device that a topic names; a message on another counts against the pilot's quota all the same."""
    try:
        return topics.parse_device(topic)
    except TopicError as error:
        devices.count_message(topics.pilot_of(topic), now)
        raise Rejected("topic", str(error)) from error


def _decode(payload: bytes, now: int) -> senml.Readings:
    try:
        return senml.decode(payload, now)
    except SenmlError as error:
        raise Rejected("schema", str(error)) from error


def _by_sensor(readings: senml.Readings) -> Iterator[tuple[str, senml.Readings]]:
    """Yield each sensor of a pack with its readings."""
    indices: dict[str, list[int]] = {}
    for index, name in enumerate(readings.names):
        indices.setdefault(name.rpartition("/")[0], []).append(index)
    for sensor, own in indices.items():
        yield sensor, readings.take(own)
