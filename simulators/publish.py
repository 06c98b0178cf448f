"""What a world's sensors say, as MQTT messages."""

import json
from collections.abc import Iterator
from typing import NamedTuple

from simulators.world import Emission
from zenata.city.clock import format_time
from zenata.city.kinds import KINDS
from zenata.city.model import City
from zenata.city.quantities import QUANTITIES
from zenata.wire import senml, topics


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
        self._clock_topic = topics.clock(world)
        self._sensors = [
            _Sensor(
                id=sensor.id,
                topic=topics.telemetry(world, sensor.district, sensor.kind, sensor.id),
                pack=topics.pack(world, sensor.district),
                properties=properties[sensor.kind],
            )
            for sensor in city.sensors
        ]

    def telemetry(self, emission: Emission) -> Iterator[tuple[str, bytes]]:
        """Yield (topic, payload) for each sensor that publishes in this tick."""
        for sensor, records in self._messages(emission):
            yield sensor.topic, senml.encode(records)

    def packs(self, emission: Emission) -> Iterator[tuple[str, bytes]]:
        """Yield (topic, payload) for each district with all that its sensors publish in this tick."""
        packs: dict[str, list[senml.Record]] = {}
        for sensor, records in self._messages(emission):
            packs.setdefault(sensor.pack, []).extend(records)
        for topic, records in packs.items():
            yield topic, senml.encode(records)

    def clock(self, time: int, speed: float) -> tuple[str, bytes]:
        """Return (topic, payload) that tells the world's time [us since the Unix epoch]."""
        return self._clock_topic, json.dumps({"time": format_time(time), "speed": speed, "state": "running"}).encode()

    def _messages(self, emission: Emission) -> Iterator[tuple[_Sensor, list[senml.Record]]]:
        values = emission.values.tolist()
        offsets = emission.offsets.tolist()
        columns = (emission.sensors.tolist(), emission.times.tolist(), emission.seq.tolist())
        for position, time, seq, first, end in zip(*columns, offsets, offsets[1:], strict=False):
            sensor = self._sensors[position]
            yield sensor, senml.message(sensor.id, time, seq, sensor.properties, values[first:end])
