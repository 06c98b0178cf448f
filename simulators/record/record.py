"""Record of a world: its recipe, its journal, its pace and its last checkpoint.

A checkpoint is written only when the broker has acknowledged everything published before it. A killed simulator goes
on from its checkpoint and publishes the ticks since then again: the same readings with the same numbers, which a
store keeps once.
"""

import secrets
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from simulators.events.base import Event
from simulators.labels.labels import Label
from simulators.record.journal import Entry, Journal
from simulators.record.states import State, load_state, save_state
from simulators.world.conditions import TICK
from simulators.world.draws import SealedSeed
from zenata.errors import SetupError
from zenata.process.files import write_private
from zenata.worlds.files import Files, FolderFiles
from zenata.worlds.index import RECIPE

T = TypeVar("T", bound=msgspec.Struct)

MAX_MILESTONES = 28
"""Largest number of checkpoints of earlier times that are stored; the oldest go first."""


class Recipe(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a world was made; the same recipe and the same journal give the same readings.

    Parameters
    ----------
    city : str
        The city pack.
    seed : int
    start : int
        Its first moment [us since the Unix epoch].
    live : bool
        Whether it follows the time of day rather than a clock of its own.
    events : tuple of Event
        What was known to happen from the beginning.
    kinds, districts : tuple of str
        Whose sensors publish; empty for all.
    begins : int or None
        Of a copy of another world: the time of its last tick that was the other's [us since the Unix epoch].
    parent : str
        Name of that other world.
    owner : str
        The pilot whose world it is; empty for the shared city.
    packs : bool
        Whether it publishes each district's readings as packs, and none by themselves.
    publish : bool
        Whether its readings are published and stored; else they are in the answers to `advance` alone.
    sealed : str
        Which secret its draws need too (`seal_of`), empty for none: the future and the hidden events of a sealed world
        are not its owner's to know.
    blind : bool
        Whether its events are hidden from its owner until they are over or the owner gives up.
    zone_rules : str
        Version of the time zone rules it was made by (`zenata.city.clock.ZONE_RULES`); empty if it was not recorded.
    trial, challenge, variant : str
        Id of the trial whose world it is, its challenge, and the variant of its seed; empty for other worlds.
    every : int
        Length of its first ticks, and of those that it makes by itself [us].
    """

    city: str
    seed: int
    start: int
    live: bool
    events: tuple[Event, ...] = ()
    kinds: tuple[str, ...] = ()
    districts: tuple[str, ...] = ()
    begins: int | None = None
    parent: str = ""
    owner: str = ""
    packs: bool = False
    publish: bool = True
    sealed: str = ""
    blind: bool = False
    zone_rules: str = ""
    trial: str = ""
    challenge: str = ""
    variant: str = ""
    every: int = TICK

    @property
    def conceals(self) -> bool:
        """Whether seed, future and hidden events are the operator's alone: of the shared city, and of sealed worlds."""
        return bool(self.sealed) or not self.owner


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """The pace of a world's clock.

    Parameters
    ----------
    state : str
        ``running`` or ``paused``.
    speed : float
        World seconds per second; 0 is as fast as it can.
    publish : bool
        Whether readings are published; of a trial in lock-step it is as the last step was asked for.
    """

    state: Literal["running", "paused"] = "running"
    speed: float = 1.0
    publish: bool = True


class Floor(msgspec.Struct, frozen=True, kw_only=True):
    """The least time that a tick of a trial's world takes, behind its warm-up [s]."""

    seconds: float


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """The fingerprint of everything published up to a time [us since the Unix epoch]."""

    time: int
    digest: str


class History(msgspec.Struct, frozen=True, kw_only=True):
    """The record of a world as one document: all that a replay needs, and the fingerprints to check it against.

    Parameters
    ----------
    world : str
        Its name.
    recipe : Recipe
    journal : list of Entry
        Interventions.
    marks : list of Mark
        Of earlier times, ascending.
    last : Mark
        Of all that it has published.
    format : int
        Version of this document.
    """

    world: str
    recipe: Recipe
    journal: list[Entry]
    marks: list[Mark]
    last: Mark
    format: Literal[1] = 1

    @property
    def zone_rules(self) -> list[str]:
        """Versions of the time zone rules that the world has run by, in order; "" where they were not recorded."""
        noted = [self.recipe.zone_rules, *(entry.zone_rules for entry in self.journal if entry.zone_rules)]
        return list(dict.fromkeys(noted))


class Record:
    """A world's files, as what they mean.

    Parameters
    ----------
    files : Files or Path
        A path is that of their folder, which is made if it is not there.

    Raises
    ------
    SetupError
        Here and in every method: if a file cannot be read or written.
    """

    def __init__(self, files: Files | Path) -> None:
        if isinstance(files, Path):
            try:
                files.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise SetupError(f"the world's folder {files} cannot be made: {error.strerror}") from error
            files = FolderFiles(files)
        self.files: Files = files

    def recipe(self) -> Recipe | None:
        """Return the recipe, or None if the world was never made."""
        return read_json(self.files, RECIPE, Recipe)

    def save_recipe(self, recipe: Recipe) -> None:
        """Write the recipe."""
        write_json(self.files, RECIPE, recipe)

    def secret(self) -> bytes | None:
        """Return the secret of a world that is sealed with one of its own, or None."""
        return _secret(self.files, _SECRET)

    def save_secret(self, secret: bytes) -> None:
        """Write the secret of this world alone, for the owner of the file."""
        self.files.write_secret(_SECRET, secret.hex().encode())

    def pace(self) -> Pace | None:
        """Return the last pace of the clock, or None if none was ever set."""
        return read_json(self.files, _PACE, Pace)

    def save_pace(self, pace: Pace) -> None:
        """Write the pace of the clock."""
        write_json(self.files, _PACE, pace)

    def floor(self) -> Floor | None:
        """Return the least time of a tick, or None if the warm-up has not told it yet."""
        return read_json(self.files, _FLOOR, Floor)

    def save_floor(self, floor: Floor) -> None:
        """Write the least time of a tick."""
        write_json(self.files, _FLOOR, floor)

    def journal(self) -> Journal:
        """Return the journal."""
        return Journal(self.files)

    def marks(self) -> list[Mark]:
        """Return the fingerprints of earlier times, ascending."""
        try:
            lines = (self.files.read(_MARKS) or b"").splitlines()
        except OSError as error:
            raise SetupError(f"{self.files.location(_MARKS)} cannot be read: {error.strerror}") from error
        marks = {mark.time: mark for mark in (_mark(line) for line in lines) if mark is not None}
        return [marks[time] for time in sorted(marks)]

    def add_mark(self, mark: Mark) -> None:
        """Write a fingerprint. A process that was killed may write the same one twice."""
        self.files.append(_MARKS, msgspec.json.encode(mark) + b"\n", durable=False)

    def save_labels(self, labels: Sequence[Label]) -> None:
        """Write the truth about its events."""
        self.files.write("labels.json", msgspec.json.encode(labels))

    def checkpoint(self) -> State | None:
        """Return the state of the last checkpoint, or None if there is none."""
        return load_state(self.files, _CHECKPOINT)

    def save_checkpoint(self, state: State) -> None:
        """Write a checkpoint."""
        save_state(self.files, _CHECKPOINT, state)

    def milestone(self, time: int) -> State | None:
        """Return the state of the last milestone up to a time [us since the Unix epoch], or None if there is none."""
        earlier = [moment for moment in self._milestones() if moment <= time]
        return load_state(self.files, f"{_MILESTONES}/{earlier[-1]}.npz") if earlier else None

    def save_milestone(self, time: int, state: State) -> None:
        """Write a checkpoint of a time [us since the Unix epoch], for copies of the world as it was then."""
        save_state(self.files, f"{_MILESTONES}/{time}.npz", state)
        for old in self._milestones()[:-MAX_MILESTONES]:
            self.files.remove(f"{_MILESTONES}/{old}.npz")

    def _milestones(self) -> list[int]:
        """Return the times of milestones, ascending [us since the Unix epoch]."""
        return sorted(int(name.removesuffix(".npz")) for name in self.files.names(_MILESTONES) if name.endswith(".npz"))

    def reached(self) -> int | None:
        """Return the last time [us since the Unix epoch] of which anything was published, or None."""
        try:
            content = self.files.read(_REACHED)
        except OSError as error:
            raise SetupError(f"{self.files.location(_REACHED)} cannot be read: {error.strerror}") from error
        if not content:  # it is made empty, where a full disk then has no room for the time: nothing was published
            return None
        if len(content) != _TIME_BYTES:
            raise SetupError(
                f"{self.files.location(_REACHED)} has {len(content)} bytes in place of {_TIME_BYTES}: restore it from a "
                "backup, or move it away; the world then goes on from its checkpoint"
            )
        return int.from_bytes(content, "little", signed=True)

    def save_reached(self, time: int) -> None:
        """Write the time [us since the Unix epoch] of what is about to be published; it survives a killed process."""
        self.files.overwrite(_REACHED, time.to_bytes(_TIME_BYTES, "little", signed=True))


SECRET_BYTES = 32
_TIME_BYTES = 8
_PACE, _FLOOR, _MARKS, _CHECKPOINT, _MILESTONES = (
    "pace.json", "floor.json", "marks.jsonl", "checkpoint.npz", "checkpoints",
)  # fmt: skip
_REACHED, _SECRET = "reached", "world.secret"
_LOST_OTHER = "restore it from a backup, or move it away; what it says is then as of a new world"
_LOST = {
    "world.json": "it says of which city, seed and start the world is, and nothing else does. Restore it from a backup, or move "
    "the folder of the world away to begin a new one; stored readings stay",
    "pace.json": "it says how fast the world goes. Restore it from a backup, or move it away: the world then runs with the pace "
    "of a new one",
}


def load_secret(file: Path, *, make: bool = False) -> bytes | None:
    """Return the secret of a data directory, which keys the draws of its sealed worlds.

    Parameters
    ----------
    file : Path
        Readable by its owner alone.
    make : bool
        Whether to make one if there is none; it is made once, and never changes.

    Raises
    ------
    SetupError
        If it cannot be read or made.
    """
    if make:
        write_private(file, secrets.token_hex(SECRET_BYTES), replace=False)
    return _secret(FolderFiles(file.parent), file.name)


def _secret(files: Files, name: str) -> bytes | None:
    try:
        if (text := files.read(name)) is None:
            return None
        secret = bytes.fromhex(text.decode("ascii"))
        if len(secret) != SECRET_BYTES:
            raise ValueError(f"it has {len(secret)} bytes in place of {SECRET_BYTES}")
    except (OSError, ValueError) as error:
        where = files.location(name)
        raise SetupError(
            f"{where} cannot be read ({error}); restore it from a backup of this data directory"
        ) from error
    return secret


def seal_of(secret: bytes) -> str:
    """Return the public id of a secret, by which sealed worlds name it."""
    return blake2b(b"seal", digest_size=8, key=secret).hexdigest()


def seed_of(recipe: Recipe, secret: bytes | None) -> int:
    """Return the seed that a world draws from.

    Raises
    ------
    SetupError
        If the world is sealed and the secret is missing, or another.
    """
    if not recipe.sealed:
        return recipe.seed
    if secret is None or seal_of(secret) != recipe.sealed:
        raise SetupError(
            "this world is sealed: it runs and replays only with the file worlds.secret of the data directory that it "
            f"was made in, and {'that file is missing' if secret is None else 'the one here is another'}"
        )
    return SealedSeed(recipe.seed, secret)


def read_json(files: Files, name: str, type_: type[T]) -> T | None:
    """Return what a file holds, or None if there is none.

    Raises
    ------
    SetupError
        If it cannot be read.
    """
    try:
        content = files.read(name)
        return None if content is None else msgspec.json.decode(content, type=type_)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SetupError(f"{files.location(name)} cannot be read ({error}): {_LOST.get(name, _LOST_OTHER)}") from error


def write_json(files: Files, name: str, value: msgspec.Struct) -> None:
    """Write a file atomically.

    Raises
    ------
    SetupError
        If it cannot be written.
    """
    files.write(name, msgspec.json.format(msgspec.json.encode(value)))


def _mark(line: bytes) -> Mark | None:
    """Return the fingerprint of a line; None for an incomplete line, of a process that was killed."""
    try:
        return msgspec.json.decode(line, type=Mark)
    except msgspec.DecodeError:
        return None
