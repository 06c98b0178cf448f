"""Tables of trials in the control data: trials, answers, editions and what they close with."""

import secrets
from collections.abc import Sequence
from string import ascii_lowercase, digits
from typing import Any

import msgspec
import numpy as np
from sqlalchemy import JSON, BigInteger, Float, ForeignKey, Index, Integer, Select, String, Text, select
from sqlalchemy.orm import Mapped, mapped_column

from zenata.contract.trials import Mode, NewTrial, Phase
from zenata.control.database import Base
from zenata.control.tables import ROW
from zenata.trials.seeds import Seed

LATE = "it did not come to its end before its deadline"
"""Why a trial has failed that was left alone."""

_PREFIX, _LENGTH, _BASE = "t-", 10, 36  # of ids: so many digits and letters


class TrialRow(Base):
    """A trial; times are microseconds since the Unix epoch.

    `current` is the index of the running seed; `start` and `world` are of its world, `step` is how many of its steps are
    made, `wanted` the one that a message asked for, and `moving` the one that is being made: until it is, answers wait. `results`, `entries`, what was done to the world, and `exhibits`, what
    the report shows, are of the seeds that are over; trials that were scored by an older version have no exhibits.

    A trial whose seeds run side by side has `parallel` parts, which are trials of their own: `part_of` names the trial that a
    part belongs to, and `seeds_before` says how many of its seeds come before those of the part.

    `version` is what was declared for the run of a frozen set, and its digest; other trials have none.
    """

    __tablename__ = "trials"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    pilot: Mapped[str] = mapped_column(ForeignKey("pilots.name"), index=True)
    challenge: Mapped[str] = mapped_column(String(64), index=True)
    mode: Mapped[Mode] = mapped_column(String(16))
    speed: Mapped[float | None] = mapped_column(Float)
    publish: Mapped[bool]
    name: Mapped[str] = mapped_column(String(64))
    edition: Mapped[str] = mapped_column(String(80))
    phase: Mapped[Phase] = mapped_column(String(16), index=True)
    reason: Mapped[str] = mapped_column(String(500))
    made: Mapped[int] = mapped_column(BigInteger)
    heartbeat: Mapped[int | None] = mapped_column(BigInteger)
    deadline: Mapped[int] = mapped_column(BigInteger)
    ended: Mapped[int | None] = mapped_column(BigInteger)
    seeds: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    current: Mapped[int]
    world: Mapped[str] = mapped_column(String(64))
    start: Mapped[int] = mapped_column(BigInteger)
    step: Mapped[int]
    wanted: Mapped[int]
    moving: Mapped[int] = mapped_column(Integer, server_default="0", default=0)
    results: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    entries: Mapped[list[list[dict[str, Any]]]] = mapped_column(JSON, deferred=True)
    exhibits: Mapped[list[dict[str, Any]]] = mapped_column(JSON, deferred=True, server_default="[]")
    parallel: Mapped[int] = mapped_column(Integer, server_default="1", default=1)
    part_of: Mapped[str] = mapped_column(String(16), server_default="", default="", index=True)
    seeds_before: Mapped[int] = mapped_column(Integer, server_default="0", default=0)
    version: Mapped[str] = mapped_column(String(200), server_default="", default="")

    @property
    def drawn(self) -> list[Seed]:
        """Its seeds."""
        return msgspec.convert(self.seeds, list[Seed])

    @property
    def position(self) -> tuple[Phase, int, int, str, bool]:
        """How far it is, as far as answers depend on it; the steps of one that runs by itself follow from the time."""
        return self.phase, self.current, 0 if self.speed else self.step, self.world, self.moving > self.step

    @property
    def is_given_up(self) -> bool:
        """Whether its pilot began it and left it: cancelled it, or let its deadline pass."""
        begun = self.current > 0 or self.step > 0 or self.parallel > 1
        return begun and (self.phase == "cancelled" or (self.phase == "failed" and self.reason == LATE))


class AnswerRow(Base):
    """The answers of one message, as JSON."""

    __tablename__ = "trial_answers"
    __table_args__ = (Index("trial_answers_seed", "trial", "seed", "step"),)

    id: Mapped[int] = mapped_column(ROW, primary_key=True)
    trial: Mapped[str] = mapped_column(ForeignKey("trials.id", ondelete="CASCADE"))
    seed: Mapped[int]
    step: Mapped[int]
    time: Mapped[int] = mapped_column(BigInteger)
    answers: Mapped[str] = mapped_column(Text)


