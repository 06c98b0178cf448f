"""Evaluates the conditions of webhooks on stored readings and announced events, and records deliveries.

Nothing is evaluated before it is stored, and nothing that is stored is passed over: after a restart, and where the ring
of the hub has gone on without us, each condition resumes from the store, a little before the time up to which it was
evaluated. What is evaluated twice is delivered once, as the id of a delivery is a digest of its contents. Readings come
late where something was killed or stood, as the broker sends again what was not acknowledged only after what is newer:
a sensor whose late readings do not agree with what was delivered is evaluated again, from the store.

Pilots take turns of some time: whoever has webhooks on more than can be evaluated, such as worlds at `max`, is late alone.
"""

import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from api.live.hub import Hub
from api.webhooks.backlog import Backlog, rows_of
from api.webhooks.conditions import Span
from api.webhooks.register import Webhooks
from api.webhooks.trackers import EventTracker, Outcome, Room, SensorTracker
from api.webhooks.webhook import Webhook, WebhookError
from zenata.city.clock import EARLIEST, Clock
from zenata.city.model import OWN
from zenata.city.readings import ReadingBatch, Selection
from zenata.errors import QueryTooFine, QueryTooHeavy, StoreError
from zenata.process.background import Background
from zenata.store.base import Store, Table
from zenata.wire.bulletins import Announcement

log = logging.getLogger(__name__)

GRACE = 30.0
"""How long after the start no device is called silent [s]: its messages may still be on their way."""

_INTERVAL = 0.2  # between two evaluations [s]
_RIGHTS = 1.0  # between two checks of who may see what [s]
_REVISION = 1.0  # between two checks of whether another process has changed a webhook [s]
_MARK = 5.0  # pause between two notes of how far we are [s]
_REPORT = 60.0  # between two reports of readings that came too late [s]
_TURN = 0.3  # how long the webhooks of one pilot are evaluated before those of the next [s]
_REVISION_PAUSE = 1.0  # between two looks at late readings [s]: they come many at a time
_MAX_REVISED = 5  # sensors of one pilot evaluated again at one look, so that none holds up the others


@dataclass(slots=True)
class _Turn:
    """How far the webhooks of one pilot have come.

    Parameters
    ----------
    next : int
        The batch of the hub to look at next.
    behind : deque
        Webhooks that read from the store what has left the hub, and what they have still to read.
    """

    next: int
    behind: deque[tuple[SensorTracker, Iterator[Table]]] = field(default_factory=deque)


