"""Trial runner: gives trials their worlds in turn, moves them on, and has each seed scored when it has come to its end.

All it knows of a trial is in the control data, and in the folder of the running seed's world: a process that died goes on
where it was.
"""

import logging
import math
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import msgspec

from api.http.problems import Problem
from api.worlds.worlds import Worlds
from zenata.city.clock import Clock, parse_time
from zenata.contract.trials import NewAnswers, NewStep
from zenata.control.editions import Editions
from zenata.control.register import Register
from zenata.control.trial_tables import LATE, TrialRow
from zenata.control.trials import OPEN, Trials
from zenata.errors import TrialError
from zenata.process.background import Background

log = logging.getLogger(__name__)

AT_ONCE = 4
"""Trials whose worlds run at once, or one of each pilot; the others wait in a queue. A default."""

THREADS = 64
"""Trials that something is done for at once; a pilot has at most `AT_ONCE` that run, so that its own hold no others up."""

MAX_FAILURES = 100
"""Attempts in a row at the next thing to do for a trial, after which it has failed. A default."""

_LOOK = 0.25  # between two looks at what is to be done [s]
_PATIENCE = 20.0  # of a request for a step, for the world of its seed [s]
_SHORT = 0.02  # between two looks whether the world of a request is there [s]
_LONG = 600.0  # that a world may take for a step, or to be scored [s]


