"""Replay: runs a world again from its record, and checks it against the recorded hashes."""

from collections.abc import Callable
from typing import NamedTuple

from simulators.host.store_writer import Progress
from simulators.record.journal import Journal
from simulators.record.record import History, Mark, Record
from simulators.record.run import Run, mark_of
from zenata.city.model import City
from zenata.errors import SetupError


class Difference(NamedTuple):
    """Where a replay first differs: after a time, up to another [us since the Unix epoch]."""

    after: int
    until: int


def history_of(record: Record, world: str) -> History:
    """Return the history of a world, as far as its files hold it.

    Raises
    ------
    SetupError
        If there is no such world, or it has left no fingerprint yet.
    """
    recipe = record.recipe()
    if recipe is None:
        raise SetupError(f"{record.files.location()} holds no world")
    marks, state = record.marks(), record.checkpoint()
    known = marks if state is None else [*marks, mark_of(state)]
    if not known:
        raise SetupError(f"the world {world} has left no fingerprint yet; wait a minute")
    last = max(known, key=lambda mark: mark.time)
    return History(world=world, recipe=recipe, journal=record.journal().since(0), marks=marks, last=last)


def replay(
    city: City,
    history: History,
    until: int | None = None,
    on_tick: Callable[[Progress], None] = lambda _: None,
    secret: bytes | None = None,
) -> Mark | Difference:
    """Run a world again from its recipe and journal, and compare every fingerprint.

    Parameters
    ----------
    city : City
    history : History
    until : int or None
        Where to stop [us since the Unix epoch]; None goes on to the last fingerprint.
    on_tick : callable
    secret : bytes or None
        Of the data directory where the world was made; needed by sealed worlds.

    Returns
    -------
    Mark or Difference
        The last fingerprint, if all were the same.

    Raises
    ------
    SetupError
        If there is no fingerprint to compare, it is of another city, or it is sealed and the secret is missing.
    """
    if history.recipe.city != city.id:
        raise SetupError(f"this world is of city {history.recipe.city}, not of {city.id}")
    marks = {mark.time: mark for mark in (*history.marks, history.last) if until is None or mark.time <= until}
    if not marks:
        raise SetupError("there is no fingerprint to compare with up to then")
    run = Run(city, history.recipe, Journal(None, history.journal), secret=secret)
    start = agreed = run.time
    progress = Progress(start=start, end=max(marks), at=start, work=max(marks) - start)
    for time in sorted(marks):
        while run.time < time:
            run.step()
            progress.move(run.time, run.time - start)
            on_tick(progress)
        if run.mark() != marks[time]:
            return Difference(agreed, time)
        agreed = time
    return marks[agreed]