class ConditionEvaluator(Background):
    """Evaluates in a thread of its own, while it is entered.

    Parameters
    ----------
    hooks : Webhooks
    hub : Hub
    store : Store
    may : callable
        Tells whether a pilot may look into a world now.
    clock : Clock
        The wall's.
    grace : float
        See `GRACE`.
    leads : callable
        Whether this process, of several, evaluates. One that begins to lead goes on where the other has got to.
    """

    def __init__(
        self,
        *,
        hooks: Webhooks,
        hub: Hub,
        store: Store,
        may: Callable[[str, str], bool],
        clock: Clock,
        grace: float = GRACE,
        leads: Callable[[], bool] = lambda: True,
    ) -> None:
        self._hooks, self._hub, self._store, self._may, self._clock = hooks, hub, store, may, clock
        self._backlog = Backlog(store, hub)
        self._rooms: dict[str, Room] = {}  # by pilot
        self._since = time.monotonic() + grace
        self._leads, self._led = leads, False
        self._turns: dict[str, _Turn] = {}  # by pilot
        self._revision, self._changes = -1, 0
        self._known: list[Webhook] = []
        self._times: dict[str, int | None] = {}  # by world, when it was looked at what has come [us]
        self._until = 0  # the batch of the hub to come then
        self._sensors: dict[str, SensorTracker] = {}  # by webhook, as the next
        self._events: dict[str, EventTracker] = {}
        self._outcomes: deque[Outcome] = deque()
        self._marked: dict[str, int | None] = {}
        self._next = {"rights": 0.0, "mark": 0.0, "revision": 0.0, "late": 0.0, "report": 0.0}
        self._lock = threading.Lock()  # held by whoever is at work on any of these
        super().__init__("webhook conditions")

    def start(self) -> None:
        """Take up the webhooks there are, and start the thread."""
        self._attempt(self._lead)
        super().start()

    def announce(self, world: str, payload: bytes) -> None:
        """Take an event that a world announced; its deliveries are recorded when this returns.

        Raises
        ------
        SQLAlchemyError
            If the database is away: announce it again.
        """
        with self._lock:
            self._lead()
            try:
                event = msgspec.json.decode(payload, type=Announcement)
                for tracker in self._events.values():
                    if tracker.hook.world == world:
                        self._note(tracker.announce(event, self._clock.now()))
            except (msgspec.DecodeError, ValueError) as error:
                log.warning("what %s announced is no event: %s", world, error)
            self._write()

    def _run(self) -> None:
        while not self._stop.wait(_INTERVAL):
            with self._lock:
                self._attempt(self._lead)
                acts = (self._follow, self._revise, self._look, self._write, self._mark, self._report)
                for act in acts if self._led else ():
                    self._attempt(act)
        with self._lock:
            if self._led:
                self._attempt(self._write)

    def _attempt(self, act: Callable[[], None]) -> None:
        """Do something; where a database or the store is away, it is done later."""
        try:
            act()
        except (SQLAlchemyError, StoreError) as error:
            log.warning("webhooks wait for the database or the store: %s", type(error).__name__)
        except Exception:
            log.exception("a look at the conditions of webhooks failed; it is made again")

    def _lead(self) -> None:
        """Find out whether to evaluate, and take up the webhooks if so; whoever leads no more forgets them."""
        leads = self._leads()
        if self._led and not leads:
            self._sensors, self._events, self._marked, self._known, self._turns = {}, {}, {}, [], {}
            self._outcomes.clear()
            self._revision = -1
        self._led = leads
        if leads:
            self._refresh()

    def _refresh(self) -> None:
        """Take up the webhooks that are new or restarted, and drop those that are gone or not allowed any more."""
        revision = self._revision
        if self._hooks.changes != self._changes or self._revision < 0 or self._is_time("revision", _REVISION):
            self._changes = self._hooks.changes
            revision = self._hooks.revision()
        if revision != self._revision:
            hooks = self._hooks.webhooks()
            # Alerts are delivered by `api.webhooks.alerts`.
            self._known = [hook for hook in hooks if hook.enabled and hook.condition["type"] != "alert"]
            self._revision = revision
        elif not self._is_time("rights", _RIGHTS):
            return
        allowed = {pair for pair in {(hook.pilot, hook.world) for hook in self._known} if self._may(*pair)}
        wanted = {hook.id: hook for hook in self._known if (hook.pilot, hook.world) in allowed}
        trackers: dict[str, SensorTracker | EventTracker] = {**self._sensors, **self._events}
        for id_, tracker in trackers.items():
            if id_ in wanted and wanted[id_].begun == tracker.hook.begun:
                tracker.hook = wanted[id_]
            else:
                self._sensors.pop(id_, None)
                self._events.pop(id_, None)
        self._rooms = {hook.pilot: self._rooms.get(hook.pilot) or Room() for hook in wanted.values()}
        for room in self._rooms.values():
            room.keep(wanted)
        for id_, hook in wanted.items():
            if id_ not in self._sensors and id_ not in self._events:
                self._attempt(partial(self._take_up, hook.pilot, id_))

    def _take_up(self, pilot: str, id_: str) -> None:
        """Begin with a webhook where it was left, or now."""
        try:
            hook = self._hooks.webhook(pilot, id_)  # as it is now, with how far it has come
        except WebhookError:
            return  # it was removed just now
        if hook.condition["type"] == "event":
            self._events[id_] = EventTracker(hook, self._hooks.states(id_))
            return
        unsettled, begin = self._hub.unsettled, self._hub.next
        self._turns.setdefault(pilot, _Turn(begin))
        tracker = SensorTracker(hook, self._hooks.states(id_), self._rooms[pilot])
        tracker.begin = begin  # the turn may be far behind: nothing of before the webhook was made is delivered
        if hook.seen is None or hook.condition["type"] == "silence":
            self._take_table(tracker, self._store.latest(tracker.selection))
        else:
            for table in self._backlog.missed(tracker, hook.seen):
                self._take_table(tracker, table)
        if tracker.seen is None:  # there is nothing yet, so whatever is there after a restart is new
            tracker.seen = EARLIEST
        for batch in self._backlog.batches(unsettled, begin):
            self._take_batch(tracker, batch)
        tracker.passed_over()  # what was read again was evaluated when it came
        self._sensors[id_] = tracker
        self._next["mark"] = 0.0

    def _revise(self) -> None:
        """Evaluate again the sensors whose late readings do not agree with what was delivered of them."""
        if not self._is_time("late", _REVISION_PAUSE):
            return
        revised = Counter[str]()
        for tracker in self._sensors.values():
            pilot = tracker.hook.pilot
            for span, selection in tracker.late(_MAX_REVISED - revised[pilot]):
                revised[pilot] += 1
                self._attempt(partial(self._revise_sensor, tracker, span, selection))

    def _revise_sensor(self, tracker: SensorTracker, span: Span, selection: Selection) -> None:
        unsettled = self._hub.unsettled
        try:
            parts = [rows_of(table) for table in self._backlog.pages(selection, span.start, span.end + 1)]
            batches = self._backlog.batches(unsettled, max(self._turns[tracker.hook.pilot].next, tracker.begin))
            parts += [(batch.catalog, batch.series, batch.time, batch.value) for batch in batches]
        except (QueryTooFine, QueryTooHeavy) as error:
            log.warning("webhook %s passes over late readings: %s", tracker.hook.id, error)
            parts = []  # not a part of them: it would tell what never was
        self._note(tracker.revise(span, parts, self._clock.now()))

    def _follow(self) -> None:
        """Take in what has come since the last look, of one pilot after the other."""
        wall = self._clock.now()
        worlds = {one.hook.world for one in self._sensors.values()} | {one.hook.world for one in self._events.values()}
        self._times = {world: self._now(world, wall) for world in worlds}
        self._until = self._hub.next  # after the times: what came up to them is before it
        trackers: dict[str, list[SensorTracker]] = {}
        for tracker in self._sensors.values():
            trackers.setdefault(tracker.hook.pilot, []).append(tracker)
        self._turns = {pilot: self._turns[pilot] for pilot in trackers}
        for pilot, own in trackers.items():
            self._attempt(partial(self._take_turn, self._turns[pilot], own))

    def _take_turn(self, turn: _Turn, trackers: Sequence[SensorTracker]) -> None:
        """Take in what has come for the webhooks of a pilot, for as long as a turn is."""
        self._write()  # what the database could not take before: nothing more is taken in until it can
        end = time.monotonic() + _TURN
        while time.monotonic() < end and not self._stop.is_set():
            if turn.behind:
                self._take_page(turn)
            elif turn.next >= self._hub.next:
                return
            elif (batch := self._hub.batch(turn.next)) is not None:
                for tracker in (one for one in trackers if one.begin <= turn.next):
                    self._try(tracker, partial(self._take_batch, tracker, batch))
                turn.next += 1
            else:  # we were too slow
                turn.next = self._hub.unsettled
                turn.behind.extend(
                    (one, self._backlog.missed(one, one.seen)) for one in trackers if one.seen is not None
                )
            self._write()

    def _take_page(self, turn: _Turn) -> None:
        """Take in a page of what a webhook has missed."""
        tracker, pages = turn.behind[0]
        if not self._has(tracker):
            turn.behind.popleft()
            return
        try:
            table = next(pages, None)
        except StoreError:
            turn.behind[0] = tracker, self._backlog.missed(tracker, tracker.seen or EARLIEST)  # it is read again
            raise
        if table is None:
            turn.behind.popleft()
        else:
            self._try(tracker, partial(self._take_table, tracker, table))

    def _try(self, tracker: SensorTracker, act: Callable[[], None]) -> None:
        """Do something with a condition on readings; one that fails begins again from the store, and stops no other."""
        try:
            if self._has(tracker):
                act()
        except Exception:
            log.exception("the condition of webhook %s failed; it is taken up again from the store", tracker.hook.id)
            del self._sensors[tracker.hook.id]

    def _has(self, tracker: SensorTracker) -> bool:
        """Return whether a condition is looked at still: it may have been removed, or have failed."""
        return self._sensors.get(tracker.hook.id) is tracker

    def _look(self) -> None:
        """Look who is silent, of the pilots whose turn has come up to the times that are looked at, and what is over."""
        wall = self._clock.now()
        late = {pilot for pilot, turn in self._turns.items() if turn.behind or turn.next < self._until}
        trackers: list[SensorTracker | EventTracker] = [*self._events.values()]
        trackers += [tracker for tracker in self._sensors.values() if tracker.hook.pilot not in late]
        for tracker in trackers:
            if (now := self._times[tracker.hook.world]) is not None:
                self._attempt(partial(self._look_at, tracker, now, wall))  # each by itself: it stops no other

    def _look_at(self, tracker: SensorTracker | EventTracker, now: int, wall: int) -> None:
        self._note(tracker.look(now, wall))

    def _now(self, world: str, wall: int) -> int | None:
        """Return the time in a world [us]: of devices the time of day, else that of the newest reading."""
        if not world.startswith(OWN):
            return self._hub.newest(world)
        return wall if time.monotonic() >= self._since else None

    def _take_batch(self, tracker: SensorTracker, batch: ReadingBatch) -> None:
        self._note(tracker.take(batch.catalog, batch.series, batch.time, batch.value, self._clock.now()))

    def _take_table(self, tracker: SensorTracker, table: Table) -> None:
        self._note(tracker.take(*rows_of(table), self._clock.now()))

    def _note(self, outcome: Outcome) -> None:
        if outcome:
            self._outcomes.append(outcome)

    def _write(self) -> None:
        """Record states and deliveries, in the order that they happened."""
        while self._outcomes:
            outcome = self._outcomes[0]
            self._hooks.record(outcome.hook, outcome.states, outcome.deliveries)
            self._outcomes.popleft()

    def _mark(self) -> None:
        """Note how far the conditions have been looked at, now that all of it is written."""
        if self._outcomes or not self._is_time("mark", _MARK):
            return
        seen = {id_: tracker.seen for id_, tracker in self._sensors.items()}
        new = {id_: time for id_, time in seen.items() if time is not None and time != self._marked.get(id_)}
        if new:
            self._hooks.mark({id_: (self._sensors[id_].hook.begun, time) for id_, time in new.items()})
        self._marked = dict(seen)

    def _report(self) -> None:
        """Record what webhooks did not do, as it was too late or too much: whoever waits for it is to know."""
        if not self._is_time("report", _REPORT):
            return
        for tracker in self._sensors.values():
            late = tracker.passed_over()
            for found in (*tracker.missed(), *((late,) if late else ())):
                self._hooks.note_passed_over(tracker.hook, found, self._clock.now())
            if left_out := tracker.left_out():
                self._hooks.note_left_out(tracker.hook, left_out, self._clock.now())
        self._hooks.note_dropped(self._clock.now())

    def _is_time(self, what: str, pause: float) -> bool:
        """Return whether something is to be done again that is done after pauses [s]."""
        now = time.monotonic()
        if now < self._next[what]:
            return False
        self._next[what] = now + pause
        return True
