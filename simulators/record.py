"""What a world leaves on disk: how it was made, and its last checkpoint.

A checkpoint is written only when the broker has acknowledged everything published before it. A killed simulator goes
on from its checkpoint and publishes the ticks since then again: the same readings with the same numbers, which a
store keeps once.
"""

import os
from collections.abc import Mapping
from pathlib import Path

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
        """Write how the world was made."""
        _replace(self._recipe, msgspec.json.format(msgspec.json.encode(recipe)))

    def checkpoint(self) -> State | None:
        """Return the state of the last checkpoint, or None if there is none.

        Raises
        ------
        SetupError
            If the file cannot be read.
        """
        try:
            with np.load(self._checkpoint, allow_pickle=False) as file:
                return dict(file)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, EOFError) as error:
            raise SetupError(f"{self._checkpoint} cannot be read ({error}); move it away to begin anew") from error

    def keep_checkpoint(self, state: State) -> None:
        """Write a checkpoint; whenever the process dies, the old one or the new one is there whole."""
        partial = self._checkpoint.with_suffix(".part.npz")
        with partial.open("wb") as file:
            np.savez(file, allow_pickle=False, **state)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self._checkpoint)


def _replace(path: Path, content: bytes) -> None:
    partial = path.with_suffix(".part")
    partial.write_bytes(content)
    partial.replace(path)
