"""Ingest loop: receives, decodes, stores, and only then acknowledges."""

import logging
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from ingest.arrivals import OVER_MQTT, ArrivalClock, ArrivalLog
from ingest.clocks import Clocks
from ingest.decoder import Decoded, Decoder
from ingest.delivery_order import DeliveryOrder
from ingest.devices import DeviceDecoder
from ingest.repetitions import new_dead_letters, without_contradictions
from zenata.city.clock import SECOND, Clock
from zenata.city.model import City
from zenata.city.readings import Catalog, ReadingBatch, Series
from zenata.errors import SetupError, StoreError
from zenata.process.backoff import Backoff
from zenata.store.base import Store
from zenata.store.dead_letters import DeadLetter
from zenata.wire import topics
from zenata.wire.mqtt import SHARED, Message, Subscription

log = logging.getLogger(__name__)

_OUTAGE = 2 * SECOND  # without a look at the broker, which has kept for us what devices have sent [us]
_LONG_BATCH, _LONGEST_BATCH = 1.0, 3.0  # below the time after which the broker sends again, which is 5 [s]
_MIN_BATCH, _FIRST_BATCH = 20, 250  # messages

T = TypeVar("T")


_BACKOFF = Backoff(first=0.1, limit=5.0)  # while the store refuses readings

FILTERS = (topics.TELEMETRY, topics.PACKS, topics.PILOTS, topics.CLOCKS)

_SHARE = f"{SHARED}ingest/"

SHARED_FILTERS = (_SHARE + topics.TELEMETRY, _SHARE + topics.PACKS, _SHARE + topics.PILOTS, topics.CLOCKS)
"""What every worker subscribes to where the broker divides the messages. All receive all clocks."""


@dataclass(frozen=True, slots=True)
class Worker:
    """One of several processes of ingest that divide the messages of a broker, counted from 1."""

    number: int
    of: int

    def __str__(self) -> str:
        return f"{self.number}-of-{self.of}"

    def filters(self, city: City) -> tuple[str, ...]:
        """Return what it subscribes to: the districts of a city in turn, and all clocks; the first has pilots' devices."""
        mine = city.districts[self.number - 1 :: self.of]
        own = (topics.PILOTS,) if self.number == 1 else ()
        return (*(filter_ for district in mine for filter_ in topics.of_district(district.id)), *own, topics.CLOCKS)


def parse_worker(text: str) -> Worker:
    """Read ``2/3``, the second of three.

    Raises
    ------
    SetupError
        If it is no such thing.
    """
    match = re.fullmatch(r"([1-9]\d{0,2})/([1-9]\d{0,2})", text)
    if not match or int(match[1]) > int(match[2]):
        raise SetupError(f"worker {text!r} is not one of several: write 2/3 for the second of three")
    return Worker(int(match[1]), int(match[2]))


@dataclass(slots=True)
class Counters:
    """What ingest has done since it started."""

    messages: int = 0
    readings: int = 0
    duplicates: int = 0
    dead_letters: int = 0
    batches: int = 0
    store_failures: int = 0


