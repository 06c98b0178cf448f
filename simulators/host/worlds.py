"""The worlds of a data directory, a folder each. Which processes there are to be follows from the folders alone.

A folder with a ``world.json`` is a world, and is to run unless one of these says otherwise:

``asleep``
    Nobody used it for long. Its process left a checkpoint and ended; somebody who asks for it wakes it.
``failed``
    Its process died again and again; what it said last. To wake it is to try again.
``deleted``
    It is to vanish. Until it has, nobody can have it.
"""

import logging
import re
import secrets
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import ascii_lowercase, digits
from typing import Any, Literal

from simulators.record.journal import Entry
from simulators.record.record import Pace, Recipe, Record, read_json
from zenata.city.clock import format_time
from zenata.city.model import PRIVATE
from zenata.errors import ControlError, SetupError
from zenata.process.files import State, held
from zenata.worlds import control

log = logging.getLogger(__name__)

Word = Literal["asleep", "failed", "deleted"]

_NAME = re.compile(PRIVATE + r"[a-z0-9]{8}")  # 36**8: 41 bits, so that nobody finds one by trying
_PATIENCE = 10.0  # for another process that makes a world [s]
_ANSWER = 10.0  # the longest that a world is waited for that has just been made [s]
_LOOK = 0.05  # pause between two looks at whether a world answers [s]


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How many private worlds there may be.

    Parameters
    ----------
    of_one : int
        Of one pilot.
    in_all : int
    """

    of_one: int = 4
    in_all: int = 16


class Worlds:
    """The private worlds among the folders.

    Parameters
    ----------
    root : Path
        Their folder.
    limits : Limits
    """

    def __init__(self, root: Path, limits: Limits) -> None:
        self.root = root
        self._limits = limits

    def names(self) -> list[str]:
        """Return the names of all worlds, ascending, those that are to vanish too."""
        return sorted(
            path.parent.name for path in self.root.glob("w-*/world.json") if _NAME.fullmatch(path.parent.name)
        )

    def wanted(self) -> set[str]:
        """Return the names of the worlds that are to run."""
        return {name for name in self.names() if self.word(name) is None}

    def folder(self, name: str) -> Path:
        """Return the folder of a world.

        Raises
        ------
        ControlError
            If there is no world of this name.
        """
        folder = self.root / name
        if not (_NAME.fullmatch(name) and (folder / "world.json").exists()) or self.word(name) == "deleted":
            raise ControlError(f"there is no private world {name[:80]!r}", "invalid")
        return folder

    def word(self, name: str) -> Word | None:
        """Return what keeps a world from running, or None."""
        words: tuple[Word, ...] = ("deleted", "failed", "asleep")
        return next((word for word in words if (self.root / name / word).exists()), None)

    def put(self, name: str, word: Word, reason: str = "") -> None:
        """Keep a world from running.

        Raises
        ------
        SetupError
            If it cannot be written.
        """
        put_word(self.root / name, word, reason)

    def wake(self, name: str) -> None:
        """Let a world run that was asleep or had failed."""
        for word in ("asleep", "failed"):
            (self.folder(name) / word).unlink(missing_ok=True)

    def rested(self, name: str) -> float:
        """Return how long a world has been kept from running [s], 0 for one that is not."""
        word = self.word(name)
        return time.time() - (self.root / name / word).stat().st_mtime if word else 0.0

    def make(
        self,
        recipe: Recipe,
        pace: Pace,
        journal: Sequence[Entry] = (),
        checkpoint: State | None = None,
        most: int | None = None,
    ) -> str:
        """Make a world, whole or not at all; return its name.

        `most` is how many its owner may have, if that is another number than the limits'.

        Raises
        ------
        ControlError
            If there are as many as there may be.
        SetupError
            If it cannot be written.
        """
        with held(self.root, _PATIENCE):
            self._check_room(recipe.owner, self._limits.of_one if most is None else most)
            for leftover in self.root.glob(f".{PRIVATE}*"):  # of a process that died here
                shutil.rmtree(leftover)
            name = PRIVATE + "".join(secrets.choice(ascii_lowercase + digits) for _ in range(8))
            record = Record(self.root / f".{name}")
            record.journal().add(journal)
            if checkpoint is not None:
                record.keep_checkpoint(checkpoint)
            record.keep_pace(pace)
            record.keep_recipe(recipe)
            record.folder.rename(self.root / name)
        return name

    def status(self, name: str, timeout: float = 2.0, *, used: bool = True) -> dict[str, Any]:
        """Return how a world is: as it says itself, or else as its folder tells.

        Parameters
        ----------
        name : str
        timeout : float
            For its answer [s].
        used : bool
            Whether that counts as using it.

        Raises
        ------
        ControlError
            If there is no such world.
        """
        folder = self.folder(name)
        word = self.word(name)
        if word is None:
            try:
                answer: dict[str, Any] = control.ask(folder, "status", timeout, used=used)
            except ControlError as error:
                if error.reason != "away":
                    raise
            else:
                return answer
        if (recipe := recipe_in(folder)) is None:  # it vanished just now
            raise ControlError(f"there is no private world {name!r}", "invalid")
        record = Record(folder)
        injected = sum(entry.event is not None for entry in record.journal().since(0)) if word == "asleep" else 0
        time_ = record.reached() or recipe.begins or recipe.start
        told = describe(name, recipe, time_, record.pace() or Pace(), len(recipe.events) + injected)
        return {
            **told,
            "state": word or "catching-up",
            "reason": (folder / "failed").read_text() if word == "failed" else None,
        }

    def wait_for(self, name: str) -> dict[str, Any]:
        """Wait until a world answers or has failed, but not for ever; return how it is."""
        deadline = time.monotonic() + _ANSWER
        while True:
            try:
                return dict(control.ask(self.folder(name), "status", max(deadline - time.monotonic(), _LOOK)))
            except ControlError as error:
                if error.reason != "away" or self.word(name) or time.monotonic() > deadline:
                    return self.status(name)
            time.sleep(_LOOK)

    def _check_room(self, owner: str, most: int) -> None:
        owners = list(owners_of(self.root).values())
        if (own := owners.count(owner)) >= most:
            raise ControlError(f"{owner} has {own} private worlds already, as many as it may have: delete one", "quota")
        if len(owners) >= self._limits.in_all:
            raise ControlError("the sandbox has no room for another private world now", "limit")


def owners_of(root: Path) -> dict[str, str]:
    """Return the owner of each private world, by name, without those that are to vanish."""
    worlds = Worlds(root, Limits())
    found: dict[str, str] = {}
    for name in worlds.names():
        if worlds.word(name) != "deleted" and (recipe := recipe_in(root / name)) is not None:
            found[name] = recipe.owner
    return found


def recipe_in(folder: Path) -> Recipe | None:
    """Return how the world of a folder was made; None if it is gone, or nobody can read it any more."""
    try:
        return read_json(folder / "world.json", Recipe)
    except SetupError as error:
        log.warning("%s", error)
        return None


def put_word(folder: Path, word: Word, reason: str = "") -> None:
    """Keep the world of a folder from running, and say why.

    Raises
    ------
    SetupError
        If it cannot be written.
    """
    try:
        (folder / word).write_text(reason, encoding="utf-8")
    except OSError as error:
        raise SetupError(f"{folder} cannot be written: {error.strerror}") from error


def describe(name: str, recipe: Recipe, time: int, pace: Pace, events: int) -> dict[str, Any]:
    """Return what is told of every world, in words.

    Parameters
    ----------
    name : str
    recipe : Recipe
    time : int
        Of its last tick [us since the Unix epoch].
    pace : Pace
    events : int
        How many there were and will be.
    """
    told: Mapping[str, Any] = {
        "world": name,
        "owner": recipe.owner,
        "parent": recipe.parent,
        "city": recipe.city,
        "seed": recipe.seed,
        "start": format_time(recipe.start),
        "time": format_time(time),
        "state": pace.state,
        "speed": pace.speed or "max",
        "pace": 0.0,
        "kinds": recipe.kinds,
        "districts": recipe.districts,
        "packs": recipe.packs,
        "live": recipe.live,
        "events": events,
        "messages": None,
        "backfill": None,
        "reason": None,
    }
    return dict(told)
