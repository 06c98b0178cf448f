"""Register of trials in the control data, and what becomes of each answer of a service.

An answer counts at the step that was made last when it comes; nothing that a service says of time can change that. What
cannot count is refused with a reason, and the whole message with it.
"""

import threading
import time as wall
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session

from zenata.city.clock import SECOND, Clock
from zenata.city.model import City
from zenata.contract.trials import MAX_ANSWERS, MAX_SEEDS, NewAnswers, NewTrial, Phase
from zenata.control.answered import Answered, checked, digest, without_ended
from zenata.control.database import Base
from zenata.control.server_tables import lock
from zenata.control.tables import PilotRow
from zenata.control.trial_tables import (
    AnswerRow,
    DeclarationRow,
    EditionRow,
    FrozenSetRow,
    TrialRow,
    new_rows,
    newest_trials,
)
from zenata.errors import TrialError
from zenata.trials.challenge import Challenge
from zenata.trials.needs import playable
from zenata.trials.seeds import graded_seed, practice_seed, random_number

PRACTICE_SEEDS = 5
"""Seeds of a practice trial that names none. A default."""

MAX_TRIALS = 4
"""Trials of one pilot that wait or run at once. A default."""

MAX_BEGUN = 500
"""Trials that a pilot may begin in a day of UTC: each stays on its list. A default."""

MAX_GRADED = 3
"""Graded trials that a pilot may begin in a day of UTC, of one challenge."""

PATIENCE = 24 * 3600 * SECOND
"""How long a trial may take from its making to its end [us]. A default."""

ROOM, LENGTH = 100_000, 64_000_000
"""Answers of one seed, and how long they are as JSON [bytes]. Defaults: a score for all sensors at each step is 26 MB."""

_DAY = 86_400 * SECOND
_TRIALS = Base.metadata.tables[TrialRow.__tablename__]
_PAUSE = 0.01  # between two looks whether a step is made [s]
OPEN: tuple[Phase, ...] = ("queued", "running", "scoring")


