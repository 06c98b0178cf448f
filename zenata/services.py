"""Puts each service together from its parts, and runs it in this process."""

import logging
import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from secrets import token_hex

import uvicorn

from api.app import create_app
from api.live import Hub
from api.server import Server
from ingest.service import FILTERS, Ingest
from simulators.digest import Digest
from simulators.publish import Encoder
from simulators.record import Pace, Record
from simulators.service import Simulation, recipe_for, take_up
from simulators.world import TICK, World
from zenata.city.clock import WallClock, parse_time
from zenata.city.pack import load_city
from zenata.errors import BrokerError, SetupError
from zenata.pilots.keys import KeyRing
from zenata.ports import listen
from zenata.settings import Settings
from zenata.store import open_store
from zenata.wire import topics
from zenata.wire.address import Address, parse_url
from zenata.wire.mqtt import Publisher, Subscription

log = logging.getLogger(__name__)

_PATIENCE = 20.0  # time the broker has to appear when a service starts [s]


def simulate(settings: Settings) -> None:
    """Run a world and publish it."""
    address = _broker(settings)
    city = load_city(settings.city)
    record = Record(settings.world_dir)
    recipe = recipe_for(record, city, seed=settings.seed, start=_moment("--start", settings.start))
    run = take_up(record, city, recipe, WallClock().now())
    publisher = Publisher(
        address,
        client_id=f"simulators-{token_hex(8)}",
        filters=[topics.commands(settings.world)],
        on_message=lambda topic, payload: simulation.receive(topic, payload),
    )
    simulation = Simulation(
        run=run,
        encoder=Encoder(city, settings.world),
        publisher=publisher,
        record=record,
        pace=Pace(speed=settings.speed),
        packs=settings.packs,
    )
    with publisher:
        publisher.connect(_PATIENCE)
        stop = _stop_on_signal(publisher.cancel)
        try:
            simulation.run(stop)
        except BrokerError:
            if not stop.is_set():
                raise


def digest(settings: Settings, until: str) -> str:
    """Simulate from ``settings.start`` up to `until` without a broker; return the hash of all that would be said."""
    start, end = _moment("--start", settings.start), _moment("--digest-until", until)
    if start is None or end is None or end <= start:
        raise SetupError("a digest needs --start and a later --digest-until")
    world = World(load_city(settings.city), seed=1 if settings.seed is None else settings.seed, start=start)
    said = Digest()
    while world.time + TICK < end:
        said.update(world.step())
    return said.hexdigest()


def ingest(settings: Settings) -> None:
    """Move readings from the broker into the store."""
    store = open_store(settings.store_url)
    try:
        with _subscription(settings, _broker(settings)) as subscription:
            subscription.connect(_PATIENCE)
            Ingest(store=store, subscription=subscription, clock=WallClock()).run(_stop_on_signal())
    finally:
        store.close()


def serve(settings: Settings) -> None:
    """Serve HTTP; given a broker, ingest too, as an embedded store has one writing process."""
    listener = listen(settings.host, settings.http_port, "--http-port")
    city = load_city(settings.city)
    keys = KeyRing(settings.keys_file)
    store = open_store(settings.store_url)
    hub = Hub()
    worker = None
    if settings.broker:
        subscription = _subscription(settings, parse_url(settings.broker))
        worker = _Worker(
            Ingest(store=store, subscription=subscription, clock=WallClock(), on_stored=hub.publish), subscription
        )
    app = create_app(
        city=city,
        store=store,
        keys=keys,
        hub=hub,
        world=settings.world,
        ready=worker.problems if worker else list,
        counters=worker.counters if worker else dict,
    )
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, timeout_graceful_shutdown=2, server_header=False
    )
    server = Server(config, hub)

    def stop() -> None:
        server.should_exit = True

    _stop_on_signal(stop)  # uvicorn raises the signal once more when it has stopped; it must not end us before the rest
    try:
        if worker:
            worker.start(on_failure=stop)
        server.run(sockets=[listener])
    finally:
        if worker:
            worker.stop()
        store.close()
    if worker and worker.failure:
        raise worker.failure


class _Worker:
    """Ingest in a thread of its own beside the API."""

    def __init__(self, ingest: Ingest, subscription: Subscription) -> None:
        self.failure: Exception | None = None
        self._ingest = ingest
        self._subscription = subscription
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def problems(self) -> list[str]:
        """Return what keeps ingest from working, if anything."""
        return [] if self._subscription.ready else ["ingest is not connected to the broker"]

    def counters(self) -> dict[str, float]:
        """Return what ingest has counted, by name."""
        return {f"ingest_{name}": value for name, value in asdict(self._ingest.counters).items()}

    def start(self, on_failure: Callable[[], object]) -> None:
        self._thread = threading.Thread(target=self._run, args=(on_failure,), name="ingest")
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread:
            self._thread.join()

    def _run(self, on_failure: Callable[[], object]) -> None:
        try:
            with self._subscription:
                self._subscription.connect(_PATIENCE)
                self._ingest.run(self._stop)
        except Exception as error:  # noqa: BLE001 - the main thread raises it again
            # Without ingest the process is of no use: it ends, and whoever runs it sees why and starts it again.
            self.failure = error
            on_failure()


def _broker(settings: Settings) -> Address:
    if settings.broker is None:
        raise SetupError("where is the broker? Say --broker mqtt://user:password@host:port, or set ZENATA_BROKER")
    return parse_url(settings.broker)


def _subscription(settings: Settings, address: Address) -> Subscription:
    session = _session_name(settings.data_dir / "ingest.session")
    confirmed = settings.data_dir / "ingest.subscribed"  # what the broker has confirmed to the session
    subscribed = "\n".join((address.host, *FILTERS))  # without the port, which of an embedded broker may change
    return Subscription(
        address,
        client_id=session,
        filters=FILTERS,
        subscribed=confirmed.exists() and confirmed.read_text() == subscribed,
        on_subscribed=lambda: confirmed.write_text(subscribed),
    )


def _session_name(file: Path) -> str:
    """Return the name of ingest's persistent session, made once.

    A broker gives a session to whoever connects with its name, whatever the user; so it is a secret.
    """
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (
            suppress(FileExistsError),
            os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new,
        ):
            new.write(f"ingest-{token_hex(16)}")
        return file.read_text()
    except OSError as error:
        raise SetupError(f"{file} cannot be written: {error.strerror}") from error


def _moment(option: str, text: str | None) -> int | None:
    """Read a time given by an option [us since the Unix epoch]."""
    if text is None:
        return None
    try:
        return parse_time(text)
    except ValueError:
        raise SetupError(f"{option} {text!r} is not a time: write it like 2026-01-31T08:00:00Z") from None


def _stop_on_signal(*also: Callable[[], None]) -> threading.Event:
    """Return an event that SIGINT and SIGTERM set."""
    stop = threading.Event()

    def handle(*_: object) -> None:
        stop.set()
        for act in also:
            act()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handle)
    return stop
