"""Editions of the programme: opened with the commitment to a frozen set of seeds, and closed when declared versions have run it.

The seeds of a frozen set are drawn when an edition is opened, and only their SHA-256 is shown. While it is open, pilots declare
which version of their service is to run them, by its digest. Then the operator begins the runs, one for each declaration, and
plays them; nothing else counts any more. When all are over the edition is closed, and the seeds are shown.

A run belongs to a pilot that is made for it, whose keys only administrators make: the pilot that declared the version can neither
read, answer, command nor cancel it, with any program, by any way. It is given the trial at the close.
"""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from zenata.city.clock import Clock, time_of
from zenata.contract.editions import Declaration, Edition, NewDeclaration
from zenata.contract.trials import MAX_PARALLEL, MAX_SEEDS, NewTrial
from zenata.control.audit import Actor
from zenata.control.keys import Role
from zenata.control.register import Register
from zenata.control.server_tables import lock
from zenata.control.tables import PilotRow
from zenata.control.trial_tables import DeclarationRow, EditionRow, FrozenSetRow, TrialRow, new_rows
from zenata.control.trials import OPEN, PATIENCE, Trials, check_name, check_open
from zenata.errors import TrialError
from zenata.trials.seeds import commitment_of, graded_seed

FROZEN = MAX_SEEDS
"""Seeds of a frozen set."""

_NAMED = 5  # trials that an edition waits for, of those that there are


