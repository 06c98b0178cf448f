"""`zenata backup` and `zenata restore`: a data directory in one file, taken while the city runs.

A backup is what would be left if every process were killed at one moment, from which the city goes on without a loss
(docs/decisions/0002-exactly-once.md). To have such a moment, the embedded broker stands still, as a client sees it in a
pause of its network, until what lies in its folder and in those of the worlds is copied and the store has fixed what it
will copy. By then every message that the broker had acknowledged is in its folder or in the store, and nothing is in
the store that the worlds do not know as published.
"""

import json
import os
import shutil
import subprocess
import tarfile
import time
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from hashlib import file_digest, sha256
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from secrets import token_hex
from typing import IO, Literal

import msgspec

from sandbox.screen import Say
from sandbox.settings import Settings
from sandbox.stores import open_sink
from zenata.control.database import copy_file
from zenata.errors import SetupError
from zenata.process.files import held
from zenata.wire.bulk import BulkClient

MANIFEST = "manifest.json"
READINGS = "readings.duckdb"

_INCLUDED = ("*.key", "*.session", "*.secret", "*.subscribed", "*.record", "worlds", "broker")
_LEFT_OUT = ("lock", "control.json", "*.part", "*.new")  # of processes that run now
_STOP = 'kill -STOP "$1" && echo && read _; kill -CONT "$1"'  # goes on, too, when whoever started it is killed
_STANDING = 5.0  # the longest that stopping a process may take [s]
_LOOK = 0.002  # pause between two looks at whether it stands [s]
_CHUNK = 1 << 20  # bytes read at once


class BackupFile(msgspec.Struct, frozen=True):
    """A file of a backup."""

    sha256: str
    size: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds; its first file.

    Parameters
    ----------
    zenata : str
        Version that made it.
    made : str
        When, by the clock of the wall.
    readings : bool
        Whether the store is in it: not if that is a server.
    files : dict of str to BackupFile
        By the path in the data directory.
    format : int
        Version of this document.
    """

    zenata: str
    made: str
    readings: bool
    files: dict[str, BackupFile]
    format: Literal[1] = 1


def backup(settings: Settings, file: Path, say: Say) -> None:
    """Write a data directory into a new file, whether its city runs or not.

    Raises
    ------
    SetupError, StoreError
        If there is no city, the file is there already, or either cannot be read or written.
    """
    if not (settings.data_dir / "admin.key").exists():
        raise SetupError(f"there is no city in {settings.data_dir}: name another with --data-dir")
    draft = file.with_name(f"{file.name}.{token_hex(4)}.part")
    parts = draft.with_suffix(".parts")
    try:
        if file.exists():
            raise SetupError(f"{file} is there already: name another file")
        parts.mkdir(mode=0o700)
        if settings.join:  # first: what is stored may be newer than worlds, which say it again, but not older
            from sandbox.cluster_backup import FOLDER, save_worlds  # here alone: it loads the client of NATS

            say(f"{save_worlds(settings.join, parts / FOLDER)} worlds of the cluster are in it")
        _copy(settings, parts, say)
        manifest = _manifest(parts, settings.is_embedded)
        _write(draft, parts, manifest)
        os.link(draft, file)
    except OSError as error:
        raise SetupError(f"{file} cannot be written: {error}") from error
    finally:
        draft.unlink(missing_ok=True)
        shutil.rmtree(parts, ignore_errors=True)
    say(f"{file}: {len(manifest.files)} files, {file.stat().st_size / 1e6:.1f} MB; it holds keys, so keep it as one")
    if not manifest.readings:
        say("the readings are not in it: back up the InfluxDB with its own `influx backup`, after this")


def restore(settings: Settings, file: Path, say: Say) -> None:
    """Make a data directory out of a backup, whole or not at all.

    Raises
    ------
    SetupError
        If the directory is not empty, or the file is not a whole backup.
    """
    folder = settings.data_dir.absolute()
    draft = folder.with_name(f"{folder.name}.{token_hex(4)}.new")
    try:
        if folder.exists() and any(folder.iterdir()):
            raise SetupError(f"{folder} is not empty: restore into another --data-dir, or move it away")
        draft.mkdir(mode=0o700, parents=True)
        manifest = _read(file, draft)
        _restore_worlds(settings, draft, say)
        draft.rename(folder)
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise SetupError(f"{file} cannot be restored into {folder}: {error}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    say(f"{folder} is as it was at {manifest.made}: {len(manifest.files)} files")
    if not manifest.readings:
        say("the readings were not in the backup: restore the InfluxDB with its own `influx restore`")


def _restore_worlds(settings: Settings, draft: Path, say: Say) -> None:
    """Put the worlds of a cluster where they belong, if a backup has any."""
    from sandbox.cluster_backup import FOLDER, load_worlds  # here alone: it loads the client of NATS

    if not (draft / FOLDER).exists():
        return
    if not settings.join:
        raise SetupError("the backup has worlds of a cluster: say with --join nats://... in which they are to be")
    say(f"{load_worlds(settings.join, draft / FOLDER)} worlds are in the cluster, for the hosts that join it")
    shutil.rmtree(draft / FOLDER)


def _copy(settings: Settings, parts: Path, say: Say) -> None:
    """Copy all there is of one moment: worlds, then the broker, then the store."""
    with ExitStack() as stack:
        broker, open_ = None, open_sink
        try:
            stack.enter_context(held(settings.data_dir))  # no city may start meanwhile
        except SetupError:  # one runs, and the store stays with its process
            broker, open_ = _broker(settings), lambda settings: BulkClient(settings.bulk_file)
        sink = open_(settings) if settings.is_embedded else None
        if sink:
            stack.callback(sink.close)
        pause = stack.enter_context(ExitStack())
        if broker is not None:
            pause.enter_context(_standing(broker))
        began = time.monotonic()
        _copy_files(settings.data_dir, parts)
        if settings.control_file.exists():
            copy_file(settings.control_file, parts / settings.control_file.relative_to(settings.data_dir))

        def go_on() -> None:
            pause.close()
            if broker is not None:
                say(f"the broker stood still for {time.monotonic() - began:.2f} s; copying the readings ...")

        if sink:
            sink.copy(parts / READINGS, go_on)


def _broker(settings: Settings) -> int | None:
    """Return the process id of the embedded broker of a city that runs, or None if its broker is another's."""
    try:
        pid: int | None = json.loads(settings.run_file.read_text())["pids"].get("broker")
    except (OSError, ValueError, KeyError):
        raise SetupError(f"the city in {settings.data_dir} is just starting or stopping: try again") from None
    return pid


