"""`zenata serve`: composes the API with what runs beside it in its process, and runs it."""

import gc
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import astuple
from functools import partial
from hashlib import sha256
from socket import gethostname, socket

import uvicorn
from sqlalchemy import Engine

from api.exports.jobs import Exports
from api.exports.shared import SharedExports
from api.http.app import create_app
from api.http.context import Context
from api.http.cursors import Cursors
from api.http.server import Server
from api.live.exchange import BatchReader, encode_batch
from api.live.hub import Hub
from api.trials.mqtt import AnswerReceiver
from api.trials.service import TrialService
from api.webhooks.register import Webhooks
from api.webhooks.service import WebhookService
from api.worlds.command_audit import CommandAudit
from api.worlds.worlds import Worlds
from ingest.bulk import BulkServer
from ingest.clocks import Clocks
from ingest.devices import DeviceDecoder
from ingest.maintenance import Maintenance
from ingest.replay import replay
from ingest.telemetry import Telemetry
from sandbox.broker_users import MosquittoUsers
from sandbox.flow import FlowMonitor
from sandbox.ingest import counter_of, note_lost_session, retention_of
from sandbox.init import open_control_data, open_register
from sandbox.parts import AWAITED_FILE, PATIENCE, city_of, index_of, stored_secret
from sandbox.running import Running
from sandbox.settings import Settings
from sandbox.stores import open_store_when_there
from sandbox.worker import AnswerListener, TopicListener, ingest_thread
from zenata.broker.monitor import BrokerMonitor
from zenata.city.clock import WallClock
from zenata.city.readings import ReadingBatch
from zenata.control.audit import Audit
from zenata.control.budget import Budget
from zenata.control.devices import Devices
from zenata.control.peers import Peers, leads
from zenata.control.trials import Trials
from zenata.errors import StoreError
from zenata.process.ports import listen
from zenata.process.signals import end_at_last, stop_on_signal
from zenata.trials.registry import CHALLENGES
from zenata.wire import topics
from zenata.wire.address import parse_url

log = logging.getLogger(__name__)

_DOCUMENT_AFTER = 5.0  # when the OpenAPI document is made, which takes some tenths of a second of a core [s]
_NEW_OBJECTS = 5000  # from which on the newest are collected; by default 700

_LAST = 9.0  # what a server has to end in; Docker kills after ten, and nothing is lost with it [s]

SETTLING = 60.0
"""How much later ingest elsewhere may store a reading than we receive it [s]; streams that come back look so far back."""


