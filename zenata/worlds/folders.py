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
import os
import shutil
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from zenata.city.model import PRIVATE
from zenata.contract.hosts import Host
from zenata.process.files import held, replaced
from zenata.process.load import MachineLoad
from zenata.worlds import control
from zenata.worlds.control import ENDPOINT, ControlServer, Handler
from zenata.worlds.files import Files, FolderFiles
from zenata.worlds.index import MARKERS, RECIPE, Draft, Marker, Owned, WorldIndex, is_name, new_name, unknown

log = logging.getLogger(__name__)

_PATIENCE = 10.0  # for another process that makes a world [s]


class WorldFolders(WorldIndex):
    """The index of worlds that are folders under one root; see `zenata.worlds.index.WorldIndex`.

    Parameters
    ----------
    root : Path
    host : str
        The world whose simulator hosts the others: the shared city.
    """

    def __init__(self, root: Path, host: str = "") -> None:
        self.root, self.host = root, host
        self._load = MachineLoad()

    @property
    def location(self) -> str:
        """The path of the root."""
        return str(self.root)

    def close(self) -> None:
        """Do nothing: folders are not open."""

    def names(self) -> list[str]:
        """Return the names of all worlds, ascending, with those about to be removed."""
        return sorted(path.parent.name for path in self.root.glob(f"{PRIVATE}*/{RECIPE}") if is_name(path.parent.name))

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
        if not (is_name(name) and (folder / RECIPE).exists()) or self.marker(name) == "deleted":
            raise unknown(name)
        return folder

    def check(self, name: str) -> None:
        """Raise unless there is a private world of this name."""
        self.folder(name)

    def files(self, name: str) -> Files:
        """Return the files of a world."""
        return FolderFiles(self.root / name)

    def deliver(self, name: str, file: str, content: bytes) -> None:
        """Leave a file for a world."""
        self.files(name).write(file, content)

    @contextmanager
    def draft(self) -> Iterator[Draft]:
        """Make a world, whole or not at all: its folder gets its name at the end."""
        with held(self.root, _PATIENCE):
            for leftover in self.root.glob(f".{PRIVATE}*"):  # of a process that died here
                shutil.rmtree(leftover)
            name = new_name()
            folder = self.root / f".{name}"
            folder.mkdir()
            yield Draft(name=name, files=FolderFiles(folder), owners=self.owners(trials=False))
            folder.rename(self.root / name)

    def claim(self, name: str) -> bool:
        """Return whether we may change a world that does not run: on one machine always."""
        return (self.root / name).exists()

    def remove(self, name: str) -> None:
        """Remove a world and all it left."""
        shutil.rmtree(self.root / name)

    def marker(self, name: str) -> Marker | None:
        """Return what keeps a world from running, or None."""
        return _marker(self._listed(name))

    def mark(self, name: str, marker: Marker, reason: str = "") -> None:
        """Keep a world from running, and note the reason.

        Raises
        ------
        SetupError
            If it cannot be written.
        """
        with replaced(self.root / name / marker) as file:
            file.write(reason.encode())

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
        listed = self._listed(name)
        return ENDPOINT in listed and _marker(listed) not in ("asleep", "failed")

    def running(self) -> list[str]:
        """Return the names of the worlds that listen, the shared city among them."""
        names = sorted(file.parent.name for file in self.root.glob(f"*/{ENDPOINT}"))
        return [name for name in names if self.marker(name) is None]

    def serving(self, name: str, handle: Handler) -> ControlServer:
        """Answer calls to a world in this process."""
        return ControlServer(self.root / name, handle)

    def hosts(self) -> list[Host]:
        """Return this machine, if it runs worlds."""
        worlds = self.running()
        if self.host not in worlds:
            return []
        since = datetime.fromtimestamp((self.root / self.host / ENDPOINT).stat().st_mtime, UTC)
        return [
            Host(
                name=socket.gethostname(),
                since=since,
                seen=datetime.now(UTC),
                cores=os.cpu_count() or 1,
                load=round(self._load(), 3),
                worlds=worlds,
            )
        ]

    def ask_raw(self, name: str, verb: str, arguments: Mapping[str, Any], *, timeout: float) -> bytes:
        """Call the simulator of a world; see `zenata.worlds.control.ask_raw`."""
        return control.ask_raw(self.root / name, verb, arguments, timeout=timeout)

    def failure(self, name: str) -> str | None:
        """Return the last message of a world that failed, or None."""
        try:
            return (self.root / name / "failed").read_text(encoding="utf-8")
        except OSError:
            return None

    def owned(self, name: str) -> Owned | None:
        """Return what the recipe of a world says of its owner; None if it cannot be read."""
        try:
            with open(f"{self.root}/{name}/{RECIPE}", "rb") as file:  # noqa: PTH123 - a path takes longer than the file
                return msgspec.json.decode(file.read(), type=Owned)
        except (OSError, msgspec.DecodeError) as error:
            log.debug("%s: %s", name, error)  # it was removed just now, or its simulator reports the damage
            return None

    def _listed(self, name: str) -> Sequence[str]:
        """Return the names of a world's files; of each step of a world this is asked twice."""
        try:
            return os.listdir(f"{self.root}/{name}")  # noqa: PTH208 - names are all that is wanted
        except OSError:
            return ()


def _marker(listed: Sequence[str]) -> Marker | None:
    return next((marker for marker in MARKERS if marker in listed), None)
