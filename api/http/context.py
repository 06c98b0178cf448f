"""Context of the application: the parts that routes work with, composed once by the caller."""

from asyncio import Lock as AsyncLock
from asyncio import Semaphore
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import Annotated, Protocol
from weakref import WeakValueDictionary

from anyio import to_thread
from fastapi import Depends, Request

from api.city.sensor_index import SensorIndex
from api.exports.jobs import Exports
from api.http.cursors import Cursors
from api.http.guard import Guard
from api.http.pools import FairPool, HeavyQueries
from api.http.readiness import Readiness
from api.http.remembered import Remembered
from api.live.feed import Feed
from api.live.frame import FrameBuilder
from api.live.frame_feed import FrameFeed
from api.live.hub import Hub
from api.pilots.activity import Activity
from api.pilots.alerts import Alerts
from api.pilots.history import History
from api.readings.encode import Encoder
from api.trials.service import TrialService
from api.webhooks.service import WebhookService
from api.worlds.worlds import Worlds
from zenata.broker.monitor import BrokerMonitor
from zenata.city.clock import WallClock
from zenata.city.model import City
from zenata.city.pack import LAYERS, read_layer
from zenata.city.readings import Selection
from zenata.control.audit import Audit
from zenata.control.budget import Budget
from zenata.control.devices import Devices
from zenata.control.peers import Peers
from zenata.control.register import Register
from zenata.control.web_sessions import WebSessions
from zenata.errors import StoreError
from zenata.store.base import Store
from zenata.wire.uplinks.results import TelemetryResult

STORED_AT_ONCE = 4
"""Requests with telemetry that have a thread at once; one of them is stored. A default."""

QUERIES, QUERIES_OF_ONE, MAX_WAITING = 24, 6, 200
"""Requests that work in threads at once, of all and of one pilot; how many more of one pilot wait. Defaults."""

MAX_REPLAYS = 4
"""Streams that read the store at once. A default."""

AT_ONCE = 32
"""How many requests of one pilot to one route wait for simulators at once; the others have not been sent yet.

A default, not a measured optimum. Fewer make a pilot's own burst slow: 60 commands to a world whose ticks are 10 s apart
took 20 s with 32, 80 s with 8.
"""


class LookUp:
    """Looks for what other processes have changed, for those who wait for it; one look at a time, for all of them.

    Parameters
    ----------
    refresh : callable
        Looks; it may block.
    """

    def __init__(self, refresh: Callable[[], None]) -> None:
        self._refresh, self._begun, self._turn = refresh, 0, AsyncLock()

    async def __call__(self) -> None:
        """Return when a look has ended that began after this call; what cannot be read stays as it is known."""
        came = self._begun
        async with self._turn:
            if self._begun == came:
                self._begun += 1
                with suppress(StoreError):
                    await to_thread.run_sync(self._refresh)


class Telemetry(Protocol):
    """Stores telemetry of devices; `ingest.telemetry.Telemetry` is one. What was taken is durable."""

    def points(self, pilot: str) -> int:
        """Return how many readings of a pilot were counted today."""
        ...

    def document(self, pilot: str, name: str | None, payload: bytes) -> TelemetryResult:
        """Take one message, all or nothing."""
        ...

    def lines(self, pilot: str, name: str | None, payload: bytes, precision: str) -> TelemetryResult:
        """Take line protocol, each line on its own."""
        ...


