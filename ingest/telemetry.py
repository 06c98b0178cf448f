"""Telemetry of pilots' own devices over HTTP, stored before it is answered, by the same rules as over MQTT."""

import threading
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from ingest.devices import DeviceDecoder, DeviceReadings, Register
from ingest.quotas import Quotas
from zenata.city.clock import Clock
from zenata.city.readings import Catalog, ReadingBatch
from zenata.errors import Rejected, StoreError, TopicError, UplinkError
from zenata.store.base import Store
from zenata.store.dead_letters import DeadLetter
from zenata.wire import topics
from zenata.wire.uplinks import influx, registry
from zenata.wire.uplinks.results import Rejection, TelemetryResult

NOBODY = "unknown"
"""The device in the topic of a dead letter whose own is none."""


class Telemetry:
    """Takes what devices say. May be used from any thread; one request at a time is stored.

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
        self._lock = threading.Lock()
        self._received = 0  # of the last letter

    def points(self, pilot: str) -> int:
        """Return how many readings of a pilot's devices this process has counted in this day of UTC."""
        return self._quotas.used(pilot, self._clock.now())

    def document(self, pilot: str, name: str | None, payload: bytes) -> TelemetryResult:
        """Take one message, all or nothing. What cannot be readings is a dead letter too, as its sender may not look.

        Parameters
        ----------
        pilot : str
        name : str or None
            Of the device; None where the payload says it.
        payload : bytes

        Raises
        ------
        StoreError
            If it cannot be kept.
        """
        with self._lock:
            now = self._clock.now()
            try:
                self._decoder.count_message(pilot, now)
                said = [self._decoder.say(pilot, name, payload, now)] if name else self._speakers(pilot, payload, now)
                self._decoder.settle(pilot, said, now)
            except Rejected as rejected:
                if not rejected.quota:
                    self._store.append(_batch(self._catalog, []), [self._letter(pilot, name, payload, rejected, now)])
                return TelemetryResult(rejections=(_rejection(rejected),))
            return self._keep(said)

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
            If they cannot be kept.
        """
        try:
            with self._lock:  # before they are read: that takes time
                self._decoder.count_message(pilot, self._clock.now())
            lines, bad = influx.read_lines(payload, precision, partial(self._decoder.knows, pilot))
        except Rejected as rejected:
            return TelemetryResult(rejections=(_rejection(rejected),))
        except UplinkError as error:
            return TelemetryResult(rejections=(Rejection(code="schema", reason=str(error)),))
        rejections = [Rejection(code="schema", reason=str(line), line=line.number) for line in bad]
        with self._lock:
            now = self._clock.now()
            said = []
            try:
                for line in lines:
                    try:
                        said.append(self._line(pilot, name or line.uplink.device, line, now))
                    except Rejected as rejected:
                        reason = f"'{line.text[:120]}': {rejected}"
                        rejections.append(Rejection(code=rejected.code, reason=reason, line=line.number))
                self._decoder.settle(pilot, said, now)
            except Rejected as rejected:
                return TelemetryResult(rejections=(_rejection(rejected),))
            return self._keep(said, sorted(rejections, key=lambda rejection: rejection.line))

    def _line(self, pilot: str, name: str | None, line: influx.Line, now: int) -> DeviceReadings:
        if name is None:
            raise Rejected("device", "no tag device or host says which device this is")
        return self._decoder.accept(self._decoder.find(pilot, name), [line.uplink], now)

    def _speakers(self, pilot: str, payload: bytes, now: int) -> list[DeviceReadings]:
        """Return what the devices say that a payload names itself; of SenML there may be several."""
        try:
            name = registry.device_of(payload)
        except UplinkError as error:
            raise Rejected("schema", str(error)) from error
        if name is not None:
            return [self._decoder.say(pilot, name, payload, now)]
        uplinks = self._decoder.read(pilot, payload, registry.AUTO, now)
        names = list(dict.fromkeys(uplink.device for uplink in uplinks))
        if None in names:
            raise Rejected("device", "nothing says which device this is: say it as ?device=")
        return [
            self._decoder.accept(
                self._decoder.find(pilot, name), [uplink for uplink in uplinks if uplink.device == name], now
            )
            for name in names
            if name is not None
        ]

    def _keep(self, said: Sequence[DeviceReadings], rejections: Sequence[Rejection] = ()) -> TelemetryResult:
        """Store readings, and let everybody know."""
        batch = _batch(self._catalog, said)
        try:
            new = self._store.append(batch) if len(batch) else 0
        except StoreError:
            self._decoder.seen.clear()  # nobody was heard whose words are not kept
            raise
        self._decoder.store_seen()
        if new:
            self._on_stored(batch)
        return TelemetryResult(
            devices=tuple(dict.fromkeys(one.device.id for one in said)),
            readings=len(batch),
            left_out=tuple(name for one in said for uplink in one.uplinks for name in uplink.left_out),
            rejections=tuple(rejections),
        )

    def _letter(self, pilot: str, name: str | None, payload: bytes, rejected: Rejected, now: int) -> DeadLetter:
        self._received = max(now, self._received + 1)  # each has a time of its own, as its name
        try:
            topic = topics.device(pilot, name or NOBODY)
        except TopicError:
            topic = topics.device(pilot, NOBODY)
        return DeadLetter(
            received=self._received,
            topic=topic,
            payload=payload,
            code=rejected.code,
            reason=str(rejected),
            sensor=topics.parse_device(topic).device,
        )


def _batch(catalog: Catalog, said: Sequence[DeviceReadings]) -> ReadingBatch:
    numbers = [number for one in said for number in one.numbers]
    return ReadingBatch(
        catalog=catalog,
        series=np.array(numbers, dtype=np.int32),
        time=np.array([time for one in said for time in one.times], dtype=np.int64),
        value=np.array([value for one in said for value in one.values], dtype=np.float64),
        seq=np.zeros(len(numbers), dtype=np.int64),
    )


def _rejection(rejected: Rejected) -> Rejection:
    return Rejection(code=rejected.code, reason=str(rejected), quota=rejected.quota, retry_after=rejected.retry_after)
