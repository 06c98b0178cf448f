"""A small city with known readings, and its API on a free port."""

import json
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import uvicorn

from api.exports.jobs import Exports
from api.exports.shared import SharedExports
from api.http.app import create_app
from api.http.context import Context
from api.http.cursors import Cursors
from api.http.server import Server
from api.live.exchange import BatchReader, encode_batch
from api.live.hub import Hub
from api.trials.service import TrialService
from api.webhooks.register import Webhooks
from api.webhooks.service import WebhookService
from api.worlds.worlds import Worlds
from ingest.quotas import Limits, Quotas
from ingest.telemetry import Telemetry
from tests.zenata.control.databases import sqlite_in
from zenata.broker.monitor import BrokerMonitor
from zenata.city.clock import SECOND, WallClock, parse_time
from zenata.city.kinds import KINDS
from zenata.city.model import City, District, Sensor
from zenata.city.quantities import QUANTITIES
from zenata.city.readings import Catalog, ReadingBatch, Series
from zenata.control.audit import Audit
from zenata.control.budget import Budget
from zenata.control.database import open_database
from zenata.control.devices import Devices
from zenata.control.keys import Role
from zenata.control.peers import Peers, leads
from zenata.control.pilot import Quotas as PilotQuotas
from zenata.control.register import Register
from zenata.control.trials import Trials
from zenata.process.tls import Certificate
from zenata.store import open_store
from zenata.store.base import Store
from zenata.trials.registry import CHALLENGES
from zenata.worlds.folders import WorldFolders

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

START = parse_time("2026-01-01T00:00:00Z")
MINUTE = 60 * SECOND
MINUTES = 120
"""How many minutes of readings the world has, one a minute and series."""

WORLD = "zenata"

ADDRESSES = {"mqtt": "mqtt://127.0.0.1:1883", "websocket": "ws://127.0.0.1:9001/mqtt"}

PLENTY = Limits(1e6, 10**9)
RATE = PilotQuotas(requests_per_minute=10**6)


def small_city() -> City:
    """Two districts; four sensors on one meridian, about 1.1 km apart."""
    ring = ((-7.5, 33.5), (-7.4, 33.5), (-7.4, 33.7), (-7.5, 33.7), (-7.5, 33.5))
    places = [
        ("air-0001", "air", "la-ferme"),
        ("air-0002", "air", "coast"),
        ("noise-0001", "noise", "la-ferme"),
        ("traffic-0001", "traffic", "coast"),
    ]
    return City(
        id="zenata",
        name="Zenata, the small one",
        timezone="Africa/Casablanca",
        bbox=(-7.5, 33.5, -7.4, 33.7),
        districts=tuple(
            District(id=name, name=name.title(), category="living", population=100, ring=ring)
            for name in ("la-ferme", "coast")
        ),
        streets=(),
        sensors=tuple(
            Sensor(id=name, kind=kind, district=district, longitude=-7.45, latitude=33.6 + n / 100, attributes={"n": n})
            for n, (name, kind, district) in enumerate(places)
        ),
        parameters={},
    )


def series_of(city: City, world: str = WORLD) -> list[Series]:
    """Every series the sensors of a city have."""
    return [
        Series(world, sensor.id, name, sensor.kind, sensor.district, QUANTITIES[name].unit)
        for sensor in city.sensors
        for name in KINDS[sensor.kind].properties
    ]


def batch_of(series: Sequence[Series], minutes: range, catalog: Catalog | None = None) -> ReadingBatch:
    """One reading a minute and series; the value is the minute plus a tenth of the place of the series."""
    catalog = catalog or Catalog()
    numbers = np.array([catalog.intern(one) for one in series], dtype=np.int32)
    count = len(numbers)
    minute = np.repeat(np.array(minutes, dtype=np.int64), count)
    return ReadingBatch(
        catalog=catalog,
        series=np.tile(numbers, len(minutes)),
        time=START + minute * MINUTE,
        value=np.round(minute + np.tile(np.arange(count), len(minutes)) / 10, 1),
        seq=minute + 1,
    )


def private_world(worlds: Path, name: str, owner: str = "test-pilot") -> Path:
    """Make the folder of a private world, as its simulator would."""
    folder = worlds / name
    folder.mkdir(parents=True)
    (folder / "world.json").write_text(json.dumps({"owner": owner}))
    return folder


@dataclass(frozen=True)
class Api:
    """A running API: its parts, and clients for it."""

    url: str
    city: City
    store: Store
    hub: Hub
    register: Register
    context: Context
    secrets: dict[str, str]
    stop: Callable[[], None]

    def client(self, role: str | None = "pilot", address: str = "127.0.0.1") -> httpx.Client:
        """A client with a key of this role, or without any, that comes from a loopback address."""
        headers = {"Authorization": f"Bearer {self.secrets[role]}"} if role else {}
        transport = httpx.HTTPTransport(local_address=address)
        return httpx.Client(base_url=self.url, headers=headers, timeout=60, transport=transport)

    def socket(self, role: str = "pilot", **options: Any) -> "ClientConnection":
        """A WebSocket for live readings with a key of this role."""
        from websockets.sync.client import connect

        headers = {"Authorization": f"Bearer {self.secrets[role]}"}
        return connect(self.url.replace("http", "ws") + "/v1/ws", proxy=None, additional_headers=headers, **options)


