"""Puts each service together from its parts, and runs it in this process."""

import logging
import os
import signal
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, astuple
from pathlib import Path
from secrets import token_hex

import uvicorn

from api.app import create_app
from api.live import Hub
from api.server import Server
from api.worlds import Worlds
from ingest.bulk import BulkServer
from ingest.clocks import Clocks
from ingest.keeper import Keeper
from ingest.relay import Relay
from ingest.replay import replay
from ingest.service import FILTERS, Ingest
from ingest.workers import SHARED_FILTERS, parse_worker
from zenata.city.clock import WallClock, parse_time
from zenata.city.model import City
from zenata.city.pack import load_city
from zenata.errors import BrokerError, SetupError, StoreError
from zenata.pilots.keys import KeyRing
from zenata.ports import listen
from zenata.settings import Settings
from zenata.store import open_store
from zenata.store.base import Store
from zenata.store.retention import DAY, Retention
from zenata.wire.address import Address, parse_url
from zenata.wire.bulk import BulkClient
from zenata.wire.mqtt import Subscription

log = logging.getLogger(__name__)

PATIENCE = 20.0
"""Time the broker has to appear when a service starts [s]."""

SETTLING = 60.0
"""How much later ingest elsewhere may store a reading than we hear it [s]; streams that come back look so far back."""


def ingest(settings: Settings) -> None:
    """Move readings from the broker into the store: all of them, or the part of one worker among several."""
    city = load_city(settings.city)
    name, filters = _part(settings, city)
    store = open_store(settings.store_url, settings.store_token)
    try:
        with (
            BulkServer(settings.bulk_file, store),
            Keeper(store, _retention(settings), WallClock()),
            _subscription(settings, broker_of(settings), name, filters) as subscription,
        ):
            subscription.connect(PATIENCE)
            Ingest(city=city, store=store, subscription=subscription, clock=WallClock()).run(stop_on_signal())
    finally:
        store.close()


def _part(settings: Settings, city: City) -> tuple[str, Sequence[str]]:
    """Return the name of the session of ingest, and what it subscribes to."""
    if settings.worker is None:
        if settings.share:
            raise SetupError("--share divides the messages among several: say which one this is, as --worker 2/3")
        return "ingest", FILTERS
    if settings.is_embedded:
        raise SetupError("several workers need a store that several processes may open: --store influxdb://...")
    worker = parse_worker(settings.worker)
    return (f"ingest-{worker.number}", SHARED_FILTERS) if settings.share else (f"ingest-{worker}", worker.filters(city))


def serve(settings: Settings) -> None:
    """Serve HTTP; given a broker, hear it too: to ingest, if one process only may open the store, else to pass it on."""
    listener = listen(settings.host, settings.http_port, "--http-port")
    city = load_city(settings.city)
    keys = KeyRing(settings.keys_file)
    store = open_store(settings.store_url, settings.store_token)
    hub = Hub(settling=0 if settings.is_embedded else SETTLING)
    worker = _worker(settings, parse_url(settings.broker), city, store, hub) if settings.broker else None
    app = create_app(
        city=city,
        store=store,
        keys=keys,
        hub=hub,
        worlds=Worlds(root=settings.worlds_dir, shared=settings.world),
        ready=worker.problems if worker else list,
        counters=worker.counters if worker else dict,
        replay=lambda: astuple(replay(city, store, worker.clocks if worker else Clocks(), hub.publish)),
    )
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, timeout_graceful_shutdown=2, server_header=False
    )
    server = Server(config, hub)

    def stop() -> None:
        server.should_exit = True

    stop_on_signal(stop)  # uvicorn raises the signal once more when it has stopped; it must not end us before the rest
    try:
        with ExitStack() as stack:
            if settings.is_embedded:
                stack.enter_context(BulkServer(settings.bulk_file, store))
                stack.enter_context(Keeper(store, _retention(settings), WallClock()))
            if worker:
                worker.start(on_failure=stop)
            server.run(sockets=[listener])
    finally:
        if worker:
            worker.stop()
        store.close()
    if worker and worker.failure:
        raise worker.failure


def _retention(settings: Settings) -> Retention:
    """Return how long the store is to keep what."""
    return Retention(
        raw=int(settings.raw_days * DAY),
        quarters=int(max(settings.quarter_days, settings.raw_days) * DAY),
        letters=int(settings.letter_days * DAY),
        most_letters=settings.letters,
    )


def _worker(settings: Settings, address: Address, city: City, store: Store, hub: Hub) -> "_Worker":
    """Return what is to hear the broker: ingest, or what passes readings on that ingest elsewhere stores."""
    if settings.is_embedded:
        subscription = _subscription(settings, address)
        ingest = Ingest(city=city, store=store, subscription=subscription, clock=WallClock(), on_stored=hub.publish)
        return _Worker(ingest, subscription)
    subscription = _subscription(settings, address, "api")
    relay = Relay(city=city, ledger=store.ledger, subscription=subscription, clock=WallClock(), on_readings=hub.publish)
    return _Worker(relay, subscription)


class _Worker:
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
        self._thread = threading.Thread(target=self._run, args=(on_failure,), name="ingest")
        self._thread.start()

    def stop(self) -> None:
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


def open_sink(settings: Settings) -> BulkClient | Store:
    """Open the store for readings in great numbers: by the door of the process that keeps it, or itself.

    Raises
    ------
    StoreError
        If neither can be.
    """
    with suppress(StoreError):
        return BulkClient(settings.bulk_file)
    return open_store(settings.store_url, settings.store_token)


def broker_of(settings: Settings) -> Address:
    """Return where the broker is, or say that nobody said so."""
    if settings.broker is None:
        raise SetupError("where is the broker? Say --broker mqtt://user:password@host:port, or set ZENATA_BROKER")
    return parse_url(settings.broker)


def _subscription(
    settings: Settings, address: Address, name: str = "ingest", filters: Sequence[str] = FILTERS
) -> Subscription:
    session = _session_name(settings.data_dir / f"{name}.session")
    confirmed = settings.data_dir / f"{name}.subscribed"  # what the broker has confirmed to the session
    subscribed = "\n".join((address.host, *filters))  # without the port, which of an embedded broker may change
    return Subscription(
        address,
        client_id=session,
        filters=filters,
        subscribed=confirmed.exists() and confirmed.read_text() == subscribed,
        on_subscribed=lambda: confirmed.write_text(subscribed),
    )


def _session_name(file: Path) -> str:
    """Return the name of a persistent session, made once.

    A broker gives a session to whoever connects with its name, whatever the user; so it is a secret.
    """
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (
            suppress(FileExistsError),
            os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new,
        ):
            new.write(f"{file.stem}-{token_hex(16)}")
        return file.read_text()
    except OSError as error:
        raise SetupError(f"{file} cannot be written: {error.strerror}") from error


def moment(option: str, text: str | None) -> int | None:
    """Read a time given by an option [us since the Unix epoch]."""
    if text is None:
        return None
    try:
        return parse_time(text)
    except ValueError:
        raise SetupError(f"{option} {text!r} is not a time: write it like 2026-01-31T08:00:00Z") from None


def stop_on_signal(*also: Callable[[], None]) -> threading.Event:
    """Return an event that SIGINT and SIGTERM set."""
    stop = threading.Event()

    def handle(*_: object) -> None:
        stop.set()
        for act in also:
            act()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handle)
    return stop
