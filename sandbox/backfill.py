"""Backfill and replay commands: put their parts together and show progress."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

from sandbox.parts import moment
from sandbox.screen import Say
from sandbox.settings import Settings
from sandbox.stores import open_sink
from simulators.host.backfill import Backfill, Request, request_of
from simulators.host.store_writer import Progress
from simulators.record.record import History, Recipe, Record, load_secret
from simulators.record.replay import Difference, history_of, replay
from zenata.city.clock import ZONE_RULES, WallClock, format_time, parse_duration
from zenata.city.pack import load_city
from zenata.errors import ControlError, SetupError
from zenata.process.signals import stop_on_signal
from zenata.worlds.control import ask_raw

Span = tuple[int, int]

EVERY = "15m"
"""Length of a tick, by default."""

_LINE_EVERY = 5.0  # between two lines where there is no terminal [s]


def backfill(settings: Settings, *, start: str | None, end: str | None, every: str | None, say: Say) -> bool:
    """Backfill the store with the past of the city; return whether it is finished.

    Raises
    ------
    SetupError
        If that cannot be done.
    StoreError
        If the store fails.
    """
    city = load_city(settings.city)
    recipe = Record(settings.world_dir).recipe()
    before = request_of(settings.world_dir)
    unfinished = None if before is None or before.digest else before
    step = unfinished.every if every is None and unfinished else _duration(every or EVERY)
    first, last = _times(start, end, step, recipe, unfinished)
    job = Backfill(
        city,
        folder=settings.world_dir,
        world=settings.world,
        recipe=recipe,
        seed=settings.seed,
        start=first,
        end=last,
        every=step,
        secret=load_secret(settings.secret_file, make=recipe is None),
    )
    if job.finished:
        say(f"{job.request.spoken}: filled already")
        return True
    with _shown(say) as show:
        digest = job.run(lambda: open_sink(settings), stop_on_signal(), show)
    at, readings, seconds = job.progress.at, job.progress.readings, job.progress.seconds
    if digest is None:
        say(f"stopped at {format_time(at)}; the same command goes on from there")
        return False
    say(f"{job.request.spoken}: {readings:,} readings in {seconds:.1f} s ({readings / seconds:,.0f}/s), {digest}")
    return True


def replay_record(settings: Settings, file: Path, *, city: str | None, end: str | None, say: Say) -> bool:
    """Replay a recorded world; return whether it is the same.

    Parameters
    ----------
    settings : Settings
        Whose data directory holds the secret that sealed worlds need, unless one lies beside `file`.
    file : Path
        A world's record, or the ``run.json`` of a data directory.
    city : str or None
        Name or folder of the city pack; None takes the name that the record has.
    end : str or None
        Where to stop; relative times count from the start of the world.
    say : callable
        Takes what a person should read.

    Raises
    ------
    SetupError
        If there is no such record.
    """
    history = _history(file)
    beside = file.parent / settings.secret_file.name
    secret = load_secret(beside if beside.exists() else settings.secret_file)
    _compare_zone_rules(history, say)
    with _shown(say) as show:
        found = replay(
            load_city(city or history.recipe.city), history, moment("--end", end, history.recipe.start), show, secret
        )
    if isinstance(found, Difference):
        say(f"different: first between {format_time(found.after)} and {format_time(found.until)}")
        return False
    say(f"{found.digest} up to {format_time(found.time)}: equal")
    return True


def _compare_zone_rules(history: History, say: Say) -> None:
    """Say by which time zone rules the record was made, if not by those in use here."""
    if history.zone_rules != [ZONE_RULES]:
        made_by = ", then ".join(
            f"tzdata {version}" if version else "rules it does not name" for version in history.zone_rules
        )
        say(f"made by {made_by}; here is tzdata {ZONE_RULES}: local hours may differ, and then readings do")


def _history(file: Path) -> History:
    """Read a world's record from its file, or from the files of the world that a data directory runs."""
    try:
        text = file.read_bytes()
        about = msgspec.json.decode(text, type=dict[str, Any])
        if "recipe" in about:
            return msgspec.json.decode(text, type=History)
        world = str(about["world"])
    except OSError as error:
        raise SetupError(f"{file} cannot be read: {error.strerror}") from error
    except (msgspec.DecodeError, KeyError) as error:
        raise SetupError(f"{file} is neither the record of a world nor a run.json: {error}") from error
    folder = file.parent / "worlds" / world
    try:
        return msgspec.json.decode(ask_raw(folder, "record", {"full": True}), type=History)
    except ControlError:  # it does not run
        return history_of(Record(folder), world)


def _times(start: str | None, end: str | None, every: int, recipe: Recipe | None, unfinished: Request | None) -> Span:
    """Return from when to when to fill [us since the Unix epoch]: as was asked for, or as what is not finished has it."""
    first, last = moment("--start", start), moment("--end", end)
    if unfinished is not None:
        return unfinished.start if first is None else first, unfinished.end if last is None else last
    if first is None:
        raise SetupError("say from when on with --start 2026-01-01T00:00:00Z")
    if last is None:
        last = recipe.start if recipe else WallClock().now() // every * every
    return first, last


def _duration(text: str) -> int:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise SetupError(f"--every: {error}") from None


@contextmanager
def _shown(say: Say) -> Iterator[Callable[[Progress], None]]:
    """Return what shows progress: a bar on a terminal, a line every few seconds elsewhere."""
    if not sys.stderr.isatty():
        yield _Lines(say)
        return
    from rich.console import Console  # here alone: the template of `zenata up` imports this module, and draws no bar
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (BarColumn(), TextColumn("{task.percentage:3.0f} %  {task.description}"))
    with Bar(*columns, console=Console(stderr=True), transient=True, refresh_per_second=4) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda progress: bar.update(
            task, completed=progress.done / progress.work, description=_described(progress)
        )


class _Lines:
    """Says how far it has come, every few seconds."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._next = time.monotonic() + _LINE_EVERY

    def __call__(self, progress: Progress) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _LINE_EVERY
            self._say(f"{progress.done / progress.work:.0%}  {_described(progress)}")


def _described(progress: Progress) -> str:
    """Return where it is, how fast, and how long it will take."""
    rate = f"  {progress.readings / progress.seconds:,.0f} readings/s" if progress.readings else ""
    left = "" if progress.eta is None else f"  {timedelta(seconds=round(progress.eta))} left"
    return f"{format_time(progress.at)}{rate}{left}"
