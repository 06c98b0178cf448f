"""States of a world, as checkpoints have them: arrays by name, in a file."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from zenata.errors import SetupError
from zenata.worlds.files import Files

State = Mapping[str, npt.NDArray[Any]]
"""Arrays of a world, by name."""


def load_state(files: Files, name: str) -> State | None:
    """Return the arrays that a file holds, or None if there is none.

    Raises
    ------
    SetupError
        If it cannot be read.
    """
    try:
        if (content := files.read(name)) is None:
            return None
        with np.load(BytesIO(content), allow_pickle=False) as arrays:
            return dict(arrays)
    except (OSError, ValueError, EOFError, RuntimeError, TypeError, BadZipFile) as error:
        # Not the words of numpy, which advises to trust the file.
        reason = str(error) if isinstance(error, OSError) else "it holds no arrays"
        raise SetupError(
            f"{files.location(name)} cannot be read ({reason}): restore it from a backup, or move it away; the world is then computed anew "
            "from its start or the checkpoint before"
        ) from error


def save_state(files: Files, name: str, state: State) -> None:
    """Write arrays into a file.

    Raises
    ------
    SetupError
        If it cannot be written.
    """
    content = BytesIO()
    np.savez(content, allow_pickle=False, **state)
    files.write(name, content.getvalue())
