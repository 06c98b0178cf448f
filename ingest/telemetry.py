"""Telemetry of pilots' own devices over HTTP, stored before it is answered, by the same rules as over MQTT."""

import threading
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from ingest.arrivals import OVER_HTTP, ArrivalClock
from ingest.devices import DeviceDecoder, DeviceReadings, Register, Request
from ingest.quotas import Quotas
from ingest.repetitions import drop_repetitions, new_dead_letters, without_contradictions
from zenata.city.clock import Clock
from zenata.city.readings import Catalog, ReadingBatch
from zenata.errors import Rejected, StoreError, TopicError, UplinkError
from zenata.store.base import Store
from zenata.store.dead_letters import DeadLetter
from zenata.wire import topics
from zenata.wire.uplinks import influx, registry
from zenata.wire.uplinks.results import Rejection, TelemetryResult

RejectedMessage = tuple[str, bytes, str, str]
"""A message that has no effect: its topic, payload, code (`zenata.store.dead_letters.REASONS`) and reason."""

NOBODY = "unknown"
"""The device in the topic of a dead letter whose own is none."""

_MAX_SHOWN = 120  # characters of a line that an answer repeats


class Telemetry:
    """Takes messages of devices. May be used from any thread; one request at a time is stored.

    Parameters
    ----------
    register : Register
    store : Store
    quotas : Quotas
        Those that messages over MQTT are counted against too.
    clock : Clock
    on_stored : callable
        Called with each batch once it is durable.
    """

    def __init__(
        self,
        *,
        register: Register,
        store: Store,
        quotas: Quotas,
        clock: Clock,
        on_stored: Callable[[ReadingBatch], None] = lambda _: None,
    ) -> None:
        self._catalog = Catalog()
        self._quotas = quotas
        self._decoder = DeviceDecoder(register, self._catalog, store.catalog, quotas)
        self._store = store
        self._clock = clock
        self._on_stored = on_stored
        self._arrivals = ArrivalClock(clock, OVER_HTTP)
        self._lock = threading.Lock()

    def points(self, pilot: str) -> int:
        """Return how many readings of a pilot's devices this process has counted in this day of UTC."""
        return self._quotas.used(pilot, self._clock.now())

    def reject(self, messages: Sequence[RejectedMessage]) -> None:
        """Keep messages that came over MQTT and had no effect as dead letters, unless they are such already.

        A broker delivers a message again whose acknowledgement it has forgotten, as after a kill or in a restored backup.

        Raises
        ------
        StoreError
            If they cannot be stored.
        """
        once = {(topic, payload): (code, reason) for topic, payload, code, reason in messages}
        dead_letters = [
            DeadLetter(received=self._arrivals.next(), topic=topic, payload=payload, code=code, reason=reason)
            for (topic, payload), (code, reason) in once.items()
        ]
        if new := new_dead_letters(dead_letters, self._store):  # unlocked: telemetry does not wait
            with self._lock:
                self._store.append(self._batch([], []), new)

    def document(self, pilot: str, name: str | None, payload: bytes) -> TelemetryResult:
        """Take one message. What cannot be readings is a dead letter too, as its sender may not look; a part is left out.

        Parameters
        ----------
        pilot : str
        name : str or None
            Of the device; None where the payload says it.
        payload : bytes

        Raises
        ------
        StoreError
            If it cannot be stored.
        """
        with self._lock:
            now = self._arrivals.next()
            try:
                self._quotas.message(pilot, now, len(payload))
                messages = (
                    [self._decoder.decode(pilot, name, payload, now)] if name else self._by_device(pilot, payload, now)
                )
                messages = drop_repetitions(messages, self._store, {})
                refusals = [one.rejected for one in messages if one.rejected]
                if refusals and not any(one.keys or one.repeated for one in messages):
                    raise refusals[0]
                numbers = self._decoder.settle(pilot, messages, now)
            except Rejected as rejected:
                if not rejected.quota:
                    self._store.append(self._batch([], []), [_dead_letter(pilot, name, payload, rejected, now)])
                return TelemetryResult(rejections=(_rejection(rejected),))
            result = self._append(messages, numbers)
            if result.rejections:  # another value was faster than all of it
                conflict = Rejected(result.rejections[0].code, result.rejections[0].reason)
                self._store.append(self._batch([], []), [_dead_letter(pilot, name, payload, conflict, now)])
            return result

    def lines(self, pilot: str, name: str | None, payload: bytes, precision: str) -> TelemetryResult:
        """Take line protocol, each line on its own; what is too much for a quota, not at all.

        Parameters
        ----------
        pilot : str
        name : str or None
            Of the device; None where a tag of each line says it.
        payload : bytes
        precision : str
            See `zenata.wire.uplinks.influx.read_lines`.

        Raises
        ------
        StoreError
            If they cannot be stored.
        """
        try:
            with self._lock:  # before they are read: that takes time
                self._quotas.message(pilot, self._clock.now(), len(payload))
            lines, bad = influx.read_lines(payload, precision, partial(self._decoder.knows, pilot))
        except Rejected as rejected:
            return TelemetryResult(rejections=(_rejection(rejected),))
        except UplinkError as error:
            return TelemetryResult(rejections=(Rejection(code="schema", reason=str(error)),))
        rejections = [Rejection(code="schema", reason=str(line), line=line.number) for line in bad]
        with self._lock:
            messages, taken, requests = list[DeviceReadings](), list[influx.Line](), dict[str, Request]()
            try:
                for line in lines:
                    try:
                        messages.append(self._line(pilot, name or line.uplink.device, line, requests))
                        taken.append(line)
                    except Rejected as rejected:
                        rejections.append(_line_rejection(line, rejected))
                messages = drop_repetitions(messages, self._store, {})
                rejections += [
                    _line_rejection(line, message.rejected)
                    for line, message in zip(taken, messages, strict=True)
                    if message.rejected
                ]
                numbers = self._decoder.settle(pilot, messages, self._clock.now())
            except Rejected as rejected:
                return TelemetryResult(rejections=(_rejection(rejected),))
            return self._append(messages, numbers, rejections, taken)

    def _line(self, pilot: str, name: str | None, line: influx.Line, requests: dict[str, Request]) -> DeviceReadings:
        if name is None:
            raise Rejected("device", "no tag device or host says which device this is")
        device = self._decoder.find(pilot, name)
        if device.id not in requests:
            requests[device.id] = self._decoder.begin(device)
        return self._decoder.check(device, [line.uplink], self._arrivals.next(), requests[device.id])

    def _by_device(self, pilot: str, payload: bytes, now: int) -> list[DeviceReadings]:
        """Return the readings of the devices that a payload names itself; of SenML or a list there may be several."""
        try:
            name = registry.device_of(payload)
        except UplinkError as error:
            raise Rejected("schema", str(error)) from error
        if name is not None:
            return [self._decoder.decode(pilot, name, payload, now)]
        uplinks = self._decoder.read(pilot, payload, registry.AUTO, now)
        names = list(dict.fromkeys(uplink.device for uplink in uplinks))
        if None in names:
            raise Rejected("device", "nothing says which device this is: say it as ?device=")
        return [
            self._decoder.check(
                self._decoder.find(pilot, name), [uplink for uplink in uplinks if uplink.device == name], now
            )
            for name in names
            if name is not None
        ]

    def _append(
        self,
        messages: Sequence[DeviceReadings],
        numbers: Sequence[int],
        rejections: Sequence[Rejection] = (),
        lines: Sequence[influx.Line] = (),
    ) -> TelemetryResult:
        """Store readings, each message of a line or all of one document, and pass them on."""
        batch = self._batch(messages, numbers)
        try:
            new = self._store.append(batch) if len(batch) else 0
        except StoreError:
            self._decoder.forget_unstored()
            raise
        self._arrivals.reserve(max((one.last for one in messages), default=0))
        try:
            for series in self._decoder.after_stored():
                self._store.describe(series)
        except StoreError:
            self._decoder.forget_unstored()  # the next message that has the unit tries again
        stored, rejections = len(batch), list(rejections)
        if new < stored:  # the other process of ours that takes messages was faster
            compared = drop_repetitions(messages, self._store, {}, again=True)
            faster = [one.conflicts > 0 for one in compared]
            batch = without_contradictions(batch, self._store)
            if lines:
                conflicts = zip(lines, compared, faster, strict=True)
                rejections += [
                    _line_rejection(line, one.rejected) for line, one, is_ in conflicts if is_ and one.rejected
                ]
            elif not len(batch):
                rejections = [_rejection(one.rejected) for one in compared if one.rejected][:1]
            messages = [
                one._replace(left_out=after.left_out) if is_ else one
                for one, after, is_ in zip(messages, compared, faster, strict=True)
            ]
        if new:
            self._on_stored(batch)
        return TelemetryResult(
            devices=tuple(dict.fromkeys(one.device.id for one in messages)),
            readings=len(batch) + sum(one.repeated for one in messages),
            left_out=tuple(one.name for message in messages for one in message.left_out),
            rejections=tuple(sorted(rejections, key=lambda rejection: rejection.line)),
            assumed_utc=any(uplink.assumed_utc for one in messages for uplink in one.uplinks),
        )

    def _batch(self, messages: Sequence[DeviceReadings], numbers: Sequence[int]) -> ReadingBatch:
        return ReadingBatch(
            catalog=self._catalog,
            series=np.array(numbers, dtype=np.int32),
            time=np.array([time for one in messages for time in one.times], dtype=np.int64),
            value=np.array([value for one in messages for value in one.values], dtype=np.float64),
            seq=np.zeros(len(numbers), dtype=np.int64),
        )


def _dead_letter(pilot: str, name: str | None, payload: bytes, rejected: Rejected, now: int) -> DeadLetter:
    try:
        topic = topics.device(pilot, name or NOBODY)
    except TopicError:
        topic = topics.device(pilot, NOBODY)
    return DeadLetter(
        received=now,
        topic=topic,
        payload=payload,
        code=rejected.code,
        reason=str(rejected),
        sensor=topics.parse_device(topic).device,
    )


def _line_rejection(line: influx.Line, rejected: Rejected) -> Rejection:
    reason = f"'{line.text[:_MAX_SHOWN]}': {rejected}"
    return Rejection(code=rejected.code, reason=reason, line=line.number)


def _rejection(rejected: Rejected) -> Rejection:
    return Rejection(code=rejected.code, reason=str(rejected), quota=rejected.quota, retry_after=rejected.retry_after)
