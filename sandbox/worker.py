"""What hears the broker beside the API: ingest, or a relay where ingest is elsewhere; and the rest of what worlds say."""

import logging
import threading
from collections.abc import Callable
from dataclasses import asdict
from typing import Self

from sqlalchemy.exc import SQLAlchemyError

from api.live.hub import Hub
from ingest.clocks import Clocks
from ingest.devices import DeviceDecoder
from ingest.relay import Relay
from ingest.service import FILTERS, Ingest
from sandbox.parts import PATIENCE, subscription_of
from sandbox.settings import Settings
from zenata.city.clock import WallClock
from zenata.city.model import City
from zenata.city.readings import Catalog
from zenata.errors import BrokerError
from zenata.store.base import Store
from zenata.wire.address import Address
from zenata.wire.mqtt import Message, Subscription

log = logging.getLogger(__name__)


def worker_of(
    settings: Settings,
    address: Address,
    city: City,
    store: Store,
    hub: Hub,
    devices: Callable[[Catalog], DeviceDecoder],
) -> "Worker":
    """Return what is to hear the broker: ingest, or what passes readings on that ingest elsewhere stores."""
    if settings.is_embedded:
        subscription = subscription_of(settings, address, "ingest", FILTERS)
        ingest = Ingest(
            city=city,
            store=store,
            subscription=subscription,
            clock=WallClock(),
            on_stored=hub.publish,
            devices=devices,
        )
        return Worker(ingest, subscription)
    subscription = subscription_of(settings, address, "api", FILTERS)
    relay = Relay(
        city=city,
        ledger=store.ledger,
        subscription=subscription,
        clock=WallClock(),
        on_readings=hub.publish,
        devices=devices,
    )
    return Worker(relay, subscription)


_LOOK = 0.2  # the longest that stopping waits for an event [s]
_PAUSE = 1.0  # between two attempts to tell of one [s]


class Worker:
    """Ingest, or a relay, in a thread of its own beside the API."""

    def __init__(self, ingest: Ingest | Relay, subscription: Subscription) -> None:
        self.failure: Exception | None = None
        self._ingest = ingest
        self._subscription = subscription
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def clocks(self) -> Clocks:
        """The clocks of worlds, as ingest hears them."""
        return self._ingest.clocks

    def problems(self) -> list[str]:
        """Return what keeps ingest from working, if anything."""
        return [] if self._subscription.ready else ["the API does not hear the broker"]

    def counters(self) -> dict[str, float]:
        """Return what ingest has counted, by name."""
        if isinstance(self._ingest, Relay):
            return {}
        return {f"ingest_{name}": value for name, value in asdict(self._ingest.counters).items()}

    def start(self, on_failure: Callable[[], object]) -> None:
        """Begin; `on_failure` is called if it cannot go on, and `failure` tells why."""
        self._thread = threading.Thread(target=self._run, args=(on_failure,), name="ingest")
        self._thread.start()

    def stop(self) -> None:
        """Stop, and wait until it has."""
        self._stop.set()
        self._subscription.cancel()
        if self._thread:
            self._thread.join()

    def _run(self, on_failure: Callable[[], object]) -> None:
        try:
            with self._subscription:
                self._subscription.connect(PATIENCE)
                self._ingest.run(self._stop)
        except Exception as error:  # noqa: BLE001 - the main thread raises it again
            if self._stop.is_set() and isinstance(error, BrokerError):
                return  # a broker that has gone while we end is no failure
            # Without ingest the process is of no use: it ends, and whoever runs it sees why and starts it again.
            self.failure = error
            on_failure()


class Ear:
    """Hears what worlds announce, or are told, in a thread of its own, while it is entered.

    A message is acknowledged when it was told on: what comes while nobody listens waits with the broker.

    Parameters
    ----------
    settings : Settings
    address : Address
        Of the broker.
    name : str
        Of the session, and what its messages are.
    filter_ : str
        Of the topics.
    tell : callable
        Takes a topic and a payload; raises `SQLAlchemyError` if that is to be told again.
    """

    def __init__(
        self, settings: Settings, address: Address, name: str, filter_: str, tell: Callable[[str, bytes], None]
    ) -> None:
        self._subscription = subscription_of(settings, address, name, (filter_,))
        self._name, self._tell = name, tell
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._subscription.cancel()
        self._thread.join()

    def _run(self) -> None:
        with self._subscription:
            try:
                self._subscription.connect(PATIENCE)
            except BrokerError as error:
                if not self._stop.is_set():
                    log.error("%s are not heard, until this is mended and we start again: %s", self._name, error)
                return
            while not self._stop.is_set():
                self._subscription.acknowledge(
                    [message for message in self._subscription.receive(limit=1, wait=_LOOK) if self._is_told(message)]
                )

    def _is_told(self, message: Message) -> bool:
        """Tell of a message, again and again while the database is away; return whether that was possible."""
        while True:
            try:
                self._tell(message.topic, message.payload)
            except SQLAlchemyError as error:
                log.warning("%s wait for the database: %s", self._name, type(error).__name__)
                if self._stop.wait(_PAUSE):
                    return False
            else:
                return True
