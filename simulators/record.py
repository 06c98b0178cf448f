"""What a world leaves on disk: how it was made, and its last checkpoint.

A checkpoint is written only when the broker has acknowledged everything published before it. A killed simulator goes
on from its checkpoint and publishes the ticks since then again: the same readings with the same numbers, which a
store keeps once.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from zipfile import BadZipFile

import msgspec
import numpy as np
import numpy.typing as npt

from zenata.errors import SetupError

State = Mapping[str, npt.NDArray]  # type: ignore[type-arg]  # the arrays differ in type


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """How a world was made; with the same recipe it says the same again.

    Parameters
    ----------
    city : str
        The city pack.
    seed : int
    start : int
        Its first moment [us since the Unix epoch].
    live : bool
        Whether it follows the time of day rather than a clock of its own.
    """

    city: str
    seed: int
    start: int
    live: bool


class Record:
    """A world's files in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._recipe = folder / "world.json"
        self._checkpoint = folder / "checkpoint.npz"
        self._reached = folder / "reached"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SetupError(f"the world's folder {folder} cannot be made: {error.strerror}") from error

    def recipe(self) -> Recipe | None:
        """Return how the world was made, or None if it never was.

        Raises
        ------
        SetupError
            If the file cannot be read.
        """
        try:
            return msgspec.json.decode(self._recipe.read_bytes(), type=Recipe)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError) as error:
            raise SetupError(f"{self._recipe} cannot be read ({error}); move it away to begin anew") from error

    def keep_recipe(self, recipe: Recipe) -> None:
        """Write how the world was made.

        Raises
        ------
        SetupError
            If it cannot be written.
        """
        with _replaced(self._recipe) as file:
            file.write(msgspec.json.format(msgspec.json.encode(recipe)))

    def checkpoint(self) -> State | None:
        """Return the state of the last checkpoint, or None if there is none.

        Raises
        ------
        SetupError
            If the file cannot be read.
        """
        try:
            with self._checkpoint.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                return dict(arrays)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, EOFError, RuntimeError, BadZipFile) as error:
            raise SetupError(f"{self._checkpoint} cannot be read ({error}); move it away to begin anew") from error

    def keep_checkpoint(self, state: State) -> None:
        """Write a checkpoint.

        Raises
        ------
        SetupError
            If it cannot be written.
        """
        with _replaced(self._checkpoint) as file:
            np.savez(file, allow_pickle=False, **state)

    def reached(self) -> int | None:
        """Return the last time [us since the Unix epoch] that anything was said of, or None if nothing was."""
        try:
            return int.from_bytes(self._reached.read_bytes(), "little", signed=True)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SetupError(f"{self._reached} cannot be read: {error.strerror}") from error

    def keep_reached(self, time: int) -> None:
        """Note, before saying it, the time [us since the Unix epoch] of what is said; a killed process leaves it."""
        try:
            with os.fdopen(os.open(self._reached, os.O_WRONLY | os.O_CREAT, 0o600), "wb", buffering=0) as file:
                file.write(time.to_bytes(8, "little", signed=True))  # over the old one, in one write
        except OSError as error:
            raise SetupError(f"{self._reached} cannot be written: {error.strerror}") from error


@contextmanager
def _replaced(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that takes the place of `path` when all is written: whenever we die, the old or the new is whole."""
    partial = path.with_name(f"{path.name}.part")
    try:
        with partial.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise SetupError(f"{path} cannot be written: {error.strerror}") from error
