"""Decoder from MQTT messages to one batch of readings, and the dead letters beside it."""

from collections.abc import Callable, Sequence
from math import inf

import numpy as np

from ingest.arrivals import STEP, ArrivalClock
from ingest.clocks import Clocks
from ingest.devices import DeviceDecoder, DeviceReadings
from ingest.repetitions import Pending, drop_repetitions, new_dead_letters
from zenata.city.kinds import KINDS
from zenata.city.model import City
from zenata.city.quantities import QUANTITIES
from zenata.city.readings import Catalog, ReadingBatch, Series
from zenata.errors import Rejected, SenmlError, TopicError
from zenata.store.base import Store
from zenata.store.dead_letters import DeadLetter
from zenata.wire import senml, topics
from zenata.wire.mqtt import Message

_MAX_TOPICS = 200_000
"""Topics remembered at once; far more than a city has sensors."""


class _Topic:
    """A parsed topic, and the numbers of the series seen on it by SenML name and unit, and by base name, name and unit."""

    __slots__ = ("based", "numbers", "topic", "world")

    def __init__(self, topic: topics.TelemetryTopic | topics.PackTopic) -> None:
        self.topic, self.world = topic, topic.world
        self.numbers: dict[tuple[str, str], int] = {}
        self.based: dict[tuple[str, str, str], int] = {}