class EditionRow(Base):
    """An edition that was closed, when [us since the Unix epoch]: seeds of its graded trials are hidden no longer."""

    __tablename__ = "trial_editions"

    edition: Mapped[str] = mapped_column(String(80), primary_key=True)
    closed: Mapped[int] = mapped_column(BigInteger)


class FrozenSetRow(Base):
    """The seeds that an edition closes with; when it was opened, and when they began to be run [us since the Unix epoch]."""

    __tablename__ = "trial_frozen_sets"

    edition: Mapped[str] = mapped_column(String(80), primary_key=True)
    opened: Mapped[int] = mapped_column(BigInteger)
    begun: Mapped[int | None] = mapped_column(BigInteger)
    seeds: Mapped[list[dict[str, Any]]] = mapped_column(JSON)

    @property
    def drawn(self) -> list[Seed]:
        """Its seeds."""
        return msgspec.convert(self.seeds, list[Seed])


class DeclarationRow(Base):
    """The version of a pilot's service that is to run the frozen set of a challenge, and the trial in which it does."""

    __tablename__ = "trial_declarations"

    edition: Mapped[str] = mapped_column(String(80), primary_key=True)
    challenge: Mapped[str] = mapped_column(String(64), primary_key=True)
    pilot: Mapped[str] = mapped_column(ForeignKey("pilots.name"), primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    version: Mapped[str] = mapped_column(String(200))
    digest: Mapped[str] = mapped_column(String(80), server_default="", default="")
    declared: Mapped[int] = mapped_column(BigInteger)
    trial: Mapped[str] = mapped_column(String(16), server_default="", default="")


def position_of(row: TrialRow) -> tuple[int, int]:
    """Return the position of a trial in a list, newest first: it has numbers that only rise along the list."""
    return -row.made, -int(row.id.removeprefix(_PREFIX), _BASE)


def newest_trials(pilot: str | None, behind: tuple[int, int] | None) -> Select[TrialRow]:
    """Return what selects trials, newest first, without parts of trials.

    Parameters
    ----------
    pilot : str or None
        Whose; None for all.
    behind : (int, int) or None
        Only those behind this position.
    """
    chosen = select(TrialRow).where(TrialRow.part_of == "").order_by(TrialRow.made.desc(), TrialRow.id.desc())
    if pilot is not None:
        chosen = chosen.where(TrialRow.pilot == pilot)
    if behind is not None:
        made, id_ = -behind[0], _PREFIX + np.base_repr(-behind[1], _BASE).lower().zfill(_LENGTH)
        chosen = chosen.where((TrialRow.made < made) | ((TrialRow.made == made) & (TrialRow.id < id_)))
    return chosen


def new_rows(
    pilot: str,
    new: NewTrial,
    edition: str,
    seeds: Sequence[Seed],
    parallel: int,
    times: tuple[int, int],
    version: str = "",
) -> list[TrialRow]:
    """Return the row of a new trial, and those of its parts.

    Parameters
    ----------
    pilot : str
    new : NewTrial
    edition : str
    seeds : sequence of Seed
    parallel : int
        How many seeds run side by side.
    times : (int, int)
        When it is made, and its deadline [us since the Unix epoch].
    version : str
        Declared for the run of a frozen set.
    """

    def row(seeds: Sequence[Seed], phase: Phase, **values: Any) -> TrialRow:  # noqa: ANN401 - columns
        return TrialRow(
            id=_PREFIX + "".join(secrets.choice(ascii_lowercase + digits) for _ in range(_LENGTH)),
            pilot=pilot,
            challenge=new.challenge,
            mode=new.mode,
            speed=new.speed if new.clock == "speed" else None,
            publish=new.publish or new.clock == "speed",
            edition=edition,
            phase=phase,
            reason="",
            made=times[0],
            deadline=times[1],
            seeds=msgspec.to_builtins(seeds),
            current=0,
            world="",
            start=0,
            step=0,
            wanted=0,
            results=[],
            entries=[],
            exhibits=[],
            version=version,
            **values,
        )

    rows = [row(seeds, "queued" if parallel == 1 else "running", name=new.name, parallel=parallel)]
    before = 0
    for number in range(parallel if parallel > 1 else 0):
        share = seeds[before : len(seeds) * (number + 1) // parallel]
        rows.append(row(share, "queued", name="", part_of=rows[0].id, seeds_before=before))
        before += len(share)
    return rows
