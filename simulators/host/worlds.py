"""Private worlds: making them, and describing them whether they run or not."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
from msgspec.structs import replace

from simulators.host.documents import describe, shown
from simulators.record.journal import Entry
from simulators.record.record import Pace, Recipe, Record
from simulators.record.states import State
from zenata.contract.worlds import World
from zenata.errors import ControlError, SetupError
from zenata.worlds.files import Files
from zenata.worlds.index import WorldIndex

log = logging.getLogger(__name__)

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
    """The private worlds, as the simulators make and describe them.

    Parameters
    ----------
    index : WorldIndex
    limits : Limits
    """

    def __init__(self, index: WorldIndex, limits: Limits) -> None:
        self.index, self._limits = index, limits

    def make(
        self,
        recipe: Recipe,
        pace: Pace,
        journal: Sequence[Entry] = (),
        checkpoint: State | None = None,
        max_worlds: int | None = None,
        secret: bytes | None = None,
    ) -> str:
        """Make a world, whole or not at all; return its name.

        `max_worlds` is how many its owner may have, if that is another number than the limits'; `secret` seals this
        world alone.

        Raises
        ------
        ControlError
            If there are as many as there may be.
        SetupError
            If it cannot be written.
        """
        with self.index.draft() as draft:
            if not recipe.trial:  # how many trials run at once has a limit of its own
                owners = list(draft.owners.values())
                self._check_room(owners, recipe.owner, self._limits.of_one if max_worlds is None else max_worlds)
            record = Record(draft.files)
            record.journal().add(journal)
            if checkpoint is not None:
                record.save_checkpoint(checkpoint)
            if secret is not None:
                record.save_secret(secret)
            record.save_pace(pace)
            record.save_recipe(recipe)
        return draft.name

    def status(self, name: str, timeout: float = 2.0, *, used: bool = True, full: bool = False) -> World:
        """Return how a world is: as it says itself, or else as its files tell.

        Parameters
        ----------
        name : str
        timeout : float
            For its answer [s].
        used : bool
            Whether that counts as using it.
        full : bool
            Whether to show what is hidden from its owner too.

        Raises
        ------
        ControlError
            If there is no such world.
        """
        self.index.check(name)
        marker = self.index.marker(name)
        if marker is None:
            try:
                return self._ask(name, {"used": used, "full": full}, timeout)
            except ControlError as error:
                if error.reason != "away":
                    raise
        files = self.index.files(name)
        if (recipe := recipe_in(files)) is None:  # it vanished just now
            raise ControlError(f"there is no private world {name!r}", "invalid")
        record = Record(files)
        try:
            journal = record.journal().since(0)
        except SetupError:  # its process has failed for this, and says so with how to go on: `failure`
            journal = []
        events = [*recipe.events, *(entry.event for entry in journal if entry.event is not None)]
        time_ = record.reached() or recipe.begins or recipe.start
        visible = shown(events, recipe, journal, time_, full=full)
        document = describe(name, recipe, time_, record.pace() or Pace(), visible, full=full)
        return replace(document, state=marker or "catching-up", reason=self.index.failure(name))

    def wait_for(self, name: str) -> World:
        """Wait until a world answers or has failed, but not for ever; return how it is."""
        deadline = time.monotonic() + _ANSWER
        while True:
            try:
                self.index.check(name)
                return self._ask(name, {}, max(deadline - time.monotonic(), _LOOK))
            except ControlError as error:
                if error.reason != "away" or self.index.marker(name) or time.monotonic() > deadline:
                    return self.status(name)
            time.sleep(_LOOK)

    def _ask(self, name: str, arguments: Mapping[str, bool], timeout: float) -> World:
        return msgspec.json.decode(self.index.ask_raw(name, "status", arguments, timeout=timeout), type=World)

    def _check_room(self, owners: Sequence[str], owner: str, max_worlds: int) -> None:
        if (own := owners.count(owner)) >= max_worlds:
            raise ControlError(f"{owner} has {own} private worlds already, as many as it may have: delete one", "quota")
        if len(owners) >= self._limits.in_all:
            raise ControlError("the sandbox has no room for another private world now", "limit")


def recipe_in(files: Files) -> Recipe | None:
    """Return how a world was made; None if it is gone, or nobody can read it any more."""
    try:
        return Record(files).recipe()
    except SetupError as error:
        log.warning("%s", error)
        return None
