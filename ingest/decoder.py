"""From messages to columns: what came over MQTT, as one batch of readings and the dead letters beside it."""

from collections.abc import Sequence

import numpy as np

from zenata.city.readings import Catalog, ReadingBatch, Series
from zenata.errors import SenmlError, TopicError
from zenata.store.base import DeadLetter
from zenata.wire import senml, topics
from zenata.wire.mqtt import Message

_MOST_PLACES = 200_000
"""Topics remembered at once; far more than a city has sensors."""


class _Place:
    """What a topic says, and the numbers of the series seen there by SenML name."""

    __slots__ = ("numbers", "topic")

    def __init__(self, topic: topics.TelemetryTopic | topics.PackTopic) -> None:
        self.topic = topic
        self.numbers: dict[str, int] = {}


class Decoder:
    """Turns messages into readings. One bad message never harms another.

    The series it meets are numbered in its own `catalog`, which only grows.
    """

    def __init__(self) -> None:
        self.catalog = Catalog()
        self._places: dict[str, _Place] = {}

    def decode(self, messages: Sequence[Message], now: int) -> tuple[ReadingBatch, list[DeadLetter]]:
        """Decode messages, each wholly or not at all.

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
        places = self._places
        for message in messages:
            if not message.payload:
                continue  # it takes what was retained away (MQTT 3.1.1 section 3.3.1.3), and says nothing
            try:
                place = places.get(message.topic) or self._place(message.topic)
                readings = senml.decode(message.payload, now)
                numbers = place.numbers
                # A KeyError means a name not seen at this place before: number all names, and look again.
                try:
                    found = [numbers[name] for name in readings.names]
                except KeyError:
                    found = [self._number(place, *named) for named in zip(readings.names, readings.units, strict=True)]
            except (TopicError, SenmlError) as error:
                letters.append(
                    DeadLetter(received=now, topic=message.topic, payload=message.payload, reason=str(error))
                )
                continue
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

    def _place(self, topic: str) -> _Place:
        place = _Place(topics.parse(topic))
        if len(self._places) >= _MOST_PLACES:
            self._places.clear()
        self._places[topic] = place
        return place

    def _number(self, place: _Place, name: str, unit: str) -> int:
        """Give the series of a reading its number, and remember it at its place."""
        sensor, _, property_ = name.rpartition("/")
        topic = place.topic
        if not sensor or not property_:
            raise SenmlError(f"name {name!r} is not {{sensor}}/{{property}}")
        if isinstance(topic, topics.TelemetryTopic):
            if sensor != topic.sensor:
                raise SenmlError(f"the payload speaks of {sensor!r}, the topic of {topic.sensor!r}")
            kind = topic.kind
        else:
            kind = sensor.rpartition("-")[0]
        number = self.catalog.intern(
            Series(
                world=topic.world,
                sensor=sensor,
                property=property_,
                kind=kind,
                district=topic.district,
                unit=unit,
            )
        )
        place.numbers[name] = number
        return number