@dataclass(frozen=True, kw_only=True)
class Context:
    """The parts of the application.

    Parameters
    ----------
    city : City
    store : Store
    register : Register
        The pilots and their keys.
    audit : Audit
        Who did what.
    budget : Budget
        What pilots are granted and spend.
    hub : Hub
        What the process's ingest publishes to.
    worlds : Worlds
        Their simulators.
    devices : Devices
        Those of pilots.
    telemetry : Telemetry
        Stores what they send.
    exports : Exports
        Big queries written to files.
    webhooks : WebhookService
        Delivers events to addresses of pilots.
    trials : TrialService
        Runs trials.
    cursors : Cursors
        Of pages.
    ready : callable
        Returns what is not ready yet, in words; empty when all is.
    stalled : callable
        Returns what is wrong with the messages of worlds, by world; empty when all are stored.
    counters : callable
        Returns counters of the other services of the process, for /metrics.
    replay : callable
        Decodes dead letters again; returns how many became readings, and how many did not.
    monitor : BrokerMonitor or None
        Reads the broker's monitoring, where it has one.
    addresses : callable
        Returns URLs at which the broker answers, by a name for each.
    peers : Peers or None
        Other servers of the API on the same database; None if there can be none.
    """

    city: City
    store: Store
    register: Register
    audit: Audit
    budget: Budget
    hub: Hub
    worlds: Worlds
    devices: Devices
    telemetry: Telemetry
    exports: Exports
    webhooks: WebhookService
    trials: TrialService
    cursors: Cursors
    ready: Callable[[], list[str]] = list
    stalled: Callable[[], Mapping[str, str]] = dict
    counters: Callable[[], Mapping[str, float]] = dict
    replay: Callable[[], tuple[int, int]] = lambda: (0, 0)
    monitor: BrokerMonitor | None = None
    addresses: Callable[[], Mapping[str, str]] = dict
    peers: Peers | None = None

    own_activity: Remembered = field(init=False, default_factory=Remembered)
    """What pilots are told of themselves: it takes the broker, the store and the control data."""
    encoder: Encoder = field(init=False, default_factory=Encoder)
    """Writes tables of readings."""
    feeds: WeakValueDictionary[Selection, Feed] = field(init=False, default_factory=WeakValueDictionary)
    """What listeners with equal selections share."""
    frame_feeds: WeakValueDictionary[tuple[str, tuple[str, ...], str], FrameFeed] = field(
        init=False, default_factory=WeakValueDictionary
    )
    """What those who watch the same frames share, by world, kinds and property."""
    queries: FairPool = field(
        init=False, default_factory=lambda: FairPool(slots=QUERIES, share=QUERIES_OF_ONE, queue=MAX_WAITING)
    )
    """Slots of requests that work in threads."""
    simulator_calls: defaultdict[tuple[str, str], FairPool] = field(
        init=False, default_factory=lambda: defaultdict(lambda: FairPool(slots=8 * AT_ONCE, share=AT_ONCE, queue=1_000))
    )
    """Slots of requests that wait for simulators, by route."""
    heavy_queries: HeavyQueries = field(init=False, default_factory=HeavyQueries)
    """Turns of queries that read much."""
    takers: FairPool = field(
        init=False, default_factory=lambda: FairPool(slots=STORED_AT_ONCE, share=STORED_AT_ONCE // 2, queue=MAX_WAITING)
    )
    """Slots of requests with telemetry, of pilots in turns, so that a slow store leaves threads for everybody else."""
    replays: Semaphore = field(init=False, default_factory=lambda: Semaphore(MAX_REPLAYS))
    """Replays of streams that read the store at once, so that listeners who all come back leave room for queries."""
    sockets: Counter[str] = field(init=False, default_factory=Counter)
    """How many WebSockets each pilot has open."""
    streams: Counter[str] = field(init=False, default_factory=Counter)
    """How many streams of Server-Sent Events each pilot has open."""
    backfill_turns: defaultdict[str, Lock] = field(init=False, default_factory=lambda: defaultdict(Lock))
    """Turns of each pilot's backfills, so that two at once cannot both have what is left of the day's quota."""

    @cached_property
    def look_up(self) -> LookUp:
        """Looks for keys that another server may just have made."""
        return LookUp(self.register.refresh)

    @cached_property
    def activity(self) -> Activity:
        """Counts each pilot's requests."""
        return Activity(WallClock())

    @cached_property
    def history(self) -> History:
        """What pilots do by hour."""
        return History(self.register.engine, self.activity, WallClock())

    @cached_property
    def alerts(self) -> Alerts:
        """What somebody should look at, since when, and who has seen it."""
        return Alerts(self.register.engine, WallClock())

    @cached_property
    def guard(self) -> Guard:
        """Identifies keys and limits rates."""
        return Guard(self.register, WallClock(), self.peers)

    @cached_property
    def readiness(self) -> Readiness:
        """Finds out what is not ready."""
        return Readiness(self.ready, self.store.check)

    @cached_property
    def sessions(self) -> WebSessions:
        """Opens and ends sessions of browsers."""
        return WebSessions(self.register)

    @cached_property
    def sensors(self) -> SensorIndex:
        """The city's sensors, arranged for searching."""
        return SensorIndex(self.city)

    @cached_property
    def layers(self) -> dict[str, bytes]:
        """What only maps show, as GeoJSON by name."""
        return {name: read_layer(self.city, name) for name in LAYERS}

    @cached_property
    def frames(self) -> FrameBuilder:
        """Makes frames of readings."""
        return FrameBuilder(self.sensors)

    @property
    def world(self) -> str:
        """The world meant where a request names none."""
        return self.worlds.shared

    def newest(self, worlds: tuple[str, ...]) -> int | None:
        """Return the newest observation time [us] of some worlds, or None if they have no readings.

        A world's clock need not be the wall's, so its readings tell its time.
        """
        times = [time for time in map(self.hub.newest, worlds) if time is not None]
        if times:
            return max(times)
        stored = self.store.latest(Selection(worlds=worlds)).time
        return int(stored.max()) if len(stored) else None


async def get_context(request: Request) -> Context:
    """Return the parts of the application that answers this request."""
    context: Context = request.app.state.context
    return context


ContextDep = Annotated[Context, Depends(get_context)]