@contextmanager
def _standing(pid: int) -> Iterator[None]:
    """Let a process stand still."""
    command = ("sh", "-c", _STOP, "sh", str(pid))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as guard:  # noqa: S603 - our own
        try:
            if not (guard.stdout and guard.stdout.readline()):
                raise SetupError("the broker is just being started again: try again")
            deadline = time.monotonic() + _STANDING
            while not _stands(pid):
                if time.monotonic() > deadline:
                    raise SetupError("the broker is too busy to be stopped for a moment: try again")
                time.sleep(_LOOK)
            yield
        finally:
            if guard.stdin:
                guard.stdin.close()


def _stands(pid: int) -> bool:
    """Return whether every thread of a process has stopped: proc(5), the field behind the name."""
    threads = Path(f"/proc/{pid}/task").glob("*/stat")
    return all(thread.read_text().rpartition(") ")[2].startswith(("T", "t")) for thread in threads)


def _copy_files(folder: Path, parts: Path) -> None:
    """Copy what is kept of a data directory, checkpoints first: what they count on is written before them."""
    found = [path for pattern in _INCLUDED for path in folder.glob(pattern)]
    files = [file for path in found for file in (path.rglob("*") if path.is_dir() else (path,)) if file.is_file()]
    for file in sorted(files, key=lambda file: (file.suffix != ".npz", file)):
        if any(file.match(pattern) for pattern in _LEFT_OUT):
            continue
        target = parts / file.relative_to(folder)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # a world that is just being deleted
            shutil.copyfile(file, target)


def _manifest(parts: Path, readings: bool) -> Manifest:
    files = {}
    for path in sorted(path for path in parts.rglob("*") if path.is_file()):
        with path.open("rb") as file:
            name = path.relative_to(parts).as_posix()
            files[name] = BackupFile(file_digest(file, "sha256").hexdigest(), path.stat().st_size)
    made = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Manifest(zenata=version("zenata-sandbox"), made=made, readings=readings, files=files)


def _write(draft: Path, parts: Path, manifest: Manifest) -> None:
    """Write the archive; only its owner may read it."""
    (parts / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        with tarfile.open(fileobj=file, mode="w:gz", compresslevel=1) as archive:
            for name in (MANIFEST, *manifest.files):
                archive.add(parts / name, name)
        file.flush()
        os.fsync(file.fileno())


def _read(file: Path, folder: Path) -> Manifest:
    """Unpack an archive, and hold every file against the manifest."""
    with tarfile.open(file, "r:gz") as archive:
        first = archive.next()
        text = archive.extractfile(first) if first and first.name == MANIFEST else None
        try:
            manifest = msgspec.json.decode(text.read() if text else b"", type=Manifest)
        except msgspec.DecodeError as error:
            raise SetupError(f"{file} is no backup that this version can read: {error}") from error
        missing = dict(manifest.files)
        for member in archive:
            source = archive.extractfile(member)
            known = missing.pop(member.name, None)
            if source and member is not first and (known is None or _unpack(source, folder, member.name) != known):
                raise SetupError(f"{file} is damaged: {member.name} is not what was backed up")
    if missing:
        raise SetupError(f"{file} is damaged: it lacks {', '.join(missing)}")
    return manifest


def _unpack(source: IO[bytes], folder: Path, name: str) -> BackupFile:
    """Write a file that only its owner may read; return what it is."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise SetupError(f"a backup has no file {name!r}")
    target = folder / path
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest, size = sha256(), 0
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            size += file.write(chunk)
    return BackupFile(digest.hexdigest(), size)
