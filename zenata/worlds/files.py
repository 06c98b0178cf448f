"""Files of a world: the interface by which its record is read and written, and the folder that holds them on one machine."""

import os
from pathlib import Path
from typing import Protocol

from zenata.errors import SetupError
from zenata.process.files import replaced, write_private, writing


class Files(Protocol):
    """What a world leaves, by name. A name may have one folder before it: ``checkpoints/12.npz``.

    Every method that writes raises `SetupError` if it cannot; `read` raises `OSError`.
    """

    def location(self, name: str = "") -> str:
        """Return where a file is, or all are, for messages to operators."""
        ...

    def read(self, name: str) -> bytes | None:
        """Return what a file holds, or None if there is none."""
        ...

    def write(self, name: str, content: bytes) -> None:
        """Write a file in one step: whenever we die, the old or the new is complete."""
        ...

    def write_secret(self, name: str, content: bytes) -> None:
        """Write a file that its owner alone may read; one that is there stays."""
        ...

    def overwrite(self, name: str, content: bytes) -> None:
        """Write a few bytes over as many, often: they survive the process, though not always the machine."""
        ...

    def append(self, name: str, lines: bytes, *, durable: bool = True) -> None:
        """Add complete lines at the end of a file, all or none; if `durable`, they survive the machine once it returns."""
        ...

    def names(self, folder: str) -> list[str]:
        """Return the names of the files in a folder, without it, ascending."""
        ...

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        ...


class FolderFiles:
    """The files of a world in a folder.

    Parameters
    ----------
    folder : Path
        It is not made here: a process that is left over must not bring back a world that was deleted.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def location(self, name: str = "") -> str:
        """Return the path of a file, or of the folder."""
        return str(self.folder / name)

    def read(self, name: str) -> bytes | None:
        """Return what a file holds; see `Files`."""
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, name: str, content: bytes) -> None:
        """Write a file; see `Files`."""
        path = self.folder / name
        if path.parent != self.folder:
            with writing(path):
                path.parent.mkdir(exist_ok=True)
        with replaced(path) as file:
            file.write(content)

    def write_secret(self, name: str, content: bytes) -> None:
        """Write a private file; see `Files`."""
        write_private(self.folder / name, content, replace=False)

    def overwrite(self, name: str, content: bytes) -> None:
        """Write over the old content, in one write; see `Files`."""
        path = self.folder / name
        with writing(path), os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb", buffering=0) as file:
            file.write(content)

    def append(self, name: str, lines: bytes, *, durable: bool = True) -> None:
        """Add lines to a file; see `Files`."""
        path = self.folder / name
        with writing(path), path.open("ab", buffering=0) as file:
            before, rest = file.tell(), memoryview(lines)
            try:
                while rest:  # a disk that becomes full takes a part, and refuses what follows
                    rest = rest[file.write(rest) :]
                if durable:
                    os.fsync(file.fileno())
            except OSError:
                file.truncate(before)  # half a line would be the beginning of the next
                raise

    def names(self, folder: str) -> list[str]:
        """Return the names of files in a folder; see `Files`."""
        where = self.folder / folder
        return sorted(path.name for path in where.iterdir() if path.suffix != ".part") if where.is_dir() else []

    def remove(self, name: str) -> None:
        """Remove a file; see `Files`."""
        path = self.folder / name
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise SetupError(f"{path} cannot be removed: {error.strerror}") from error
