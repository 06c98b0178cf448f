"""Simulation service: steps a world by its clock, publishes its readings, and applies commands and journal entries."""

import gc
import logging
import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import TypeVar

from simulators.host.commands import CommandQueue, not_taken, response_to
from simulators.host.encoder import Encoder
from simulators.host.fast_forward import FastForward
from simulators.host.publisher import WorldPublisher
from simulators.host.tick_floor import PUNCTUAL, Hold, Punctual
from simulators.record.journal import Entry, Order
from simulators.record.record import Pace, Record
from simulators.record.run import Run
from simulators.world.emission import Emission
from zenata.city.clock import SECOND, ZONE_RULES, Clock, ScaledClock, WallClock
from zenata.errors import CommandError, SetupError, TopicError
from zenata.wire import commands, topics
from zenata.wire.commands import Response
from zenata.wire.mqtt import Publisher

log = logging.getLogger(__name__)

T = TypeVar("T")

CHECKPOINT_EVERY = 30.0
"""Time between checkpoints [s]."""

_TURN = 0.25  # longest wait between two looks at calls and signals [s]
_DRAIN = 3.0  # how long to wait for the broker's acknowledgements before a checkpoint is put off [s]


class Simulation:
    """Steps a world when its time comes, publishes, and runs calls of other threads between two ticks.

    Calls from outside go through `call`, which any thread may use; all else belongs to the thread
    of `run`.

    Parameters
    ----------
    run : Run
    encoder : Encoder
    publisher : Publisher
    record : Record
    pace : Pace
    packs : bool
        Whether each district's readings are published as one pack too.
    max_rate : float
        Messages a second that it may publish in the long run.
    fast_forward : FastForward or None
        Backfills up to a later time on request; None if there is no store to reach.

    Attributes
    ----------
    floor : Hold or None
        Holds ticks back, in the shared city and in the world of a trial.
    between_ticks : threading.Event
        Set but while a tick is made that is held back: who asks meanwhile waits, or the answer would come the later the more
        there is to do.
    commands : CommandQueue
    outcomes : list of (Order, Response)
        The commands of the last tick.
    """

    def __init__(
        self,
        *,
        run: Run,
        encoder: Encoder,
        publisher: Publisher,
        record: Record,
        pace: Pace,
        packs: bool = False,
        max_rate: float = math.inf,
        fast_forward: FastForward | None = None,
    ) -> None:
        self.running = run
        self._publisher = publisher
        self._record = record
        self._inbox: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._published = WorldPublisher(
            run=run,
            encoder=encoder,
            publisher=publisher,
            record=record,
            packs=packs,
            max_rate=max_rate,
            defer=self._inbox.put,
        )
        self.fast_forward = fast_forward
        self.floor: Hold | None = None if run.recipe.owner else Punctual()
        self.between_ticks = threading.Event()
        self.between_ticks.set()
        self._let_out = max(run.time, run.reached), run.world.messages
        self.commands = CommandQueue(self._published.publish_response)
        self.outcomes: list[tuple[Order, Response]] = []
        self._clock: Clock = WallClock()
        self._zone_rules_noted = False
        self._saved = time.monotonic()  # the last checkpoint
        self._take_pace(pace)

    def call(self, act: Callable[[], T]) -> Future[T]:
        """Run a function in the thread of `run`, between two ticks; any thread may call this."""
        future: Future[T] = Future()

        def do() -> None:
            try:
                future.set_result(act())
            except Exception as error:  # noqa: BLE001 - the caller gets it
                future.set_exception(error)

        self._inbox.put(do)
        return future

    @property
    def rest(self) -> float:
        """Time until the rate allows the next message [s]; below zero when it does now."""
        return self._published.rest

    @property
    def shown(self) -> tuple[int, int]:
        """Time of the last tick that may be seen [us since the Unix epoch], and the messages up to it.

        That is none that a floor still holds back, and none before that which a process that was killed had come to.
        """
        return self._let_out if self.floor else (self.running.time, self.running.world.messages)

    def order(self, order: Order) -> Future[Response]:
        """Take a command for the next tick, or answer it at once if no device could obey it; for the thread of `run`."""
        return self.commands.take(order, self.refusal(order), self.running.time)

    def refusal(self, order: Order) -> str | None:
        """Return why no device could obey a command now, whatever its state, or None if one could."""
        untaken = not_taken(self.running.recipe, order.kind, self.running.time)
        return untaken or self.running.world.check_command(order.kind, order.sensor, order.set)

    def receive(self, topic: str, payload: bytes) -> None:
        """Take a command from the broker, and respond to it; any thread may call this."""
        try:
            device = topics.parse_command(topic)
        except TopicError as error:
            log.warning("%s", error)
            return
        try:
            command = commands.decode(payload)
        except CommandError as error:
            refused = Order(id=None, kind=device.kind, sensor=device.sensor, set={})
            why = str(error)
            self.call(lambda: self._published.publish_response(refused, response_to(refused, self.running.time, why)))
        else:
            order = Order(id=command.id, kind=device.kind, sensor=device.sensor, set=command.set)
            self.call(partial(self.order, order))

    def set_pace(self, pace: Pace) -> None:
        """Go on at another pace, and publish a clock with it, as the retained one has the pace before.

        Raises
        ------
        SetupError
            If it follows the time of day.
        """
        changed = (pace.state, pace.speed) != (self.pace.state, self.pace.speed)
        self._take_pace(pace)
        is_far = self.fast_forward is not None and self.fast_forward.under_way
        if changed and self.running.caught_up and self.running.seen and not is_far:
            self._published.publish_clock(self.running.time, pace)

    def _take_pace(self, pace: Pace) -> None:
        live = self.running.recipe.live
        if live and pace != Pace():
            raise SetupError("a city that follows the time of day runs at speed 1 and does not stop")
        self.pace = pace
        self._record.save_pace(pace)
        self._set_clock()

    def do(self, entry: Entry) -> None:
        """Apply an entry that is not an order; see `Run.do`."""
        if not self.running.caught_up:
            raise SetupError("the world is still coming to where it was; try again in a moment")
        self.running.do([entry])

    def _note_zone_rules(self) -> None:
        """Journal the rules of the time zone, if they are others than before."""
        run = self.running
        noted = [entry.zone_rules for entry in run.journal.since(0) if entry.zone_rules]
        if ([run.recipe.zone_rules, *noted])[-1] != ZONE_RULES:
            log.warning("the time zone rules are now those of tzdata %s; the record says so", ZONE_RULES)
            run.do([Entry(at=run.time, zone_rules=ZONE_RULES)])
        self._zone_rules_noted = True

    def run(self, stop: threading.Event, on_turn: Callable[[], None] = lambda: None) -> None:
        """Run until `stop` is set, then leave a checkpoint. `on_turn` is called several times a second."""
        gc.collect()
        gc.freeze()  # the city stays: without it the collector looks at all of it again and again, in the midst of ticks
        while not stop.is_set():
            wait = self._wait()
            if wait <= 0:
                self._return_to_short_ticks()
                self.tick()
            self._attend(max(min(wait, _TURN), 0.0))
            on_turn()
            if not isinstance(self.floor, Punctual):
                self._save_when_due()
        self.save_checkpoint()

    def tick(self) -> Emission:
        """Move the world on one tick and publish it."""
        if not self.floor:
            return self._tick()
        self.between_ticks.clear()
        try:
            return self._tick()
        finally:
            self.between_ticks.set()

    def _tick(self) -> Emission:
        if not self._zone_rules_noted and self.running.caught_up:
            self._note_zone_rules()
        if isinstance(self.floor, Punctual):
            self._save_when_due()  # while all wait for the tick: it takes the longer the more hidden events are followed
        run = self.running
        before, caught_up = run.time, run.caught_up
        orders = self.commands.waiting if caught_up else []
        refusals = run.do([Entry(at=before, order=order) for order in orders]) if orders else []
        # Never back: a second kill must not lose the later time.
        if self._next > max(run.reached, run.recipe.begins or 0):
            self._record.save_reached(self._next)
        begun = time.monotonic()
        emission = run.step()
        if self.floor and caught_up:
            took = time.monotonic() - begun  # held before anything of the tick is to be seen
            time.sleep(self.floor.pause((run.time - run.recipe.start) // run.every, took, self._late()))
        if run.caught_up:
            # Before it is published: an answer by who has seen it does not count as one before it.
            self._let_out = run.time, run.world.messages
        if run.seen and not (self.fast_forward and self.fast_forward.takes(emission)):
            self._published.publish(emission, before, self.pace)
        self.outcomes = list(zip(orders, self.commands.finish(refusals, run.time), strict=True))
        if (self.fast_forward and self.fast_forward.has_arrived()) or caught_up != run.caught_up:
            self._set_clock()  # else it would wait for the time that it has just caught up with
        return emission

    def set_every(self, every: int) -> None:
        """Let the ticks be of another length from now on [us]."""
        if self.running.every != every:
            self.do(Entry(at=self.running.time, every=every))

    def _save_when_due(self) -> None:
        if time.monotonic() - self._saved > CHECKPOINT_EVERY:
            self.save_checkpoint()
            self._saved = time.monotonic()

    def save_checkpoint(self) -> bool:
        """Write a checkpoint, if the broker has acknowledged everything; return whether it has."""
        if self.fast_forward:
            self.fast_forward.flush()
        if drained := self._publisher.drain(_DRAIN):
            self.running.save_checkpoint()
        else:
            log.warning("the broker has not acknowledged everything; the checkpoint is put off")
        return drained

    def _set_clock(self) -> None:
        if not self.running.recipe.live:
            self._clock = ScaledClock(start=self._next, speed=self.pace.speed or 1.0)

    @property
    def _next(self) -> int:
        """Time of the next tick [us since the Unix epoch]."""
        return (self.running.time // self.running.every + 1) * self.running.every

    def _late(self) -> float:
        """Return how long ago the last tick was due [s]; infinite where nobody waits for it, or ticks are due faster than floors are."""
        speed = self.pace.speed
        if self.pace.state == "paused" or not speed or self.running.every < PUNCTUAL * speed * SECOND:
            return math.inf
        return (self._clock.now() - self.running.time) / SECOND / speed

    def _wait(self) -> float:
        """Return how long until the next tick [s]."""
        if not self.running.caught_up or (self.fast_forward and self.fast_forward.under_way):
            return 0.0  # ticks that were published before, and those of a backfill, wait for no clock
        if self.pace.state == "paused":
            return math.inf
        wait = max((self._next - self._clock.now()) / SECOND / (self.pace.speed or math.inf), -1.0)
        if wait <= -1.0 and not self.running.recipe.live:
            self._set_clock()  # ticks that came late stay late; they are not hurried after
        return max(wait, self.rest)

    def _attend(self, timeout: float) -> None:
        """Run the calls of other threads, waiting for the first at most `timeout` [s]."""
        with suppress(Empty):
            self._inbox.get(timeout=timeout)() if timeout else self._inbox.get_nowait()()
            while True:
                self._inbox.get_nowait()()

    def _return_to_short_ticks(self) -> None:
        """End the longer ticks of an `advance`, now that the world runs by itself."""
        is_far = self.fast_forward is not None and self.fast_forward.under_way
        if self.pace.state == "running" and self.running.caught_up and not is_far:
            self.set_every(self.running.recipe.every)