def serve(settings: Settings) -> None:
    """Serve HTTP; given a broker, subscribe too: to ingest, if one process only may open the store, else to feed streams."""
    certificate = settings.certificate
    listener = listen(settings.host, settings.http_port, "--http-port")
    city = city_of(settings.city)
    engine = open_control_data(settings)
    register = open_register(settings, engine)
    store = open_store_when_there(settings)
    hub = Hub(settling=0 if settings.is_embedded else SETTLING)
    peers = _peers(settings, engine, hub, listener)
    may_lead = partial(leads, peers)
    devices, quotas, audit = Devices(engine), counter_of(register, peers), Audit(engine)
    index = index_of(settings)
    worlds = Worlds(index=index, shared=settings.world)
    reader = partial(DeviceDecoder, devices, stored=store.catalog)
    decoder = partial(reader, quotas=quotas) if settings.is_embedded else reader  # ingest elsewhere counts
    flow = FlowMonitor(index, settings.world, lambda: store.ledger, awaited=AWAITED_FILE in os.environ)
    worker = ingest_thread(settings, city, store, hub, decoder, partial(_lose_session, audit, flow))
    shared = SharedExports(engine, peers.id) if peers else None
    exports = Exports(root=settings.data_dir / "exports", store=store, clock=WallClock(), shared=shared)
    webhooks = WebhookService(
        register=Webhooks(engine),
        hub=hub,
        store=store,
        may=lambda pilot, world: register.is_active(pilot) and worlds.is_open_to(pilot, world),
        clock=WallClock(),
        private=settings.webhook_private,
        leads=may_lead,
    )
    monitor = BrokerMonitor(settings.broker_monitor) if settings.broker_monitor else None
    command_audit = CommandAudit(
        audit=audit, clock=WallClock(), owners=worlds.owners, allowed=register.allowed, shared=settings.world
    )
    trials = TrialService(
        register=Trials(engine, city, CHALLENGES, WallClock(), shared=peers is not None),
        pilots=register,
        worlds=worlds,
        clock=WallClock(),
        private=sha256(_secret(settings, peers, "receipts").encode()).digest(),
        leads=may_lead,
    )
    telemetry = Telemetry(
        register=devices, store=store, quotas=quotas, clock=WallClock(), on_stored=partial(_publish, hub, peers)
    )
    context = Context(
        city=city,
        store=store,
        register=register,
        audit=audit,
        budget=Budget(engine),
        hub=hub,
        worlds=worlds,
        exports=exports,
        webhooks=webhooks,
        cursors=Cursors(_secret(settings, peers, "cursors").encode()),
        ready=lambda: [*(worker.problems() if worker else ()), *flow.shared_problems()],
        stalled=lambda: flow.problems,
        counters=worker.counters if worker else dict,
        replay=lambda: astuple(replay(city, store, worker.clocks if worker else Clocks(), hub.publish, reader)),
        devices=devices,
        monitor=monitor,
        addresses=partial(_addresses, settings),
        telemetry=telemetry,
        trials=trials,
        peers=peers,
    )
    app = create_app(context, settings.cors_origins)
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=2,
        timeout_keep_alive=75,  # longer than clients pause between two flushes, or both hang up on each other
        server_header=False,
        # Or it believes whoever comes from this machine that somebody else asks, whom we then count and lock out.
        proxy_headers="FORWARDED_ALLOW_IPS" in os.environ,
    )
    server = Server(config, hub, certificate)

    def stop() -> None:
        server.should_exit = True
        end_at_last(_LAST)

    stop_on_signal(stop)  # uvicorn raises the signal once more when it has stopped; it must not end us before the rest
    try:
        with ExitStack() as stack:
            stack.callback(index.close)
            if monitor:
                stack.callback(monitor.close)
            stack.enter_context(register)
            stack.enter_context(peers or nullcontext())
            stack.enter_context(exports)
            stack.enter_context(webhooks)
            stack.enter_context(flow)
            stack.enter_context(trials)
            if settings.broker:
                address = parse_url(settings.broker)
                stack.enter_context(TopicListener(settings, address, "events", topics.EVENTS, webhooks.announce, peers))
                stack.enter_context(
                    TopicListener(settings, address, "commands", topics.COMMANDS, command_audit.note, peers)
                )
                answers = AnswerReceiver(trials.register, telemetry.reject)
                stack.enter_context(AnswerListener(settings, address, answers, peers))
            if settings.is_embedded:
                stack.enter_context(BulkServer(settings.bulk_file, store))
                stack.enter_context(Maintenance(store, retention_of(settings), WallClock()))
            if settings.broker_admin:
                access = stack.enter_context(
                    MosquittoUsers(settings, register, parse_url(settings.broker_admin), index.owners)
                )
                access.connect(PATIENCE)
                access.start()
            if worker:
                worker.run_until_stopped(on_failure=stop)
            # Soon, or whoever asks for it first makes all others wait; but behind the first readings.
            document = threading.Timer(_DOCUMENT_AFTER, app.make_document)
            document.daemon = True
            document.start()
            stack.callback(document.cancel)
            stack.enter_context(_spared_garbage())
            server.run(sockets=[listener])
    finally:
        if worker:
            worker.close()
        try:
            store.close()
        except StoreError as error:  # all of it is durable, and why we end is more to the point
            log.warning("closing the store: %s", error)
    if worker and worker.failure:
        raise worker.failure


def _peers(settings: Settings, engine: Engine, hub: Hub, listener: socket) -> Peers | None:
    """Return the servers on the same control data; None if no other process can open our store."""
    if settings.is_embedded:
        return None
    host, port = listener.getsockname()[:2]
    host = gethostname() if host in ("0.0.0.0", "::") else host  # noqa: S104 - compared, not listened at
    scheme = "https" if settings.tls_cert else "http"
    url = settings.peer_url or f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"
    id_ = stored_secret(settings.data_dir / "server.secret")
    return Peers(engine, id_, url, on_batch=BatchReader(hub.publish).take, on_gap=hub.skip)


def _publish(hub: Hub, peers: Peers | None, batch: ReadingBatch) -> None:
    """Pass readings that are stored on, to those who listen here and at other servers."""
    hub.publish(batch)
    if peers:
        peers.publish(encode_batch(batch))


def _secret(settings: Settings, peers: Peers | None, name: str) -> str:
    """Return a secret of this server, or the one that all of them have: of whoever came first."""
    here = stored_secret(settings.data_dir / f"{name}.secret")
    return peers.values.keep(f"{name}.secret", here) if peers else here


def _lose_session(audit: Audit, flow: FlowMonitor) -> None:
    """Note that the broker has lost the session of ingest; what waited in it is no sign of a stop."""
    note_lost_session(audit)
    flow.forget_outstanding()


@contextmanager
def _spared_garbage() -> Iterator[None]:
    """Leave what lives as long as we do out of garbage collection, and collect more seldom.

    It looked through the city again and again: a sixth of the time under load, with all that answers standing still for
    up to 0.1 s.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, 20, 50)
    try:
        yield
    finally:
        gc.unfreeze()  # or libraries complain of leaks when the process ends


def _addresses(settings: Settings) -> dict[str, str]:
    """Return where the broker answers: as run.json says, or else the settings."""
    if running := Running.read(settings.run_file):
        return {"mqtt": running.mqtt} | ({"websocket": running.ws} if running.ws else {})
    return {"mqtt": str(parse_url(settings.broker))} if settings.broker else {}