class Decoded:
    """What messages were decoded to so far: readings as columns, and dead letters.

    `messages` counts those that were decoded, not those that are stored already; `repeated` counts readings that are.
    `dated` are messages of devices that say times of their own, with when they came.
    """

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.series: list[int] = []
        self.times: list[int] = []
        self.values: list[float] = []
        self.seqs: list[int] = []
        self.dead_letters: list[DeadLetter] = []
        self.pending: Pending = {}
        self.dated: list[tuple[Message, DeviceReadings, int]] = []
        self.messages = self.repeated = 0

    def extend(self, series: list[int], message: Message, readings: DeviceReadings, arrival: int) -> None:
        """Add the readings of a message of a device, with the numbers of their series."""
        self.series += series
        self.times += readings.times
        self.values += readings.values
        self.seqs += [0] * len(series)
        if any(uplink.time is not None for uplink in readings.uplinks):
            self.dated.append((message, readings, arrival))

    def truncate(self, count: int) -> None:
        """Keep the first `count` readings."""
        for column in (self.series, self.times, self.values, self.seqs):
            del column[count:]

    def batch(self) -> ReadingBatch:
        """Return the readings."""
        return ReadingBatch(
            catalog=self.catalog,
            series=np.array(self.series, dtype=np.int32),
            time=np.array(self.times, dtype=np.int64),
            value=np.array(self.values, dtype=np.float64),
            seq=np.array(self.seqs, dtype=np.int64),
        )


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
    arrivals : ArrivalClock, optional
        Dates messages of devices for `decode`; without it they all came at once.
    store : Store, optional
        What it has of devices already is no news; without it everything is.
    """

    def __init__(
        self,
        city: City,
        clocks: Clocks,
        devices: Callable[[Catalog], DeviceDecoder] | None = None,
        arrivals: ArrivalClock | None = None,
        store: Store | None = None,
    ) -> None:
        self._store = store
        self.catalog = Catalog()
        self.clocks = clocks
        self.devices = devices(self.catalog) if devices else None
        self._arrivals = arrivals
        self._sensors = {sensor.id: sensor for sensor in city.sensors}
        self._topics: dict[str, _Topic] = {}
        self._low: list[float] = []  # by number of the series
        self._high: list[float] = []
        self._received = 0  # of the last dead letter of a world
        self._base, self._base_micros = 0.0, 0  # the last absolute base time [s], and the same in us

    def decode(self, messages: Sequence[Message], now: int) -> tuple[ReadingBatch, list[DeadLetter]]:
        """Decode messages that came at one time.

        Parameters
        ----------
        messages : sequence of Message
        now : int
            When they came; relative times count from it [us since the Unix epoch].
        """
        decoded = Decoded(self.catalog)
        for message in messages:
            if topics.is_of_pilot(message.topic):
                self.add_device(decoded, message, self._arrivals.next() if self._arrivals else now)
            else:
                self.add(decoded, message, now)
        return decoded.batch(), decoded.dead_letters

    def add(self, decoded: Decoded, message: Message, now: int) -> None:
        """Decode a message of a world: readings or a dead letter as a whole; of a pack, each sensor's part is.

        An empty one takes what was retained away (MQTT 3.1.1 section 3.3.1.3), and says nothing.
        """
        if not message.payload:
            return
        decoded.messages += 1
        sensor, readings = "", None
        try:
            known = self._topics.get(message.topic) or self._topic(message.topic)
            count = len(decoded.series)
            if self._add_plain(decoded, known, message.payload, now):
                return
            decoded.truncate(count)
            if isinstance(known.topic, topics.TelemetryTopic):
                sensor = known.topic.sensor
            readings = _decode(message.payload, now)
            _extend(decoded, self._checked(known, readings), readings)
        except Rejected as rejected:
            if sensor or readings is None:
                decoded.dead_letters.append(
                    self._dead_letter(message, rejected, now, sensor, readings.seqs[0] if readings else 0)
                )
                return
            for sensor, part in readings.by_sensor():
                try:
                    _extend(decoded, self._checked(known, part), part)
                except Rejected as rejected_part:
                    decoded.dead_letters.append(self._dead_letter(message, rejected_part, now, sensor, part.seqs[0]))

    def _add_plain(self, decoded: Decoded, known: _Topic, payload: bytes, now: int) -> bool:
        """Add the readings of plain records whose series are known, as nearly all are; False if not all can be stored.

        Then some may have been added. It saves half the time of reading the message in general.
        """
        series, times, values, seqs = decoded.series, decoded.times, decoded.values, decoded.seqs
        based, low, high = known.based, self._low, self._high
        name, seq, base, moment = "", 0, 0.0, now
        count = len(series)
        try:
            for record in senml.plain_records(payload):
                if record.bn:
                    name, seq = record.bn, 0
                if record.bt and record.bt != base:
                    base = record.bt
                    moment = self._micros(base, now)
                if record.seq:
                    seq = record.seq if type(record.seq) is int else senml.whole_number(record.seq)
                value, key = record.v, (name, record.n, record.u)
                if (number := based.get(key)) is None:
                    if (number := known.numbers.get((name + record.n, record.u))) is None:
                        return False
                    based[key] = number
                if value is None or not low[number] <= value <= high[number]:
                    return False
                series.append(number)
                times.append(moment)
                values.append(value)
                seqs.append(seq)
        except SenmlError:
            return False
        if len(times) == count + 1:  # as nearly all messages have one reading
            return self.clocks.refusal(known.world, times[count], times[count]) is None
        own = times[count:]
        return bool(own) and self.clocks.refusal(known.world, min(own), max(own)) is None

    def _micros(self, moment: float, now: int) -> int:
        """Return `senml.micros`, of an absolute time that came just before at once: a tick's messages have one."""
        if moment != self._base:
            micros = senml.micros(moment, now)
            if moment < senml.RELATIVE:
                return micros
            self._base, self._base_micros = moment, micros
        return self._base_micros

    def add_device(
        self, decoded: Decoded, message: Message, arrival: int, *, again: bool = False, counted: bool = True
    ) -> None:
        """Decode a message of a device: readings, a dead letter, or both where a part of it cannot be stored.

        Answers in trials are none, and are taken elsewhere (`api.trials.mqtt`).

        Parameters
        ----------
        decoded : Decoded
        message : Message
        arrival : int
            When it came; what has no time of its own is dated from it on [us since the Unix epoch].
        again : bool
            Whether the broker delivers it again: it was counted before, and is left alone if it is stored.
        counted : bool
            Whether it counts against the quotas.

        Raises
        ------
        StoreError
            If it cannot be compared with what is stored.
        """
        if not message.payload or topics.is_answer(message.topic):
            return
        counted = counted and not again
        device, readings, rejected = "", None, None
        try:
            topic, readings = self._device_readings(message, arrival, counted=counted)
            if self._store is not None:
                (readings,) = drop_repetitions([readings], self._store, decoded.pending, again=again)
                decoded.repeated += readings.repeated
            device, rejected = topic.device, readings.rejected
        except Rejected as error:
            rejected = error
            device = message.topic.rpartition("/")[2] if message.topic.count("/") == 3 else ""
        dead_letter = _dead_letter_of(message, rejected, arrival, device) if rejected else None
        if (
            again
            and not (readings and readings.keys)
            and (dead_letter or (readings and readings.repeated))
            and (dead_letter is None or (self._store is not None and not new_dead_letters([dead_letter], self._store)))
        ):
            return
        decoded.messages += readings is None or readings.is_news
        if readings is not None and self.devices is not None and (readings.keys or not readings.conflicts):
            try:
                numbers = self.devices.settle(readings.device.pilot, [readings], arrival, counted=counted)
            except Rejected as error:
                dead_letter = _dead_letter_of(message, error, arrival, device)
            else:
                decoded.extend(numbers, message, readings, arrival)
                if readings.last and self._arrivals:
                    self._arrivals.reserve(readings.last)
        if dead_letter is not None:
            decoded.dead_letters.append(dead_letter)

    def contradicted(self, decoded: Decoded) -> list[DeadLetter]:
        """Return a dead letter for each message that another value was faster than, after it was to be stored.

        Raises
        ------
        StoreError
            If it cannot be compared with what is stored.
        """
        if self._store is None:
            return []
        compared = drop_repetitions([readings for _, readings, _ in decoded.dated], self._store, {}, again=True)
        return [
            _dead_letter_of(message, one.rejected, arrival, one.device.id)
            for (message, _, arrival), one in zip(decoded.dated, compared, strict=True)
            if one.conflicts and one.rejected
        ]

    def _device_readings(
        self, message: Message, arrival: int, *, counted: bool
    ) -> tuple[topics.DeviceTopic, DeviceReadings]:
        if self.devices is None:
            raise Rejected("device", "no devices are known here")
        if counted and self.devices.quotas is not None:
            self.devices.quotas.message(topics.pilot_of(message.topic), arrival, len(message.payload))
        try:
            topic = topics.parse_device(message.topic)
        except TopicError as error:
            raise Rejected("topic", str(error)) from error
        return topic, self.devices.decode(topic.pilot, topic.device, message.payload, arrival)

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
        series = Series(topic.world, id_, property_, sensor.kind, sensor.district, quantity.unit)
        number = self.catalog.intern(series)
        missing = number + 1 - len(self._low)  # those of devices between have no range
        self._low += [-inf] * missing
        self._high += [inf] * missing
        self._low[number], self._high[number] = quantity.low, quantity.high
        known.numbers[name, unit] = number
        return number

    def _dead_letter(self, message: Message, rejected: Rejected, now: int, sensor: str, seq: int) -> DeadLetter:
        # Each has a time of its own, as its name; those of devices never end in 0.
        self._received = max(now - now % STEP, self._received + STEP)
        return DeadLetter(
            received=self._received,
            topic=message.topic,
            payload=message.payload,
            code=rejected.code,
            reason=str(rejected),
            sensor=sensor,
            seq=seq,
        )


def _dead_letter_of(message: Message, rejected: Rejected, arrival: int, device: str) -> DeadLetter:
    return DeadLetter(
        received=arrival,
        topic=message.topic,
        payload=message.payload,
        code=rejected.code,
        reason=str(rejected),
        sensor=device,
    )


def _extend(decoded: Decoded, series: list[int], readings: senml.Readings) -> None:
    decoded.series += series
    decoded.times += readings.times
    decoded.values += readings.values
    decoded.seqs += readings.seqs


def _decode(payload: bytes, now: int) -> senml.Readings:
    try:
        return senml.decode(payload, now)
    except SenmlError as error:
        raise Rejected("schema", str(error)) from error