def _with_pilots(register: Register) -> dict[str, str]:
    """Add a pilot of each role, where there is none, and return their keys."""
    known = {pilot.name for pilot in register.pilots()}
    for role in Role:
        if f"test-{role}" not in known:
            register.add(f"test-{role}", role=role, by="test")
    issue = partial(register.rotate, name="main") if known else register.issue
    return {role.value: issue(f"test-{role}", by="test") for role in Role}


@cache
def _control() -> tuple[bytes, dict[str, str]]:
    """Return control data with these pilots in a file of SQLite, and their keys: to make them takes longer than to copy."""
    with tempfile.TemporaryDirectory() as folder:
        engine = open_database(sqlite_in(folder))
        keys = _with_pilots(Register(engine))
        engine.dispose()
        return Path(folder, "control.db").read_bytes(), keys


@contextmanager
def running(
    *,
    city: City | None = None,
    store: Store | None = None,
    worlds: Path | None = None,
    hub: Hub | None = None,
    ready: Callable[[], list[str]] = list,
    stalled: Callable[[], Mapping[str, str]] = dict,
    replay: Callable[[], tuple[int, int]] = lambda: (0, 0),
    limits: Limits = PLENTY,
    quotas: PilotQuotas = RATE,
    webhook_private: bool = False,
    origins: Sequence[str] = (),
    certificate: Certificate | None = None,
    control: str | None = None,
    monitor: BrokerMonitor | None = None,
    page: Path | None = None,
    peer: str | None = None,
) -> Iterator[Api]:
    """Run the API until the end of the block; pilots have no devices yet, which may say as much as `limits`.

    The city is the small one, the store an empty one, and there are no worlds, unless they are given. `control` is the URL of control data that nobody has opened yet, if not a file of SQLite; `peer` is the name of this server
    among several on them.
    """
    city = city or small_city()
    hub = hub or Hub()
    folder = tempfile.TemporaryDirectory()
    worlds = worlds or Path(folder.name)
    owns_store = store is None
    if store is None:
        store = open_store(f"duckdb:///{folder.name}/readings.duckdb")
    made, secrets = _control()
    Path(folder.name, "control.db").write_bytes(made)
    engine = open_database(control or f"sqlite:///{folder.name}/control.db")
    devices = Devices(engine)
    register = Register(engine, quotas=quotas)
    if control:
        secrets = _with_pilots(register)
    peers = Peers(engine, peer, on_batch=BatchReader(hub.publish).take, on_gap=hub.skip) if peer else None
    shared = SharedExports(engine, peer) if peer else None
    exports = Exports(root=worlds / f"exports{peer or ''}", store=store, clock=WallClock(), shared=shared)
    known = Worlds(index=WorldFolders(worlds, host=WORLD), shared=WORLD)
    webhooks = WebhookService(
        register=Webhooks(engine),
        hub=hub,
        store=store,
        may=lambda pilot, world: register.is_active(pilot) and known.is_open_to(pilot, world),
        clock=WallClock(),
        private=webhook_private,
        leads=partial(leads, peers),
    )

    def publish(batch: ReadingBatch) -> None:
        hub.publish(batch)
        if peers:
            peers.publish(encode_batch(batch))

    context = Context(
        city=city,
        store=store,
        register=register,
        audit=Audit(engine),
        budget=Budget(engine),
        hub=hub,
        worlds=known,
        exports=exports,
        webhooks=webhooks,
        cursors=Cursors(b"secret"),
        trials=TrialService(
            register=Trials(engine, city, CHALLENGES, WallClock()),
            pilots=register,
            worlds=known,
            clock=WallClock(),
            private=b"k" * 32,
        ),
        ready=ready,
        stalled=stalled,
        counters=lambda: {"ingest_messages": 7},
        replay=replay,
        devices=devices,
        telemetry=Telemetry(
            register=devices,
            store=store,
            quotas=Quotas(lambda _: limits, peers),
            clock=WallClock(),
            on_stored=publish if peers else lambda _: None,
        ),
        monitor=monitor,
        addresses=lambda: ADDRESSES,
        peers=peers,
    )
    app = create_app(context, origins, page)
    server = Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical"), hub, certificate)
    thread = threading.Thread(target=server.run)
    thread.start()

    def stop() -> None:
        server.should_exit = True
        thread.join(timeout=60)
        assert not thread.is_alive(), "the server did not stop"

    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            thread.join(timeout=0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        url = f"{'https' if certificate else 'http'}://127.0.0.1:{port}"
        if peers:
            peers.url = url
        with register if peers else nullcontext(), peers or nullcontext(), exports, webhooks, context.trials:
            yield Api(url, city, store, hub, register, context, secrets, stop)
    finally:
        stop()
        engine.dispose()
        if owns_store:
            store.close()
        folder.cleanup()