class BatchSize:
    """How many messages are taken at once: as many as are stored well before the broker sends them again.

    A batch that takes long is followed by a smaller one, so that a slow store does not get ever more of the same. Unless
    that makes each message dearer: then it is a commit that takes long, as on a machine with other work, and small batches
    would fall ever farther behind.

    Parameters
    ----------
    largest : int
    """

    def __init__(self, largest: int) -> None:
        self.limit = min(_FIRST_BATCH, largest)
        self._largest = largest
        self._before = (0, 0.0)  # messages of the last batch that took long, and how long [s]

    def note(self, count: int, took: float) -> None:
        """Take note of a batch of `count` messages and how long it took [s]."""
        if took < _LONG_BATCH / 4:
            self.limit = min(self.limit * 5 // 4, self._largest)
        elif took > _LONG_BATCH:
            if took < _LONGEST_BATCH and self._more_is_cheaper(count, took):
                self.limit = min(self.limit * 2, self._largest)
            else:
                self.limit = max(self.limit // 2, _MIN_BATCH)
            self._before = (count, took)

    def _more_is_cheaper(self, count: int, took: float) -> bool:
        """Return whether a message costs clearly less time in the larger one of this batch and the long one before."""
        before, took_before = self._before
        if count > before:
            return took * before < 0.8 * took_before * count
        return 0.8 * took * before > took_before * count


class Ingest:
    """Moves readings from the broker into the store.

    Parameters
    ----------
    city : City
        Its sensors may publish.
    store : Store
    subscription : Subscription
        Connected, or connecting by itself.
    clock : Clock
        Tells when messages come.
    on_stored : callable
        Called with each batch once it is durable.
    devices : callable, optional
        Makes what reads pilots' own devices; see `ingest.decoder.Decoder`.
    arrivals : ArrivalLog, optional
        Dates the messages of devices; without one their dates do not outlive the process.
    batch_messages : int
        How many messages are stored, and acknowledged, at once; no more than these.
    batch_age : float
        The longest a message waits for others [s]. Whoever listens live waits as long; a shorter time costs more
        commits, of the city's steady rate 0.2 % of a core at 0.05 s rather than 0.2 s.
    """

    def __init__(
        self,
        *,
        city: City,
        store: Store,
        subscription: Subscription,
        clock: Clock,
        on_stored: Callable[[ReadingBatch], None] = lambda _: None,
        devices: Callable[[Catalog], DeviceDecoder] | None = None,
        arrivals: ArrivalLog | None = None,
        batch_messages: int = 2000,
        batch_age: float = 0.05,
    ) -> None:
        self.counters = Counters()
        self._store = store
        self._subscription = subscription
        self._clock = clock
        self._on_stored = on_stored
        self._batch_messages = batch_messages
        self._batch_age = batch_age
        self._arrivals = arrivals or ArrivalLog(ArrivalClock(clock, OVER_MQTT))
        self._order = DeliveryOrder(
            self._arrivals.order, on_renumbered=self._arrivals.renumbered, was_dated=self._arrivals.was_dated
        )
        self.clocks = Clocks()
        self._decoder = Decoder(city, self.clocks, devices, self._arrivals.clock, store)
        self._gone: set[str] = set()

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set."""
        size = BatchSize(self._batch_messages)
        last = self._arrivals.newest or self._clock.now()
        while not stop.is_set():
            received = self._subscription.receive(limit=size.limit, wait=self._batch_age)
            last = self._excuse(last, received)
            messages = self._order.admit(received, more=len(received) == size.limit)
            begin = time.monotonic()
            self._arrivals.note(self._order.state)  # whoever is killed before the first acknowledgement has begun, too
            if messages and self._store_all(messages, stop):
                self._subscription.acknowledge(messages)
                self._order.acknowledged(messages)
                self._arrivals.note(self._order.state)
            size.note(len(messages), time.monotonic() - begin)
        self._arrivals.close()

    def _excuse(self, last: int, received: Sequence[Message]) -> int:
        """Excuse an outage of ours, if there was one; `last` is when we last looked [us]. Return when that is now."""
        if not received and not self._subscription.ready:
            return last
        now = self._clock.now()
        devices = self._decoder.devices
        if now - last > _OUTAGE and devices is not None and devices.quotas is not None:
            devices.quotas.excuse((now - last) / SECOND)
        return now

    def _store_all(self, messages: list[Message], stop: threading.Event) -> bool:
        """Store messages, trying again while the store fails; return whether they are durable."""
        others, gone = self.clocks.take(messages, self._store.ledger)
        self._gone |= gone  # what is still on its way from there is for nobody
        if self._gone:
            others = [message for message in others if topics.world_of(message.topic) not in self._gone]
        counted: set[int] = set()
        decoded = self._retried(lambda: self._decode(others, counted), stop)
        if decoded is None:
            return False
        batch = decoded.batch()
        new = self._retried(lambda: self._append(batch, decoded.dead_letters, others), stop)
        if new is None:
            return False
        if new < len(batch) and decoded.dated:
            batch = self._retried(lambda: self._name_contradicted(decoded, batch), stop) or batch
        # What follows is done once, whatever fails from here on: the readings are stored, and a retry finds nothing new.
        self._count(decoded, batch, new)
        if self._decoder.devices is not None:
            self._describe(self._decoder.devices.after_stored())
        if new:
            self._on_stored(batch)
        return self._retried(lambda: self._forget(gone), stop) is not None

    def _retried(self, action: Callable[[], T], stop: threading.Event) -> T | None:
        """Do something again and again while the store fails; None if it is to stop."""
        failures = 0
        while True:
            try:
                return action()
            except StoreError as error:
                self.counters.store_failures += 1
                log.error("the store fails; nothing is acknowledged until it works: %s", error)
                failures += 1
                if stop.wait(_BACKOFF.pause(failures)):
                    return None

    def _decode(self, messages: list[Message], counted: set[int]) -> Decoded:
        """Decode messages, each of a device with the date that it keeps.

        `counted` are the indices of those that count against quotas already, as this is tried again; it grows.
        """
        now = self._clock.now()
        decoded = Decoded(self._decoder.catalog)
        try:
            for index, message in enumerate(messages):
                if topics.is_of_pilot(message.topic):
                    anew = self._order.is_numbered_anew(message)
                    arrival, again = self._arrivals.date(message, is_numbered_anew=anew)
                    first = index not in counted
                    counted.add(index)
                    self._decoder.add_device(decoded, message, arrival, again=again, counted=first)
                else:
                    self._decoder.add(decoded, message, now)
        except StoreError:
            if self._decoder.devices is not None:
                self._decoder.devices.forget_unstored()  # all of it is decoded again
            raise
        return decoded

    def _append(self, batch: ReadingBatch, dead_letters: list[DeadLetter], messages: list[Message]) -> int:
        self._arrivals.write()
        return self._store.append(batch, self._unknown(dead_letters, messages))

    def _name_contradicted(self, decoded: Decoded, batch: ReadingBatch) -> ReadingBatch:
        """Store dead letters for what a request over HTTP was faster than; return the batch without it."""
        dead_letters = self._decoder.contradicted(decoded)
        if not dead_letters:
            return batch
        self._store.append(batch.take(np.zeros(len(batch), dtype=np.bool_)), dead_letters)
        decoded.dead_letters += dead_letters
        return without_contradictions(batch, self._store)

    def _forget(self, worlds: set[str]) -> int:
        for world in worlds:
            self._store.forget(world)
        return len(worlds)

    def _count(self, decoded: Decoded, batch: ReadingBatch, new: int) -> None:
        self.counters.batches += 1
        self.counters.messages += decoded.messages
        self.counters.readings += new
        self.counters.duplicates += len(batch) - new + decoded.repeated
        self.counters.dead_letters += len(decoded.dead_letters)
        for dead_letter in decoded.dead_letters[:3]:
            log.warning("dead letter from %s: %s", dead_letter.topic, dead_letter.reason)

    def _describe(self, described: Sequence[Series]) -> None:
        """Give series the unit that they have got."""
        try:
            for series in described:
                self._store.describe(series)
        except StoreError as error:
            log.warning("units are not stored now, but with the next message that has them: %s", error)
            if self._decoder.devices is not None:
                self._decoder.devices.forget_unstored()

    def _unknown(self, dead_letters: list[DeadLetter], messages: list[Message]) -> list[DeadLetter]:
        """Leave out dead letters of worlds that are stored: their messages were not acknowledged in time."""
        if not dead_letters:
            return []
        again = {
            (message.topic, message.payload)
            for message in messages
            if message.again and not topics.is_of_pilot(message.topic)
        }
        return [
            *(dead_letter for dead_letter in dead_letters if (dead_letter.topic, dead_letter.payload) not in again),
            *new_dead_letters((one for one in dead_letters if (one.topic, one.payload) in again), self._store),
        ]