class TrialService(Background):
    """Runs the trials of a register while it is entered.

    Parameters
    ----------
    register : Trials
    pilots : Register
    worlds : Worlds
    clock : Clock
        The wall's.
    private : bytes, shape (32,)
        Seed of the key that signs receipts.
    leads : callable
        Whether this process, of several, moves trials on; each answers requests for steps.
    """

    def __init__(
        self,
        *,
        register: Trials,
        pilots: Register,
        worlds: Worlds,
        clock: Clock,
        private: bytes,
        leads: Callable[[], bool] = lambda: True,
    ) -> None:
        super().__init__("trials", daemon=True)
        self.private, self._leads, self._pilots = private, leads, pilots
        self.editions = Editions(register, pilots, clock)
        self.register, self._worlds, self._clock = register, worlds, clock
        self._look = threading.Event()
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._failures = Counter[str]()
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="trial")
        self._attended: dict[str, Future[None]] = {}  # trials that something is being done for, or will be
        register.on_wanted = self._look.set
        register.time_of = self._time_of

    def _wake(self) -> None:
        self._look.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                if self._leads():
                    self.look()
            except Exception:
                log.exception("trials could not be looked after; trying again")
            self._look.wait(_LOOK)
            self._look.clear()
        self._pool.shutdown(cancel_futures=True)

    def look(self) -> None:
        """Begin what is to be done for each trial now."""
        rows = self.register.trials(phases=OPEN, parts=True)
        self._attended = {id_: under_way for id_, under_way in self._attended.items() if not under_way.done()}
        running = Counter(row.pilot for row in rows if row.phase != "queued" and row.parallel == 1)
        for row in rows:
            if row.deadline < self._clock.now():
                self.end(row, "failed", LATE)
            elif row.parallel > 1:
                self._look_after_parts(row)
            elif row.phase == "queued" and self._has_room(running, row.pilot) and self._pilots.is_active(row.pilot):
                running[row.pilot] += 1
                self.register.change(row.id, ("queued",), phase="running")
                self._look.set()
            elif row.phase != "queued" and row.id not in self._attended and not self._locks[row.id].locked():
                self._attended[row.id] = self._pool.submit(self._attend, row.id)

    def _has_room(self, running: Counter[str], pilot: str) -> bool:
        """Return whether a trial of a pilot may begin beside those that run: its first one always, so that nobody can keep others out."""
        return running.total() < AT_ONCE or not running[pilot]

    def _look_after_parts(self, row: TrialRow) -> None:
        """Let a trial end when its parts are done, or one of them never will be."""
        parts = self.register.parts(row.id)
        for part in parts:
            if part.phase in ("failed", "cancelled"):
                self.end(row, part.phase, f"its part {part.id} is {part.phase}: {part.reason}"[:500])
                return
        if all(part.phase == "done" for part in parts):
            self.register.join(row.id)

    def _attend(self, id_: str) -> None:
        """Do the next thing for a trial, unless a request is doing it."""
        if not (lock := self._locks[id_]).acquire(blocking=False):
            return
        try:
            row = self.register.trial(id_)
            self._go_on(row)
            del self._failures[id_]
        except (Problem, TrialError, OSError) as error:
            self._failures[id_] += 1
            if self._failures[id_] >= MAX_FAILURES:
                self.end(row, "failed", f"its world could not be run: {error}"[:500])
        except Exception as error:
            log.exception("trial %s", id_)
            self.end(self.register.trial(id_), "failed", f"the sandbox failed: {type(error).__name__}")
        finally:
            lock.release()

    def _go_on(self, row: TrialRow) -> None:
        challenge = self.register.challenges[row.challenge]
        if row.phase == "running" and not row.world:
            self._make_world(row)
        elif row.phase == "running" and row.speed is not None:
            step = self.register.step_of(row, self._time_of(row))
            if step > challenge.steps:
                self.register.change(row.id, ("running",), phase="scoring", step=challenge.steps)
                self._look.set()
            elif step != row.step:
                self.register.change(row.id, ("running",), step=step)
        elif row.phase == "running" and row.wanted == row.step + 1:
            self._move(row, row.wanted, (), 0, publish=True)  # the readings go the way by which the step was asked for
        elif row.phase == "scoring":
            self._score(row)

    def _make_world(self, row: TrialRow) -> None:
        speed = {} if row.speed is None else {"speed": row.speed}
        seed = row.seeds[row.current]
        about = {"owner": row.pilot, "trial": row.id, "challenge": row.challenge}
        made = self._worlds.host("create-trial", {**about, "seed": seed, **speed})
        start = parse_time(made["start"])
        if not self.register.change(
            row.id, ("running",), without_world=True, world=made["world"], start=start, step=0, wanted=0
        ):
            self._delete(row.id, made["world"])  # it was cancelled meanwhile, or another process has made one

    def _move(
        self, row: TrialRow, step: int, orders: Sequence[dict[str, Any]], limit: int, *, publish: bool
    ) -> dict[str, msgspec.Raw]:
        """Make a step, or close the seed behind the last one; return what the world says."""
        if step > self.register.challenges[row.challenge].steps:
            self.register.change(row.id, ("running",), phase="scoring")
            self._look.set()
            return {}
        arguments = {"step": step, "orders": orders, "limit": limit, "publish": publish}
        with self.register.moving(row.id, step):
            text = self._worlds.ask_raw(row.world, "trial-step", arguments, timeout=_LONG)
            if step != row.step:
                self.register.change(row.id, ("running",), step=step, heartbeat=self._clock.now())
        return msgspec.json.decode(text, type=dict[str, msgspec.Raw])  # a thousand readings, which go on as they are

    def step(self, id_: str, pilot: str, new: NewStep, orders: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Take answers and make the next step of a trial in lock-step; return the document of it.

        Raises
        ------
        TrialError
            If an answer does not count, or there is no such step.
        Problem
            If its world is not there.
        """
        if id_ not in self._locks:
            self.register.trial(id_, pilot)  # else each id that somebody guesses would leave a lock
        lock = self._locks[id_]
        while True:
            if not lock.acquire(blocking=False):  # its world is being made or scored, maybe for longer than we wait
                self._await_world(id_, pilot, new)
                lock.acquire()
            try:
                row = self.register.trial(id_, pilot)
                if self._has_world(row, new):
                    return self._next(row, new, orders)
            finally:
                lock.release()
            self._await_world(id_, pilot, new)

    def _next(self, row: TrialRow, new: NewStep, orders: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Make the step that a request is about, or return it again."""
        steps = self.register.challenges[row.challenge].steps
        seed = row.current + 1 if new.seed is None else new.seed
        closed = seed == row.current or (seed == row.current + 1 and row.phase != "running")
        if closed and new.step == steps + 1:  # again, as the answer was lost
            return self._step_document(row, seed, new.step, {}, (0, 0))
        if row.phase != "running" or seed != row.current + 1:
            has_come = seed <= row.current + 1
            not_yet = (
                f"seed {seed} of this trial, which has {len(row.seeds)}, has not come: seed {row.current + 1} is played"
            )
            raise TrialError(
                f"seed {seed} of this trial is over" if has_come else not_yet, "over" if has_come else "early"
            )
        step = row.step + 1 if new.step is None else new.step
        if step not in (row.step, row.step + 1) or step == 0:
            text = f"step {step} cannot be made: step {row.step} was made last, so ask for {row.step + 1}"
            raise TrialError(text, "conflict")
        counts: Sequence[int] = (0, 0)
        if step == row.step + 1 and new.answers:
            _, _, *counts = self.register.answer(row.id, row.pilot, NewAnswers(answers=new.answers, step=row.step))
        numbered = [
            {**order, "id": order.get("id") or f"{row.id}-{seed}-{step}-{at}"} for at, order in enumerate(orders)
        ]
        answer = self._move(row, step, numbered, new.limit, publish=row.publish)
        return self._step_document(row, seed, step, answer, counts)

    def _await_world(self, id_: str, pilot: str, new: NewStep) -> None:
        """Wait until a trial has the world of the seed that a request is about, or that seed is over."""
        deadline = time.monotonic() + _PATIENCE
        while not self._has_world(row := self.register.trial(id_, pilot), new):
            if time.monotonic() > deadline:
                detail = f"The trial is {row.phase}, and its next world not there yet: look at /v1/trials/{id_}."
                raise Problem("world-unavailable", detail, {"Retry-After": "5"})
            time.sleep(_SHORT)

    def _has_world(self, row: TrialRow, new: NewStep) -> bool:
        """Return whether a trial has the world of the seed that a request is about, or that seed is over.

        Raises
        ------
        TrialError
            If it never will.
        """
        if row.parallel > 1:
            raise TrialError(self.register.played_in_parts(row), "conflict")
        if row.speed is not None:
            raise TrialError("this trial runs by itself, and has no steps to ask for", "conflict")
        is_closed = new.seed is not None and new.seed <= row.current + (row.phase == "scoring")
        if is_closed or (row.phase == "running" and row.world):
            return True
        if row.phase not in OPEN:
            raise TrialError(f"this trial is {row.phase}: there are no more steps", "over")
        return False

    def _step_document(
        self, row: TrialRow, seed: int, step: int, answer: dict[str, msgspec.Raw], counts: Sequence[int]
    ) -> dict[str, Any]:
        challenge = self.register.challenges[row.challenge]
        over = step > challenge.steps
        document: dict[str, Any] = {"from": None, "time": None, "rows": 0, "items": [], "outcomes": [], **answer}
        document |= {"trial": row.id, "seed": seed, "step": min(step, challenge.steps), "steps": challenge.steps}
        document |= {"phase": "scoring" if over and row.phase == "running" else row.phase, "seed_over": over}
        return document | {"warm_up": step <= challenge.first, "taken": counts[0], "repeated": counts[1], "next": None}

    def end(self, row: TrialRow, phase: str, reason: str) -> None:
        """End a trial in a phase, with the reason."""
        if self.register.change(row.id, OPEN, phase=phase, reason=reason, ended=self._clock.now(), world=""):
            self._delete(row.id, row.world)
            for part in self.register.parts(row.id) if row.parallel > 1 else ():
                self.end(part, "cancelled", f"the trial {row.id}, which it is a part of, is {phase}")

    def _delete(self, id_: str, world: str) -> None:
        if world:
            with suppress(Problem):  # it is gone, or its host will be asked by nobody for it: worlds left alone end
                self._worlds.host("delete", {"world": world, "trial": id_})

    def _score(self, row: TrialRow) -> None:
        answers = self.register.answers(row.id, row.current)
        self._worlds.index.deliver(row.world, "answers.json", msgspec.json.encode(answers))
        score = self._worlds.ask(row.world, "trial-score", timeout=_LONG)
        if score["points"] is None or not math.isfinite(score["points"]):
            self.end(row, "failed", f"seed {row.current + 1} has no score that is a number")
            return
        beside = {name: one for name, one in score["baselines"].items() if one["points"] is not None}
        result = {
            "seed": row.current + 1,
            "points": score["points"],
            "answers": len(answers),
            "commands": sum("order" in entry for entry in score["entries"]),
            "rejected": score["rejected"],
            **_measures(score),
            "baselines": {name: {"points": one["points"], **_measures(one)} for name, one in beside.items()},
        }
        more = row.current + 1 < len(row.seeds)
        entries, exhibits = self.register.archive(row.id)
        values: dict[str, Any] = {
            "results": [*row.results, result],
            "entries": [*entries, score["entries"]],
            "exhibits": [*exhibits, score["exhibit"]],
        }
        values |= {"world": "", "step": 0, "wanted": 0}
        values |= (
            {"phase": "running", "current": row.current + 1} if more else {"phase": "done", "ended": self._clock.now()}
        )
        if self.register.change(row.id, ("scoring",), **values):
            self._delete(row.id, row.world)
        self._look.set()

    def _time_of(self, row: TrialRow) -> int:
        """Return the time of the last tick of a trial's world [us since the Unix epoch]."""
        if row.speed is None:
            return self.register.end_of(row, row.step)
        try:
            return parse_time(self._worlds.ask(row.world, "status")["time"])
        except Problem as problem:
            raise TrialError("the world of this trial does not answer now: send the answers again", "away") from problem


def _measures(score: dict[str, Any]) -> dict[str, Any]:
    return {part: {name: _measure(*one) for name, one in score[part].items()} for part in ("measures", "impact")}


def _measure(value: float | None, unit: str) -> dict[str, Any]:
    return {"value": value if value is not None and math.isfinite(value) else None, "unit": unit}
