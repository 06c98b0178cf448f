"""Relay of live readings for an API whose store is filled by ingest in another process."""

import threading
from collections.abc import Callable

from ingest.arrivals import OVER_MQTT, ArrivalClock
from ingest.clocks import Clocks
from ingest.decoder import Decoder
from ingest.devices import DeviceDecoder
from zenata.city.clock import Clock
from zenata.city.model import City
from zenata.city.readings import Catalog, ReadingBatch
from zenata.store.ledger import Ledger
from zenata.wire.mqtt import Subscription

_BATCH = 2000  # messages passed on at once
_AGE = 0.2  # the longest a message waits for others [s]


class Relay:
    """Passes readings on; what is no reading is left to ingest.

    Parameters
    ----------
    city : City
        Its sensors may publish.
    ledger : Ledger
        Told how much the worlds say they have published.
    subscription : Subscription
        Connected, or connecting by itself.
    clock : Clock
        Tells when messages come.
    on_readings : callable
        Called with each batch. It may be there before the store has it.
    devices : callable, optional
        Makes what reads pilots' own devices; see `ingest.decoder.Decoder`.
    """

    def __init__(
        self,
        *,
        city: City,
        ledger: Ledger,
        subscription: Subscription,
        clock: Clock,
        on_readings: Callable[[ReadingBatch], None],
        devices: Callable[[Catalog], DeviceDecoder] | None = None,
    ) -> None:
        self.clocks = Clocks()
        self._decoder = Decoder(city, self.clocks, devices, ArrivalClock(clock, OVER_MQTT))
        self._ledger = ledger
        self._subscription = subscription
        self._clock = clock
        self._on_readings = on_readings

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set."""
        while not stop.is_set():
            messages = self._subscription.receive(limit=_BATCH, wait=_AGE)
            others, _ = self.clocks.take(messages, self._ledger)
            batch, _ = self._decoder.decode(others, self._clock.now())
            if len(batch):
                self._on_readings(batch)
            self._subscription.acknowledge(messages)
