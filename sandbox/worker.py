"""Background work of the API process on the broker: ingest, or a relay where ingest is elsewhere, and topic listeners."""

import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from functools import partial

from sqlalchemy.exc import SQLAlchemyError

from api.live.hub import Hub
from api.trials.mqtt import AnswerReceiver
from ingest.clocks import Clocks
from ingest.devices import DeviceDecoder
from ingest.relay import Relay
from ingest.service import FILTERS, Ingest
from sandbox.ingest import arrivals_of
from sandbox.parts import PATIENCE, subscription_of
from sandbox.settings import Settings
from zenata.city.clock import WallClock
from zenata.city.model import City
from zenata.city.readings import Catalog
from zenata.control.peers import Peers, leads
from zenata.errors import BrokerError, StoreError
from zenata.process.background import Background
from zenata.store.base import Store
from zenata.wire import topics
from zenata.wire.address import Address, parse_url
from zenata.wire.mqtt import Message, Subscription

log = logging.getLogger(__name__)


def ingest_thread(
    settings: Settings,
    city: City,
    store: Store,
    hub: Hub,
    devices: Callable[[Catalog], DeviceDecoder],
    on_lost: Callable[[], object],
) -> "IngestThread | None":
    """Return ingest, or a relay that passes on readings which ingest elsewhere stores; None without a broker.

    `on_lost` is called if the broker has lost the session of ingest.
    """
    if not settings.broker:
        return None
    address = parse_url(settings.broker)
    if settings.is_embedded:
        subscription = subscription_of(settings, address, "ingest", FILTERS, on_lost)
        ingest = Ingest(
            city=city,
            store=store,
            subscription=subscription,
            clock=WallClock(),
            on_stored=hub.publish,
            devices=devices,
            arrivals=arrivals_of(settings, "ingest"),
        )
        return IngestThread(ingest, subscription)
    subscription = subscription_of(settings, address, "api", FILTERS)
    relay = Relay(
        city=city,
        ledger=store.ledger,
        subscription=subscription,
        clock=WallClock(),
        on_readings=hub.publish,
        devices=devices,
    )
    return IngestThread(relay, subscription)


_WAIT = 0.2  # the longest that stopping waits for a message [s]
_PAUSE = 1.0  # between two attempts to handle one [s]
_LOOK = 0.01  # between two looks whether a step of a trial is made [s]
_MAX_AT_ONCE = 200  # answers
_MAX_WAITING = 20  # answers of one trial that wait for a step
_RETRY = 5.0  # before the next attempt to listen to a topic [s]


class IngestThread(Background):
    """Ingest, or a relay, in a thread of its own beside the API."""

    def __init__(self, ingest: Ingest | Relay, subscription: Subscription) -> None:
        self.failure: Exception | None = None
        self._ingest = ingest
        self._subscription = subscription
        self._on_failure: Callable[[], object] = lambda: None
        super().__init__("ingest")

    @property
    def clocks(self) -> Clocks:
        """The clocks of worlds, as ingest receives them."""
        return self._ingest.clocks

    def problems(self) -> list[str]:
        """Return what keeps ingest from working, if anything."""
        return [] if self._subscription.ready else ["ingest is not connected to the broker"]

    def counters(self) -> dict[str, float]:
        """Return what ingest has counted, by name."""
        if isinstance(self._ingest, Relay):
            return {}
        return {f"ingest_{name}": value for name, value in asdict(self._ingest.counters).items()}

    def run_until_stopped(self, on_failure: Callable[[], object]) -> None:
        """Start; `on_failure` is called if it cannot go on, and `failure` says why."""
        self._on_failure = on_failure
        self.start()

    def _wake(self) -> None:
        self._subscription.cancel()

    def _run(self) -> None:
        try:
            with self._subscription:
                self._subscription.connect(PATIENCE)
                self._ingest.run(self._stop)
        except Exception as error:  # noqa: BLE001 - the main thread raises it again
            if self._stop.is_set() and isinstance(error, BrokerError):
                return  # a broker that has gone while we end is no failure
            # Without ingest the process is of no use: it ends, and whoever runs it sees why and starts it again.
            log.error("ingest cannot go on, so its process ends: %r", error)
            self.failure = error
            self._on_failure()


