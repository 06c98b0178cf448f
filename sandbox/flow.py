"""Message flow: compares what worlds say they have published with what was stored, so that no stop goes unnoticed.

A world's own count comes from its simulator by a local call, and not by the broker: so whatever stopped in between (the
broker, a session, ingest, the store), published and stored drift apart here within seconds.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping

import msgspec

from simulators.world.conditions import TICK
from zenata.city.clock import SECOND, parse_time
from zenata.errors import ControlError
from zenata.process.background import Background
from zenata.store.ledger import Ledger
from zenata.worlds.index import WorldIndex

log = logging.getLogger(__name__)

WINDOW = 4.0
"""How long messages may be on their way [s]. A default: ingest takes well below a second. With the 10 s between two ticks of
a live city it makes 15 s at most from any stop to its report."""

_INTERVAL = 0.9  # between two comparisons [s]
_LOOK = 0.05  # between two, until a city that is awaited has answered [s]
_TIMEOUT = 2.0  # for a simulator to answer [s]
_START = 60.0  # for one that has never answered: many begin at once, each waits for its folder and for the broker [s]
_SAMPLES = 100


class _Status(msgspec.Struct):
    """Those members of a world's status that are compared."""

    time: str
    state: str
    messages: int
    speed: float | str = 1.0
    publish: bool = True


class Flow:
    """The messages of one world; pure: times are given.

    Parameters
    ----------
    world : str
    """

    def __init__(self, world: str) -> None:
        self._world = world
        self._published: deque[tuple[float, int]] = deque(maxlen=_SAMPLES)
        self._base: int | None = None  # what was in flight at best: messages lost before we looked stay out
        self._outstanding = 0
        self._time, self._step = 0, 0  # of the world, and how far it last moved [us]
        self._moved, self._answered, self._awaited = 0.0, 0.0, 0.0
        self._stands = ""

    def answered(self, status: _Status, in_flight: int, now: float) -> None:
        """Take the status of the world, and how many of its messages are in flight by the ledger, at `now` [s]."""
        self._published.append((now, status.messages))
        self._base = in_flight if self._base is None else min(self._base, in_flight)
        self._outstanding = in_flight - self._base
        self.moved(status, now)

    def moved(self, status: _Status, now: float) -> None:
        """Take the time of the world alone: one that catches up counts again what it has published before."""
        self._answered = now
        moment = parse_time(status.time)
        if moment != self._time or status.state not in ("running", "catching-up"):
            self._step, self._time, self._moved = moment - self._time if self._time else 0, moment, now
        if status.state != "catching-up" and isinstance(status.speed, float | int):
            pause = max(self._step, TICK) / SECOND / status.speed + WINDOW
        else:
            pause = 2 * WINDOW  # as fast as it goes
        self._stands = f"the time of {self._world} stands at {status.time}" if now - self._moved > pause else ""

    def unpublished(self, status: _Status, now: float) -> None:
        """Take the status of a world that publishes no readings now, as of a trial over HTTP: nothing is on its way."""
        self._published.clear()
        self._base, self._outstanding = None, 0
        self.moved(status, now)

    def awaited(self, now: float) -> None:
        """Take that the world should answer from now on, unless it was awaited before."""
        self._awaited = self._awaited or now

    def forget_outstanding(self) -> None:
        """Take what is in flight at the next look for lost: it is named by the ledger, and no sign of a stop."""
        self._base = None

    def problem(self, now: float) -> str:
        """Return what is wrong at `now` [s]; empty if nothing is."""
        if not self._answered:
            overdue = self._awaited and now - self._awaited > _START
            return f"the simulator of {self._world} has not answered for {now - self._awaited:.0f} s" if overdue else ""
        if now - self._answered > 2 * WINDOW:
            return f"the simulator of {self._world} has not answered for {now - self._answered:.0f} s"
        if not self._published:
            return self._stands
        first, newest = self._published[0], self._published[-1]
        before = [count for when, count in self._published if when <= now - WINDOW]
        if before and now - first[0] >= WINDOW and self._outstanding > newest[1] - before[-1]:
            return (
                f"{self._outstanding:,} messages of {self._world} are published and not stored, for more than "
                f"{WINDOW:.0f} s: look at the logs of broker, ingest and store"
            )
        return self._stands


