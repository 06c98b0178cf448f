"""Puts each service together from its parts, and runs it in this process."""

import logging
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import astuple
from functools import partial

import uvicorn

from api.app import create_app
from api.exports.jobs import Exports
from api.live import Hub
from api.server import Server
from api.webhooks.service import WebhookService
from api.worlds import Worlds
from ingest.bulk import BulkServer
from ingest.clocks import Clocks
from ingest.devices import DeviceDecoder
from ingest.keeper import Keeper
from ingest.quotas import Limits, Quotas
from ingest.replay import replay
from ingest.service import FILTERS, Ingest
from ingest.telemetry import Telemetry
from ingest.workers import SHARED_FILTERS, parse_worker
from zenata.access import RemoteAccess
from zenata.city.clock import WallClock, parse_time
from zenata.city.model import City
from zenata.city.pack import load_city
from zenata.errors import SetupError, StoreError
from zenata.init import open_register
from zenata.pilots.audit import Audit
from zenata.pilots.budget import Budget
from zenata.pilots.database import open_database
from zenata.pilots.devices import Devices
from zenata.pilots.directory import Directory
from zenata.pilots.webhooks import Webhooks
from zenata.ports import listen
from zenata.running import Running
from zenata.settings import Settings
from zenata.signals import stop_on_signal
from zenata.store import open_store
from zenata.store.base import Store
from zenata.store.retention import DAY, Retention
from zenata.wire.address import Address, parse_url
from zenata.wire.bulk import BulkClient
from zenata.worker import PATIENCE, Announcements, subscription_of, worker_of

log = logging.getLogger(__name__)

SETTLING = 60.0
"""How much later ingest elsewhere may store a reading than we hear it [s]; streams that come back look so far back."""


def ingest(settings: Settings) -> None:
    """Move readings from the broker into the store: all of them, or the part of one worker among several."""
    city = load_city(settings.city)
    name, filters = _part(settings, city)
    engine = open_database(settings.database_url)
    store = open_store(settings.store_url, settings.store_token)
    pilots = open_register(settings, engine)
    counted = partial(DeviceDecoder, Devices(engine), kept=store.catalog, quotas=_counter(pilots))
    try:
        with (
            pilots,
            BulkServer(settings.bulk_file, store),
            Keeper(store, _retention(settings), WallClock()),
            subscription_of(settings, broker_of(settings), name, filters) as subscription,
        ):
            subscription.connect(PATIENCE)
            Ingest(city=city, store=store, subscription=subscription, clock=WallClock(), devices=counted).run(
                stop_on_signal()
            )
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
    certificate = settings.certificate
    city = load_city(settings.city)
    engine = open_database(settings.database_url)
    register = open_register(settings, engine)
    store = open_store(settings.store_url, settings.store_token)
    hub = Hub(settling=0 if settings.is_embedded else SETTLING)
    devices, quotas = Devices(engine), _counter(register)
    worlds = Worlds(root=settings.worlds_dir, shared=settings.world)
    reader = partial(DeviceDecoder, devices, kept=store.catalog)
    heard = partial(reader, quotas=quotas) if settings.is_embedded else reader  # ingest elsewhere counts
    worker = worker_of(settings, parse_url(settings.broker), city, store, hub, heard) if settings.broker else None
    exports = Exports(root=settings.data_dir / "exports", store=store, clock=WallClock())
    webhooks = WebhookService(
        register=Webhooks(engine),
        hub=hub,
        store=store,
        may=lambda pilot, world: register.is_active(pilot) and worlds.is_open_to(pilot, world),
        clock=WallClock(),
        private=settings.webhook_private,
    )
    app = create_app(
        city=city,
        store=store,
        register=register,
        audit=Audit(engine),
        budget=Budget(engine),
        hub=hub,
        worlds=worlds,
        exports=exports,
        webhooks=webhooks,
        ready=worker.problems if worker else list,
        counters=worker.counters if worker else dict,
        replay=lambda: astuple(replay(city, store, worker.clocks if worker else Clocks(), hub.publish, reader)),
        devices=devices,
        addresses=partial(_addresses, settings),
        origins=settings.cors_origins,
        telemetry=Telemetry(register=devices, store=store, quotas=quotas, clock=WallClock(), on_stored=hub.publish),
    )
    config = uvicorn.Config(
        app, log_config=None, log_level="warning", access_log=False, timeout_graceful_shutdown=2, server_header=False
    )
    server = Server(config, hub, certificate)

    def stop() -> None:
        server.should_exit = True

    stop_on_signal(stop)  # uvicorn raises the signal once more when it has stopped; it must not end us before the rest
    try:
        with ExitStack() as stack:
            stack.enter_context(register)
            stack.enter_context(exports)
            stack.enter_context(webhooks)
            if settings.broker:
                stack.enter_context(Announcements(settings, parse_url(settings.broker), webhooks.announce))
            if settings.is_embedded:
                stack.enter_context(BulkServer(settings.bulk_file, store))
                stack.enter_context(Keeper(store, _retention(settings), WallClock()))
            if settings.broker_admin:
                access = stack.enter_context(RemoteAccess(settings, register, parse_url(settings.broker_admin)))
                access.connect(PATIENCE)
                access.start()
            if worker:
                worker.start(on_failure=stop)
            server.run(sockets=[listener])
    finally:
        if worker:
            worker.stop()
        store.close()
    if worker and worker.failure:
        raise worker.failure


def _addresses(settings: Settings) -> dict[str, str]:
    """Return where the broker answers: as the running city tells, or else as we were told."""
    if running := Running.read(settings.run_file):
        return {"mqtt": running.mqtt} | ({"websocket": running.ws} if running.ws else {})
    return {"mqtt": str(parse_url(settings.broker))} if settings.broker else {}


def _counter(pilots: Directory) -> Quotas:
    """Return what counts what the devices of each pilot say."""

    def limits(pilot: str) -> Limits:
        quotas = pilots.quotas(pilot)
        return Limits(quotas.messages_per_second, quotas.points_per_day)

    return Quotas(limits)


def _retention(settings: Settings) -> Retention:
    """Return how long the store is to keep what."""
    return Retention(
        raw=int(settings.raw_days * DAY),
        quarters=int(max(settings.quarter_days, settings.raw_days) * DAY),
        letters=int(settings.letter_days * DAY),
        most_letters=settings.letters,
    )


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


def moment(option: str, text: str | None) -> int | None:
    """Read a time given by an option [us since the Unix epoch]."""
    if text is None:
        return None
    try:
        return parse_time(text)
    except ValueError:
        raise SetupError(f"{option} {text!r} is not a time: write it like 2026-01-31T08:00:00Z") from None