class TopicListener(Background):
    """Passes the messages of a topic on, in a thread of its own, such as the events of worlds and their commands.

    A message is acknowledged once it was passed on: what comes meanwhile waits with the broker. Of several servers the one
    that leads listens, in a session that they share: so what comes while another takes over waits, too.

    Parameters
    ----------
    settings : Settings
    address : Address
        Of the broker.
    name : str
        Of the session, and what its messages are.
    filter_ : str
        Of the topics.
    handle : callable
        Takes a topic and a payload, and returns False if that is not done; raises `SQLAlchemyError` or `StoreError` if it is
        to be called again.
    peers : Peers or None
        The other servers.
    """

    def __init__(
        self,
        settings: Settings,
        address: Address,
        name: str,
        filter_: str,
        handle: Callable[..., object],
        peers: Peers | None = None,
    ) -> None:
        shared = peers.values if peers else None
        self._make = partial(subscription_of, settings, address, name, (filter_,), shared=shared)
        self._subscription: Subscription | None = None
        self._name, self._handle, self._peers = name, handle, peers
        super().__init__(name)

    @property
    def _leads(self) -> bool:
        return not self._stop.is_set() and leads(self._peers)

    def _wake(self) -> None:
        if self._subscription is not None:
            self._subscription.cancel()

    def _run(self) -> None:
        while not self._stop.is_set():
            if not self._leads:
                self._stop.wait(_WAIT)
                continue
            try:
                with self._make() as self._subscription:
                    self._listen(self._subscription)
            except (BrokerError, SQLAlchemyError) as error:
                if not self._stop.is_set():
                    log.error("%s are not received: %s; trying again", self._name, error)
                self._stop.wait(_RETRY)

    def _listen(self, subscription: Subscription) -> None:
        if not self._leads:
            return
        subscription.connect(PATIENCE)
        while self._leads:
            self._receive(subscription)

    def _receive(self, subscription: Subscription) -> None:
        messages = subscription.receive(limit=1, wait=_WAIT)
        subscription.acknowledge([message for message in messages if self._is_handled(message)])

    def _is_handled(self, message: Message, **options: bool) -> bool:
        """Handle a message; return whether that is done."""
        return self._is_done(lambda: self._handle(message.topic, message.payload, **options))

    def _is_done(self, act: Callable[[], object]) -> bool:
        """Do something, again and again while the database is away; return whether that is done."""
        while True:
            try:
                return act() is not False
            except (SQLAlchemyError, StoreError) as error:
                log.warning("%s wait for the database: %s", self._name, type(error).__name__)
                if self._stop.wait(_PAUSE):
                    return False


class AnswerListener(TopicListener):
    """Passes answers to trials on, those of several pilots in turns.

    Those of a trial whose next step is being made wait for it, and hold up no other trial.
    """

    def __init__(
        self, settings: Settings, address: Address, answers: AnswerReceiver, peers: Peers | None = None
    ) -> None:
        super().__init__(settings, address, "answers", topics.ANSWERS, answers.take, peers)
        self._waiting: list[tuple[float, Message]] = []
        self._settle = answers.settle

    def _listen(self, subscription: Subscription) -> None:
        self._waiting = []  # a new connection delivers them again
        super()._listen(subscription)

    def _receive(self, subscription: Subscription) -> None:
        received = subscription.receive(limit=1, wait=_LOOK if self._waiting else _WAIT)
        received += subscription.receive(limit=_MAX_AT_ONCE, wait=0.0)  # what has come with it
        turns = Counter[str]()

        def turn(message: Message) -> int:
            pilot = message.topic.split("/")[1]
            turns[pilot] += 1
            return turns[pilot]

        received.sort(key=turn)
        self._waiting += [(time.monotonic() + PATIENCE, message) for message in received]
        self._waiting = self._take(self._waiting, subscription)

    def _take(self, waiting: list[tuple[float, Message]], subscription: Subscription) -> list[tuple[float, Message]]:
        """Take the answers that can be taken, in the order of each trial; return the others."""
        left: list[tuple[float, Message]] = []
        done: list[Message] = []
        waiting_before: Counter[str] = Counter()
        for deadline, message in waiting:
            may_wait = time.monotonic() < deadline and waiting_before[message.topic] < _MAX_WAITING
            is_behind = may_wait and waiting_before[message.topic] > 0
            if not is_behind and self._is_handled(message, may_wait=may_wait):
                done.append(message)
            else:
                waiting_before[message.topic] += 1
                left.append((deadline, message))
        if done and self._is_done(self._settle):
            subscription.acknowledge(done)
        return left
