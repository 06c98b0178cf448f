"""Puts ingest together, and runs it in this process."""

import logging
from collections.abc import Sequence
from functools import partial

from sqlalchemy.exc import SQLAlchemyError

from ingest.arrivals import OVER_MQTT, STEP, ArrivalClock, ArrivalLog
from ingest.bulk import BulkServer
from ingest.devices import DeviceDecoder
from ingest.maintenance import Maintenance
from ingest.quotas import Limits, Peers, Quotas
from ingest.service import FILTERS, SHARED_FILTERS, Ingest, parse_worker
from sandbox.init import open_control_data, open_register
from sandbox.parts import PATIENCE, broker_of, city_of, subscription_of
from sandbox.settings import Settings
from sandbox.stores import open_store_when_there
from zenata.city.clock import WallClock
from zenata.city.model import City
from zenata.control.audit import BROKER_LOST, Audit, AuditEntry
from zenata.control.authenticator import Authenticator
from zenata.control.devices import Devices
from zenata.errors import SetupError
from zenata.process.signals import stop_on_signal
from zenata.store.retention import DAY, Retention

log = logging.getLogger(__name__)


def ingest(settings: Settings) -> None:
    """Move readings from the broker into the store: all of them, or the part of one worker among several."""
    city = city_of(settings.city)
    name, filters = _part(settings, city)
    engine = open_control_data(settings)
    store = open_store_when_there(settings)
    pilots = open_register(settings, engine)
    counted = partial(DeviceDecoder, Devices(engine), stored=store.catalog, quotas=counter_of(pilots))
    try:
        with (
            pilots,
            BulkServer(settings.bulk_file, store),
            Maintenance(store, retention_of(settings), WallClock()),
            subscription_of(
                settings, broker_of(settings), name, filters, partial(note_lost_session, Audit(engine))
            ) as subscription,
        ):
            subscription.connect(PATIENCE)
            Ingest(
                city=city,
                store=store,
                subscription=subscription,
                clock=WallClock(),
                devices=counted,
                arrivals=arrivals_of(settings, name),
            ).run(stop_on_signal())
    finally:
        store.close()


def note_lost_session(audit: Audit) -> None:
    """Note that the broker has lost the session of ingest, and with it messages that it had acknowledged."""
    entry = AuditEntry(
        time=WallClock().now(), who="broker", what=BROKER_LOST, target="ingest", detail={"session": True}
    )
    try:
        audit.record(entry)
    except SQLAlchemyError:
        log.exception("the audit log lacks an entry: the broker has lost the session of ingest")


def arrivals_of(settings: Settings, session: str) -> ArrivalLog:
    """Return the log of arrival times of a session; each of several workers has a last digit of its own."""
    number = parse_worker(settings.worker).number if settings.worker else 1
    digit = OVER_MQTT + (number - 1) % (STEP - OVER_MQTT)
    return ArrivalLog(ArrivalClock(WallClock(), digit), settings.arrivals_file(session))


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


def counter_of(pilots: Authenticator, peers: Peers | None = None) -> Quotas:
    """Return what counts what the devices of each pilot say, in this process and those that it hears of."""

    def limits(pilot: str) -> Limits:
        quotas = pilots.quotas(pilot)
        return Limits(quotas.messages_per_second, quotas.points_per_day)

    return Quotas(limits, peers)


def retention_of(settings: Settings) -> Retention:
    """Return how long the store is to keep what."""
    return Retention(
        raw=int(settings.raw_days * DAY),
        quarters=int(max(settings.quarter_days, settings.raw_days) * DAY),
        dead_letter_age=int(settings.letter_days * DAY),
        max_dead_letters=settings.letters,
    )