class Trials:
    """The trials in a database. Methods may be called from any thread, and by several processes.

    Parameters
    ----------
    engine : Engine
    city : City
    challenges : mapping of str to Challenge
    clock : Clock
        The wall's.
    shared : bool
        Whether other processes may take answers and make steps too.
    """

    def __init__(
        self,
        engine: Engine,
        city: City,
        challenges: Mapping[str, Challenge],
        clock: Clock,
        *,
        shared: bool = False,
    ) -> None:
        self.engine, self._city, self._clock = engine, city, clock
        self.challenges = challenges
        self.lock = threading.Lock()
        self._shared = shared
        self._moving: set[str] = set()  # trials whose next step is being made by this process
        self._answered: dict[str, Answered] = {}  # by trial
        self.on_wanted: Callable[[], object] = lambda: None
        """Called when a message has asked for a step."""
        self.time_of: Callable[[TrialRow], int] = lambda row: self.end_of(row, row.step)
        """Returns the time of the last tick of a trial's world [us since the Unix epoch]."""

    def playable(self, name: str, variant: str = "plain") -> Challenge:
        """Return a challenge that can be played here (`zenata.trials.needs.playable`)."""
        return playable(self.challenges, name, self._city, variant)

    def begin(self, pilot: str, new: NewTrial, edition: str = "") -> TrialRow:
        """Make a trial, which waits for its turn.

        Raises
        ------
        TrialError
            If there is no such challenge or variant here, or the pilot has as many as it may have.
        """
        self.playable(new.challenge, new.variant)
        now = self._clock.now()
        graded = new.mode == "graded"
        numbers = new.seeds or [random_number() for _ in range(PRACTICE_SEEDS)]
        variant = "" if new.variant == "plain" else new.variant
        practice = [practice_seed(number, variant) for number in numbers]
        seeds = [graded_seed() for _ in range(MAX_SEEDS)] if graded else practice
        parallel = min(new.parallel, len(seeds))
        row, *parts = new_rows(pilot, new, edition, seeds, parallel, (now, now + PATIENCE))
        with self.lock, Session(self.engine, expire_on_commit=False) as session, session.begin():
            lock(session, "trials")
            if graded:
                check_open(session, edition)
            if graded and new.name:
                check_name(session, pilot, new.name)
            of_pilot = select(func.count()).select_from(TrialRow).where(TrialRow.pilot == pilot)
            has_worlds = TrialRow.phase.in_(OPEN), TrialRow.parallel == 1, TrialRow.version == ""
            under_way = session.scalar(of_pilot.where(*has_worlds)) or 0
            if under_way + parallel > MAX_TRIALS:
                raise TrialError(
                    f"{pilot} has {under_way} trials under way, parts of trials among them, and may have {MAX_TRIALS}: "
                    "end or cancel one first, or let fewer seeds run side by side",
                    "limit",
                )
            today = of_pilot.where(TrialRow.made >= now // _DAY * _DAY, TrialRow.part_of == "")
            if (session.scalar(today) or 0) >= MAX_BEGUN:
                text = f"{pilot} has begun {MAX_BEGUN} trials today, cancelled ones too: go on tomorrow (UTC)"
                raise TrialError(text, "limit")
            alike = TrialRow.mode == "graded", TrialRow.challenge == new.challenge
            if graded and (session.scalar(today.where(*alike)) or 0) >= MAX_GRADED:
                text = f"{pilot} has begun {MAX_GRADED} graded trials of {new.challenge} today, cancelled ones too"
                raise TrialError(f"{text}: go on tomorrow (UTC), or practise", "limit")
            session.add_all([row, *parts])
        return row

    def shows_seeds(self, row: TrialRow) -> bool:
        """Return whether the seeds of a trial are hidden no longer."""
        if row.phase in OPEN:
            return False
        with Session(self.engine) as session:
            return row.mode == "practice" or session.get(EditionRow, row.edition) is not None

    def archive(self, id_: str) -> tuple[list[list[dict[str, Any]]], list[dict[str, Any]]]:
        """Return entries and exhibits of the seeds of a trial that are over; exhibits are not to be shown while seeds are hidden."""
        with Session(self.engine) as session:
            row = session.execute(select(TrialRow.entries, TrialRow.exhibits).where(TrialRow.id == id_)).one_or_none()
        return (list(row.entries), list(row.exhibits)) if row else ([], [])

    def trial(self, id_: str, pilot: str | None = None) -> TrialRow:
        """Return a trial, only of a pilot if one is given.

        Raises
        ------
        TrialError
            If there is none.
        """
        with Session(self.engine) as session:
            row = session.get(TrialRow, id_)
        if row is None or (pilot is not None and row.pilot != pilot):
            raise TrialError(f"there is no trial {id_[:80]!r} of yours: list them with /v1/trials", "unknown")
        return row

    def trials(self, pilot: str | None = None, phases: Sequence[Phase] = (), *, parts: bool = False) -> list[TrialRow]:
        """Return trials, the oldest first; of one pilot, or of all; with parts of trials, or without."""
        chosen = select(TrialRow).order_by(TrialRow.made, TrialRow.id)
        if not parts:
            chosen = chosen.where(TrialRow.part_of == "")
        if pilot is not None:
            chosen = chosen.where(TrialRow.pilot == pilot)
        if phases:
            chosen = chosen.where(TrialRow.phase.in_(phases))
        with Session(self.engine) as session:
            return list(session.scalars(chosen))

    def newest(self, pilot: str | None, behind: tuple[int, int] | None, limit: int) -> list[TrialRow]:
        """Return trials, newest first, without parts, of a pilot or of all, `behind` a position (`position_of`)."""
        with Session(self.engine) as session:
            return list(session.scalars(newest_trials(pilot, behind).limit(limit)))

    def parts(self, id_: str) -> list[TrialRow]:
        """Return the parts of a trial, in the order of their seeds; none of one whose seeds come one after the other."""
        chosen = select(TrialRow).where(TrialRow.part_of == id_).order_by(TrialRow.seeds_before)
        with Session(self.engine) as session:
            return list(session.scalars(chosen))

    def join(self, id_: str) -> None:
        """Let a trial whose parts are all done be done with what they have left, in the order of its seeds."""
        with self.lock, Session(self.engine) as session, session.begin():
            chosen = select(TrialRow).where(TrialRow.part_of == id_).order_by(TrialRow.seeds_before)
            parts = list(session.scalars(chosen))
            row = session.get(TrialRow, id_)
            if row is None or row.phase not in OPEN:
                return
            for part in parts:
                moved = {"trial": id_, "seed": AnswerRow.seed + part.seeds_before}
                session.execute(update(AnswerRow).where(AnswerRow.trial == part.id).values(**moved))
            of_seeds = [(result, part.seeds_before) for part in parts for result in part.results]
            row.results = [{**result, "seed": result["seed"] + before} for result, before in of_seeds]
            row.entries = [one for part in parts for one in part.entries]
            row.exhibits = [one for part in parts for one in part.exhibits]
            row.phase, row.ended = "done", self._clock.now()

    def ranked(self, challenge: str, edition: str) -> list[TrialRow]:
        """Return the graded trials of a challenge and edition that count, the oldest first: done, or given up once begun.

        Of an edition that was closed with a frozen set these are its runs alone, and until then all others.
        """
        chosen = select(TrialRow).order_by(TrialRow.made, TrialRow.id)
        chosen = chosen.where(TrialRow.challenge == challenge, TrialRow.edition == edition)
        with Session(self.engine) as session:
            rows = list(session.scalars(chosen.where(TrialRow.mode == "graded", TrialRow.part_of == "")))
            final = session.get(EditionRow, edition) is not None and any(row.version for row in rows)
        return [row for row in rows if bool(row.version) == final and (row.phase == "done" or row.is_given_up)]

    def change(self, id_: str, phases: Sequence[Phase] = (), *, without_world: bool = False, **values: Any) -> bool:  # noqa: ANN401 - columns
        """Change columns of a trial; return whether it was in one of some phases, and without a world, and so was changed."""
        changed = update(_TRIALS).where(TrialRow.id == id_).values(**values)
        if without_world:
            changed = changed.where(TrialRow.world == "")
        if phases:
            changed = changed.where(TrialRow.phase.in_(phases))
        with self.engine.begin() as connection:  # each step of a trial does so, and a session takes three times as long
            return connection.execute(changed).rowcount > 0

    def end_of(self, row: TrialRow, step: int) -> int:
        """Return the time of the last tick of a step [us since the Unix epoch]."""
        challenge = self.challenges[row.challenge]
        return row.start + step * challenge.step * SECOND

    def step_of(self, row: TrialRow, time: int) -> int:
        """Return how many steps are over at a time of the world [us since the Unix epoch]."""
        challenge = self.challenges[row.challenge]
        return max(time - row.start, 0) // (challenge.step * SECOND)

    def answer(
        self, id_: str, pilot: str, document: NewAnswers, patience: float = 5.0
    ) -> tuple[TrialRow, int, int, int]:
        """Take answers, all or none; return the trial, the step that they follow, how many count, and how many had come before.

        While a step is made, they wait for it, as long as `patience` [s].

        Raises
        ------
        TrialError
            If one cannot count.
        """
        deadline = wall.monotonic() + patience
        while True:
            with self.lock:
                if (taken := self._take(id_, pilot, document)) is not None:
                    return taken
            if wall.monotonic() >= deadline:
                raise TrialError("the next step is being made: send these answers again when it is", "away")
            wall.sleep(_PAUSE)

    @contextmanager
    def moving(self, id_: str, step: int) -> Iterator[None]:
        """Hold answers to a trial back while a step of it is made, in all processes.

        What is published of a step is known before the step counts as made; an answer that comes in between would count as
        given without knowing it.
        """
        self._moving.add(id_)
        if self._shared:
            self.change(id_, moving=step)
        try:
            yield
        except BaseException:
            if self._shared:
                self.change(id_, moving=0)  # else it is what the step becomes
            raise
        finally:
            self._moving.discard(id_)

    def _take(self, id_: str, pilot: str, document: NewAnswers) -> tuple[TrialRow, int, int, int] | None:
        """Take answers while nobody else does; None while a step is made."""
        moving = id_ in self._moving  # looked at first: else a row from before a step may seem to be from behind it
        row = self.trial(id_, pilot)
        if moving or row.moving > row.step or document.step == row.step + 1 == row.wanted:
            return None  # it was asked for: what is published of it may have been seen before it counts as made
        challenge = self.challenges[row.challenge]
        step, time = self._moment(row, challenge, document)  # asks the world, so it locks nothing
        texts = [checked(challenge, answer, time, self._city, at) for at, answer in enumerate(document.answers, 1)]
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            # The first statement writes, so that of two at once one waits for the other.
            session.execute(update(TrialRow).where(TrialRow.id == id_).values(heartbeat=self._clock.now()))
            if row.position != (row := session.get_one(TrialRow, id_)).position:
                return None  # a step was made meanwhile
            answered = self._answers_of(session, row, step)
            known, last = answered.at(step), answered.last
            new = [text for text in dict.fromkeys(texts) if digest(text) not in known]
            many = len(known) + len(new) > MAX_ANSWERS or answered.count + len(new) > ROOM
            if many or answered.size + sum(map(len, new)) > LENGTH:
                limits = f"a step has up to {MAX_ANSWERS:,} answers, and a seed up to {ROOM:,} of {LENGTH:,} bytes as JSON in all"
                raise TrialError(f"{limits}: these are too many, none counts", "limit")
            if document.next:
                row.wanted = row.step + 1
            if new:
                text = "[" + ",".join(one.decode() for one in new) + "]"
                message = AnswerRow(trial=id_, seed=row.current, step=step, time=time, answers=text)
                session.add(message)
                session.flush()
                last = message.id
            if self._answered.get(id_) is not answered:  # of a seed that has just begun, mostly
                self._answered = without_ended(self._answered, session, OPEN)
        answered.add(step, new, last)
        self._answered[id_] = answered
        if document.next:
            self.on_wanted()
        return row, step, len(new), len(texts) - len(new)

    def answers(self, id_: str, seed: int) -> list[tuple[int, msgspec.Raw]]:
        """Return time [us since the Unix epoch] and text of every answer of a seed, in the order in which they came."""
        chosen = select(AnswerRow).where(AnswerRow.trial == id_, AnswerRow.seed == seed).order_by(AnswerRow.id)
        with Session(self.engine) as session:
            return [
                (row.time, answer)
                for row in session.scalars(chosen)
                for answer in msgspec.json.decode(row.answers, type=list[msgspec.Raw])
            ]

    def _moment(self, row: TrialRow, challenge: Challenge, document: NewAnswers) -> tuple[int, int]:
        """Return the step that answers follow, and their time, if answers are taken now."""
        if row.parallel > 1:
            raise TrialError(self.played_in_parts(row), "conflict")
        if row.phase == "queued" or (row.phase in OPEN and not row.world):
            raise TrialError("the world of this trial is not there yet: answer after its first steps", "early")
        if row.phase not in OPEN or (row.phase == "scoring"):
            raise TrialError(f"this trial is {row.phase}: answers have no effect any more", "over")
        if document.seed is not None and document.seed != row.current + 1:
            raise TrialError(f"seed {document.seed} is not the one that runs, which is {row.current + 1}", "late")
        time = self.time_of(row)
        step = row.step if row.speed is None else self.step_of(row, time)
        if document.step is not None and document.step != step:
            text = (
                f"step {document.step} is not the one that was made last, which is {step}: these answers do not count"
            )
            raise TrialError(text, "late" if document.step < step else "early")
        if document.answers and step <= challenge.first:
            raise TrialError(f"answers count from step {challenge.first + 1} on; step {step} was made last", "early")
        if step > challenge.steps:
            raise TrialError("the last step of this seed is over", "over")
        if document.answers and time > self.end_of(row, step):  # who waits would know more than the step does
            raise TrialError(f"the city has moved on since step {step}: answer before it does, or in lock-step", "late")
        return step, self.end_of(row, step)

    def played_in_parts(self, row: TrialRow) -> str:
        """Say why a trial whose seeds run side by side takes neither steps nor answers."""
        return f"the seeds of this trial run side by side: use its parts {', '.join(part.id for part in self.parts(row.id))}"

    def _answers_of(self, session: Session, row: TrialRow, step: int) -> Answered:
        """Return what has been answered in the seed that runs, of this step or of earlier ones."""
        of_seed = (AnswerRow.trial == row.id, AnswerRow.seed == row.current)
        newest = session.scalar(select(func.max(AnswerRow.id)).where(*of_seed)) or 0
        answered = self._answered.get(row.id)
        if answered is not None and (answered.seed, answered.last) == (row.current, newest):
            return answered
        rows = session.execute(select(AnswerRow.step, AnswerRow.answers).where(*of_seed))
        messages = ((at, text) for at, text in rows)
        return Answered.of(row.current, step, newest, messages)  # or another process has taken some


def check_open(session: Session, edition: str) -> None:
    """Refuse what only an edition that is neither closed nor runs its frozen set takes."""
    if session.get(EditionRow, edition) is not None:
        raise TrialError(f"the edition {edition!r} is closed: its seeds are known, so only practise", "conflict")
    frozen = session.get(FrozenSetRow, edition)
    if frozen is not None and frozen.begun is not None:
        raise TrialError(f"the edition {edition!r} runs its frozen set: nothing else counts any more", "conflict")


def check_name(session: Session, pilot: str, name: str) -> None:
    """Refuse a name on leaderboards that is another pilot's."""
    trials = select(TrialRow.id).where(TrialRow.name == name, TrialRow.pilot != pilot, TrialRow.version == "").limit(1)
    declared = select(DeclarationRow.name).where(DeclarationRow.name == name, DeclarationRow.pilot != pilot).limit(1)
    other = session.get(PilotRow, name) if name != pilot else None
    if other is not None or session.scalar(trials) is not None or session.scalar(declared) is not None:
        raise TrialError(f"name {name!r} is another pilot's: choose one of your own", "conflict")
