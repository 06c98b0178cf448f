"""States of a world, as checkpoints have them: arrays by name, in a file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from zenata.errors import SetupError
from zenata.process.files import replaced

State = Mapping[str, npt.NDArray[Any]]
"""Arrays of a world, by name."""


def load_state(path: Path) -> State | None:
    """Return the arrays that a file holds, or None if there is none.

    Raises
    ------
    SetupError
        If it cannot be read.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return dict(arrays)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, EOFError, RuntimeError, TypeError, BadZipFile) as error:
        # Not the words of numpy, which advises to trust the file.
        reason = str(error) if isinstance(error, OSError) else "it holds no arrays"
        raise SetupError(
            f"{path} cannot be read ({reason}): restore it from a backup, or move it away; the world is then computed anew "
            "from its start or the checkpoint before"
        ) from error


def save_state(path: Path, state: State) -> None:
    """Write arrays into a file.

    Raises
    ------
    SetupError
        If it cannot be written.
    """
    with replaced(path) as file:
        np.savez(file, allow_pickle=False, **state)
