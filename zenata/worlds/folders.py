"""World folders: which private worlds there are, whose they are, and what keeps each from running.

Every world has a folder of its own under one root. A folder with a ``world.json`` is a world, and runs unless one of
these marker files says otherwise:

``asleep``
    Nobody used it for long. Its process left a checkpoint and ended; the next request wakes it.
``failed``
    Its process died again and again; the file holds its last message. Waking it is trying again.
``deleted``
    It is about to be removed. Nobody can open it any more.

The simulators write these folders; the API and the broker's access rules read them.
"""

import logging
import re
import secrets
import time
from pathlib import Path
from string import ascii_lowercase, digits
from typing import Literal

import msgspec

from zenata.city.model import PRIVATE
from zenata.errors import ControlError, SetupError
from zenata.worlds.control import ENDPOINT

log = logging.getLogger(__name__)

Marker = Literal["asleep", "failed", "deleted"]

RECIPE = "world.json"
"""File of a world's folder that says how it was made."""

_MARKERS: tuple[Marker, ...] = ("deleted", "failed", "asleep")
_NAME = re.compile(PRIVATE + r"[a-z0-9]{1,32}")
_RANDOM = 8  # characters of a new name: 36**8 is 41 bits, so that nobody finds one by trying


class _Owned(msgspec.Struct):
    owner: str = ""


class WorldFolders:
    """The folders of private worlds under one root.

    Parameters
    ----------
    root : Path
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def names(self) -> list[str]:
        """Return the names of all worlds, ascending, with those about to be removed."""
        return sorted(path.parent.name for path in self.root.glob(f"{PRIVATE}*/{RECIPE}") if _is_name(path.parent.name))

    def to_run(self) -> set[str]:
        """Return the names of the worlds that should run."""
        return {name for name in self.names() if self.marker(name) is None}

    def folder(self, name: str) -> Path:
        """Return the folder of a world.

        Raises
        ------
        ControlError
            If there is no world of this name.
        """
        folder = self.root / name
        if not (_is_name(name) and (folder / RECIPE).exists()) or self.marker(name) == "deleted":
            raise ControlError(f"there is no private world {name[:80]!r}", "invalid")
        return folder

    def owners(self) -> dict[str, str]:
        """Return the owner of each private world by name, without worlds about to be removed."""
        found = {}
        for name in self.names():
            owner = self._owner(name)
            if owner is not None and self.marker(name) != "deleted":
                found[name] = owner
        return found

    def marker(self, name: str) -> Marker | None:
        """Return what keeps a world from running, or None."""
        return next((marker for marker in _MARKERS if (self.root / name / marker).exists()), None)

    def mark(self, name: str, marker: Marker, reason: str = "") -> None:
        """Keep a world from running, and note the reason.

        Raises
        ------
        SetupError
            If it cannot be written.
        """
        try:
            (self.root / name / marker).write_text(reason, encoding="utf-8")
        except OSError as error:
            raise SetupError(f"{self.root / name} cannot be written: {error.strerror}") from error

    def wake(self, name: str) -> None:
        """Let a world run that was asleep or had failed.

        Raises
        ------
        ControlError
            If there is no such world.
        """
        for marker in ("asleep", "failed"):
            (self.folder(name) / marker).unlink(missing_ok=True)

    def stopped_for(self, name: str) -> float:
        """Return how long a world has been kept from running [s]; 0 if it runs."""
        marker = self.marker(name)
        return time.time() - (self.root / name / marker).stat().st_mtime if marker else 0.0

    def answers(self, name: str) -> bool:
        """Return whether the process of a world listens. A process that was killed leaves its control file behind."""
        return (self.root / name / ENDPOINT).exists() and self.marker(name) not in ("asleep", "failed")

    def failure(self, name: str) -> str | None:
        """Return the last message of a world that failed, or None."""
        try:
            return (self.root / name / "failed").read_text(encoding="utf-8")
        except OSError:
            return None

    def _owner(self, name: str) -> str | None:
        try:
            return msgspec.json.decode((self.root / name / RECIPE).read_bytes(), type=_Owned).owner
        except (OSError, msgspec.DecodeError) as error:
            log.debug("%s: %s", name, error)  # it was removed just now, or its simulator reports the damage
            return None


def new_name() -> str:
    """Return a name for a new private world."""
    return PRIVATE + "".join(secrets.choice(ascii_lowercase + digits) for _ in range(_RANDOM))


def _is_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None