class FlowMonitor(Background):
    """Compares the worlds that run, again and again, in a thread of its own, and reports those that should and do not.

    Parameters
    ----------
    index : WorldIndex
    shared : str
        The shared city.
    ledger : callable
        Returns the ledger, which a store that had to be opened again has made anew. It learns how many messages each world has
        published.
    awaited : bool
        Whether the shared city is being started: until it answers and has readings, that is a problem.
    """

    def __init__(self, index: WorldIndex, shared: str, ledger: Callable[[], Ledger], *, awaited: bool = False) -> None:
        super().__init__("message flow", daemon=True)
        self._index, self._shared, self._ledger = index, shared, ledger
        self._flows: dict[str, Flow] = {}
        self._problems: Mapping[str, str] = {}
        self._awaited = awaited

    @property
    def problems(self) -> Mapping[str, str]:
        """What is wrong now, by world."""
        return self._problems

    def shared_problems(self) -> list[str]:
        """Return what is wrong with the shared city, if anything is."""
        if self._awaited and self._shared not in self._flows:
            return ["the simulators do not answer yet"]
        if self._awaited and not self._ledger().balance(self._shared).stored:
            return [f"no reading of {self._shared} has come yet"]
        return [problem for world, problem in self._problems.items() if world == self._shared]

    def forget_outstanding(self) -> None:
        """Call what is in flight lost: the broker no longer has the session in which it waited."""
        for flow in list(self._flows.values()):
            flow.forget_outstanding()

    def _run(self) -> None:
        while not self._stop.wait(_LOOK if self._awaited and self._shared not in self._flows else _INTERVAL):
            try:
                self.compare()
            except Exception:
                log.exception("published and stored messages could not be compared; trying again")

    def compare(self) -> None:
        """Ask every world that runs, once, and look for those that should."""
        running, now = set(self._index.running()), time.monotonic()
        marked = {world: self._index.marker(world) for world in self._index.names()}
        wanted = {world for world, marker in marked.items() if marker is None}
        for gone in set(self._flows) - running - wanted - {self._shared}:
            del self._flows[gone]
        for world in wanted:
            self._flows.setdefault(world, Flow(world)).awaited(now)
        for world in sorted(running):
            if (status := self._status(world)) is None or self._stop.is_set():
                continue
            flow = self._flows.setdefault(world, Flow(world))
            if status.state == "catching-up":
                flow.moved(status, time.monotonic())
                continue
            if not status.publish:
                flow.unpublished(status, time.monotonic())
                continue
            ledger = self._ledger()
            ledger.announce(world, status.messages)
            balance = ledger.balance(world)
            flow.answered(status, balance.in_flight, time.monotonic())
            if world == self._shared and balance.stored:
                self._awaited = False
        now = time.monotonic()
        found = {world: flow.problem(now) for world, flow in self._flows.items()}
        found |= {world: self._failure(world) for world, marker in marked.items() if marker == "failed"}
        for world, problem in found.items():
            if problem and world not in self._problems:
                log.error("%s", problem)
        self._problems = {world: problem for world, problem in found.items() if problem}

    def _failure(self, world: str) -> str:
        """Return that a world has failed, and why: by the first line, as those that follow are of its log."""
        reason = (self._index.failure(world) or "").partition("\n")[0].removesuffix(":")
        return f"{world} has failed{reason and f': {reason}'}"

    def _status(self, world: str) -> _Status | None:
        """Return the status of a world, which does not keep it awake; None if it does not answer."""
        try:
            answer = self._index.ask_raw(world, "status", {"used": False}, timeout=_TIMEOUT)
            return msgspec.json.decode(answer, type=_Status)
        except (ControlError, msgspec.DecodeError, OSError):
            return None
