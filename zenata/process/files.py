"""Files: atomic writing, private files, and folders locked by one process at a time."""

import errno
import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from zenata.errors import NoRoomError, SetupError

_LOOK = 0.05  # pause between two looks at who holds a folder [s]


def is_out_of_room(error: BaseException | None) -> bool:
    """Return whether an error, or one that it arose from, is a full disk, or a full quota of it."""
    while error is not None:
        if isinstance(error, NoRoomError) or "database or disk is full" in str(error):  # as SQLite has it
            return True
        if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
            return True
        error = error.__cause__ or error.__context__
    return False


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Name a file or folder that what is inside cannot write.

    Raises
    ------
    SetupError
        In place of an `OSError`.
    """
    try:
        yield
    except OSError as error:
        raise SetupError(f"{path} cannot be written: {error.strerror}") from error


@contextmanager
def replaced(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that takes the place of `path` when all is written: whenever we die, the old or the new is complete.

    Raises
    ------
    SetupError
        If it cannot be written.
    """
    partial = path.with_name(f"{path.name}.part")
    with writing(path):
        with partial.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)


def write_private(path: Path, content: bytes | str, *, replace: bool = True) -> bool:
    """Write a file that only its owner may read, in one step: whenever we die, the old or the new is there complete.

    Parameters
    ----------
    path : Path
        Its folder is made, for its owner alone, if it is not there.
    content : bytes or str
        A text is written as UTF-8.
    replace : bool
        Whether to replace a file that is there; else it stays.

    Returns
    -------
    bool
        Whether it was written.

    Raises
    ------
    SetupError
        If it cannot be written.
    """
    with writing(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f"{path.name}.", suffix=".part", dir=path.parent)  # mode 600
        draft = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content.encode() if isinstance(content, str) else content)
                file.flush()
                os.fsync(file.fileno())
            if replace:
                draft.replace(path)
            else:
                path.hardlink_to(draft)
        except FileExistsError:
            return False
        finally:
            with suppress(OSError):
                draft.unlink()
    return True


@contextmanager
def held(folder: Path, patience: float = 0.0) -> Iterator[None]:
    """Hold a folder for ourselves, waiting at most `patience` [s] for another process that is about to end.

    Raises
    ------
    SetupError
        If another holds it all the while, or it cannot be written.
    """
    deadline = time.monotonic() + patience
    with writing(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (folder / "lock").open("a")
    with lock:
        while not _locked(lock):
            if time.monotonic() >= deadline:
                raise SetupError(f"another process is at work in {folder}; wait for it to end, or stop it")
            time.sleep(_LOOK)
        yield


def _locked(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