class Editions:
    """The editions in a database. Methods may be called from any thread.

    Parameters
    ----------
    trials : Trials
        The register that runs become trials of.
    pilots : Register
    clock : Clock
        The wall's.
    """

    def __init__(self, trials: Trials, pilots: Register, clock: Clock) -> None:
        self._trials, self._pilots, self._clock = trials, pilots, clock

    def edition(self, edition: str, pilot: str | None = None) -> Edition:
        """Return an edition, with the declarations of one pilot or of all; one that nobody has opened has no frozen set."""
        with Session(self._trials.engine) as session:
            frozen, closed = session.get(FrozenSetRow, edition), session.get(EditionRow, edition)
            chosen = select(DeclarationRow).where(DeclarationRow.edition == edition)
            chosen = chosen.order_by(DeclarationRow.challenge, DeclarationRow.pilot)
            rows = session.scalars(chosen if pilot is None else chosen.where(DeclarationRow.pilot == pilot))
            declarations = [_declaration(row) for row in rows]
        begun = frozen.begun if frozen else None
        return Edition(
            edition=edition,
            phase="closed" if closed else "frozen" if begun is not None else "open" if frozen else "unopened",
            opened=time_of(frozen.opened) if frozen else None,
            frozen=None if begun is None else time_of(begun),
            closed=time_of(closed.closed) if closed else None,
            commitment=commitment_of(frozen.drawn) if frozen else None,
            seeds=len(frozen.seeds) if frozen else 0,
            declarations=declarations,
        )

    def open(self, edition: str) -> Edition:
        """Open an edition: its frozen set is drawn, and committed to.

        Raises
        ------
        TrialError
            If it was opened or closed before.
        """
        with self._trials.lock, Session(self._trials.engine) as session, session.begin():
            lock(session, "trials")
            check_open(session, edition)
            if session.get(FrozenSetRow, edition) is not None:
                raise TrialError(
                    f"the edition {edition!r} is open already: its seeds stay those committed to", "conflict"
                )
            seeds = [{"number": seed.number, "secret": seed.secret} for seed in (graded_seed() for _ in range(FROZEN))]
            session.add(FrozenSetRow(edition=edition, opened=self._clock.now(), begun=None, seeds=seeds))
        return self.edition(edition)

    def declare(self, edition: str, challenge: str, pilot: str, new: NewDeclaration) -> Declaration:
        """Take the version of a pilot's service that is to run the frozen set of a challenge, in place of one declared before.

        Raises
        ------
        TrialError
            If there is no such challenge here, the edition is not open, or the name is another pilot's.
        """
        self._trials.playable(challenge)
        with self._trials.lock, Session(self._trials.engine) as session, session.begin():
            lock(session, "trials")
            check_open(session, edition)
            if session.get(FrozenSetRow, edition) is None:
                raise TrialError(f"the edition {edition!r} is not open: an administrator opens it", "conflict")
            name = new.name or pilot
            check_name(session, pilot, name)
            row = session.merge(
                DeclarationRow(
                    edition=edition,
                    challenge=challenge,
                    pilot=pilot,
                    name=name,
                    version=new.version,
                    digest=new.digest,
                    declared=self._clock.now(),
                    trial="",
                )
            )
            return _declaration(row)

    def freeze(self, edition: str, by: Actor) -> Edition:
        """Begin the runs of the frozen set, once: for each declaration a graded trial of a pilot that is made to play it.

        Raises
        ------
        TrialError
            If the edition is not open, its runs were begun before, or graded trials of it are under way.
        """
        now = self._clock.now()
        with self._trials.lock, self._pilots.changing(by, "edition.freeze", edition) as session:
            lock(session, "trials")
            check_open(session, edition)
            frozen = session.get(FrozenSetRow, edition)
            if frozen is None:
                raise TrialError(
                    f"the edition {edition!r} was not opened, and has no frozen set: open it first", "conflict"
                )
            _check_idle(session, edition)
            frozen.begun = now
            for one in session.scalars(select(DeclarationRow).where(DeclarationRow.edition == edition)).all():
                new = NewTrial(challenge=one.challenge, mode="graded", name=one.name)
                seeds, version = frozen.drawn, f"{one.version} {one.digest}".strip()
                parallel, times = min(MAX_PARALLEL, len(seeds)), (now, now + PATIENCE)
                rows = new_rows(one.pilot, new, edition, seeds, parallel, times, version)
                one.trial = rows[0].id
                player = PilotRow(
                    name=_player(one),
                    role=Role.PILOT.value,
                    contact=f"plays for {one.pilot}",
                    theme="",
                    edition=edition,
                    made=now,
                    suspended=now,
                    reason="its run takes no room until it is played: resume it",
                    quotas={},
                    actuators=[],
                )
                session.add(player)
                session.flush()
                for row in rows:
                    row.pilot = player.name
                session.add_all(rows)
        return self.edition(edition)

    def close(self, edition: str, by: Actor) -> None:
        """Close an edition: no graded trial begins in it any more, and the seeds of those there were are shown.

        Raises
        ------
        TrialError
            If a graded trial of it is under way, or a version was declared and has not run.
        """
        with self._trials.lock, self._pilots.changing(by, "edition.close", edition) as session:
            lock(session, "trials")
            _check_idle(session, edition)
            waiting = select(DeclarationRow.pilot).where(DeclarationRow.edition == edition, DeclarationRow.trial == "")
            if session.scalar(waiting.limit(1)) is not None:
                text = f"versions were declared for the frozen set of {edition!r}, and have not run it: freeze it first"
                raise TrialError(text, "conflict")
            if session.get(EditionRow, edition) is not None:
                return
            now = self._clock.now()
            session.add(EditionRow(edition=edition, closed=now))
            for one in session.scalars(select(DeclarationRow).where(DeclarationRow.edition == edition)).all():
                run = (TrialRow.id == one.trial) | (TrialRow.part_of == one.trial)
                session.execute(update(TrialRow).where(run).values(pilot=one.pilot))
                over = {"suspended": now, "reason": "the run that it was made for is over"}
                session.execute(update(PilotRow).where(PilotRow.name == _player(one)).values(**over))


def _check_idle(session: Session, edition: str) -> None:
    under_way = (
        TrialRow.edition == edition,
        TrialRow.mode == "graded",
        TrialRow.phase.in_(OPEN),
        TrialRow.part_of == "",
    )
    found = session.execute(select(TrialRow.id, TrialRow.pilot).where(*under_way).order_by(TrialRow.made)).all()
    if found:
        named = ", ".join(f"{id_} of {pilot}" for id_, pilot in found[:_NAMED]) + (" ..." if found[_NAMED:] else "")
        text = f"graded trials of {edition!r} are under way ({named}): try again when they are over, or cancel them"
        raise TrialError(text, "conflict")


def _player(row: DeclarationRow) -> str:
    """Return the name of the pilot that plays a run: that of its trial, but for the first letters."""
    return f"run-{row.trial.partition('-')[2]}"


def _declaration(row: DeclarationRow) -> Declaration:
    return Declaration(
        challenge=row.challenge,
        pilot=row.pilot,
        name=row.name,
        version=row.version,
        digest=row.digest,
        declared=time_of(row.declared),
        trial=row.trial or None,
        player=_player(row) if row.trial else None,
    )
