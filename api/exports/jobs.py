"""The exports of all pilots: a folder for each, so that a restart loses none.

A folder holds ``export.json``, the query and its progress, and the file itself once it is complete. An export that was
under way when the process was killed starts again. Several servers of the API write each its own; each knows of all.
"""

import logging
import os
import secrets
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from api.exports.export import Export, ExportQuery, Queried, pages
from api.exports.shared import SharedExports
from api.exports.writers import write_file
from api.readings.encode import Encoder
from zenata.city.clock import SECOND, Clock
from zenata.errors import QueryTooFine, QueryTooHeavy, SetupError, StoreBusyError, StoreError, ZenataError
from zenata.process.background import Background
from zenata.store.base import Query, Store, Table

log = logging.getLogger(__name__)

RETENTION = 7 * 86_400 * SECOND
"""How long an export is kept once it is done [us]."""

MAX_EXPORTS = 20
"""Exports of one pilot at once."""

MAX_BYTES = 2_000_000_000
"""The largest file; beyond it the export fails and says so."""

WRITERS = 8
"""Exports under way at once, of as many pilots. A default: each holds the buffers of a file."""

_LOOK = 60.0  # the longest without a look at what is to be deleted [s]
_SAVE = 1.0  # between two savings of the progress [s]


class Turns:
    """Who writes now: in the order in which they came. Methods may be called from any thread."""

    def __init__(self) -> None:
        self._waiting: deque[object] = deque()
        self._changed = threading.Condition()

    def take(self, who: object) -> None:
        """Wait for one's turn, unless it is already."""
        with self._changed:
            if who not in self._waiting:
                self._waiting.append(who)
            self._changed.wait_for(lambda: self._waiting[0] is who)

    def end(self, who: object) -> None:
        """Let the next one write, if it is one's own turn."""
        with self._changed:
            if who in self._waiting:
                self._waiting.remove(who)
                self._changed.notify_all()


class TurnStore:
    """A store for one export: a query waits for the export's turn, which ends when its page is written (`end`).

    Parameters
    ----------
    store : Queried
    turns : Turns
    check : callable
        Called when it is our turn; raises if nobody wants the export any more.
    """

    def __init__(self, store: Queried, turns: Turns, check: Callable[[], object]) -> None:
        self._store, self._turns, self._check = store, turns, check

    def query(self, query: Query) -> Table:
        """Return what the store answers; see `Queried.query`."""
        self._turns.take(self)
        try:
            self._check()
            return self._store.query(query)
        except BaseException:
            self.end()  # a busy store is asked again later, and others meanwhile
            raise

    def end(self) -> None:
        """Let another export write."""
        self._turns.end(self)


class _Cancelled(Exception):  # noqa: N818 - it names what happened
    """Somebody deleted the export, or the process ends."""


class Exports(Background):
    """Writes exports until the end of its block: one of a pilot, and of several pilots in turns of a page (`Turns`).

    Who comes next where `WRITERS` are under way: the pilot that has waited longest since its last.

    Parameters
    ----------
    root : Path
        Folder of their folders.
    store : Store
    clock : Clock
        The wall's.
    shared : SharedExports or None
        What other servers have.
    """

    def __init__(self, *, root: Path, store: Store, clock: Clock, shared: SharedExports | None = None) -> None:
        self._root, self._store, self._clock, self._shared = root, store, clock, shared
        self._encoder = Encoder()
        self._lock = threading.Lock()
        self._news = threading.Condition(self._lock)
        self._turns = Turns()
        self._running: set[str] = set()  # pilots of whom one is under way
        self._served: dict[str, float] = {}  # when each pilot had its last turn, on the monotonic clock
        self._exports = {export.id: export for export in map(_requeued, _load(root))}
        for export in self._exports.values() if shared else ():
            self._save(export)
        super().__init__("exports", daemon=True)
        self._others = [threading.Thread(target=self._run, name="exports", daemon=True) for _ in range(WRITERS - 1)]

    def start(self) -> None:
        """Start the threads."""
        super().start()
        for thread in self._others:
            thread.start()

    def close(self) -> None:
        """Stop the threads, and wait until they have ended; what is under way is written after the next start."""
        super().close()
        for thread in self._others:
            if thread.is_alive():
                thread.join()

    def _wake(self) -> None:
        with self._lock:
            self._news.notify_all()

    def make(self, pilot: str, query: Query, format_name: str, storage: int = 2**63 - 1) -> Export | None:
        """Take a query to be written; None if the pilot has `MAX_EXPORTS` already.

        Parameters
        ----------
        pilot : str
        query : Query
        format_name : str
        storage : int
            What the pilot's exports may come to; this one fails where they would come to more [bytes].

        Raises
        ------
        SetupError
            If its folder cannot be made.
        """
        export = Export(
            id=f"x-{secrets.token_hex(8)}",
            pilot=pilot,
            format=format_name,
            query=ExportQuery.of(query),
            made=self._clock.now(),
            written_until=query.start,
            storage=storage,
        )
        elsewhere = len(self._shared.others(pilot)) if self._shared else 0
        with self._lock:
            if elsewhere + sum(one.pilot == pilot for one in self._exports.values()) >= MAX_EXPORTS:
                return None
            try:
                self._folder(export.id).mkdir(parents=True, mode=0o700)
                self._save(export)
            except OSError as error:
                raise SetupError(f"the export cannot be kept: {error.strerror}") from error
            except SQLAlchemyError:
                shutil.rmtree(self._folder(export.id), ignore_errors=True)
                raise
            self._exports[export.id] = export
            self._news.notify()
        return export

    def of(self, pilot: str | None = None) -> list[Export]:
        """Return the exports of a pilot, or of all, newest first."""
        with self._lock:
            chosen = [export for export in self._exports.values() if pilot in {None, export.pilot}]
        chosen += self._shared.others(pilot) if self._shared else ()
        return sorted(chosen, key=lambda export: (-export.made, export.id))

    def size(self, pilot: str) -> int:
        """Return what the files of a pilot come to [bytes]."""
        return sum(export.bytes or 0 for export in self.of(pilot))

    def find(self, id_: str) -> Export | None:
        """Return an export, or None if there is none of that id."""
        if (found := self._exports.get(id_)) is not None or self._shared is None:
            return found
        elsewhere = self._shared.find(id_)
        return elsewhere[0] if elsewhere else None

    def server_of(self, id_: str) -> str | None:
        """Return the other server that has the file of an export; None if it is here."""
        if id_ in self._exports or self._shared is None:
            return None
        elsewhere = self._shared.find(id_)
        return elsewhere[1] if elsewhere else None

    def file(self, export: Export) -> Path:
        """Return the file of an export that is done."""
        return self._folder(export.id) / f"{export.id}.{export.format}"

    def delete(self, id_: str) -> None:
        """Forget an export and its file; one under way stops. Another server deletes its own within a minute."""
        with self._lock:
            is_here = self._exports.pop(id_, None) is not None
            if is_here:
                shutil.rmtree(self._folder(id_), ignore_errors=True)
        if self._shared:
            self._shared.forget(id_) if is_here else self._shared.delete(id_)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._expire()
            except SQLAlchemyError as error:
                log.warning("exports that were deleted elsewhere stay for now: %s", type(error).__name__)
            if (export := self._begin()) is None:
                continue
            try:
                self._write(export)
            except _Cancelled:
                continue
            except Exception as error:  # the thread must outlive whatever one export meets
                if export.id not in self._exports:
                    continue  # it was deleted, and its file with it
                if not isinstance(error, ZenataError | OSError):
                    log.exception("export %s failed", export.id)
                self._fail(export.id, error)
            finally:
                with self._lock:
                    self._running.remove(export.pilot)
                    self._news.notify()

    def _begin(self) -> Export | None:
        """Return the export to be written next, of a pilot of whom none is under way; None after a while without any."""
        with self._lock:
            exports = self._exports.values()
            waiting = [one for one in exports if one.state == "queued" and one.pilot not in self._running]
            if not waiting:
                if not self._stop.is_set():
                    self._news.wait(_LOOK)
                return None
            export = min(waiting, key=lambda one: (self._served.get(one.pilot, 0.0), one.made))
            self._served[export.pilot] = time.monotonic()
            self._running.add(export.pilot)
            return export

    def _write(self, export: Export) -> None:
        self._update(export.id, state="running")
        part = self._folder(export.id) / "part"
        store = TurnStore(self._store, self._turns, lambda: self._check_wanted(export.id))
        try:
            write_file(part, export.format, self._tables(export, part, store), self._encoder)
        finally:
            store.end()  # here and not in the generator, which is closed when nobody refers to it any more
        with part.open("rb") as stream:
            os.fsync(stream.fileno())
        part.replace(self.file(export))
        size = self.file(export).stat().st_size
        self._update(export.id, state="done", written_until=export.query.end, bytes=size, finished=self._clock.now())

    def _tables(self, export: Export, part: Path, store: TurnStore) -> Iterator[Table]:
        """Yield the tables of an export; after each, which is written then, say how far it is, and check its size."""
        saved, rows, room = time.monotonic(), 0, export.storage - self.size(export.pilot)
        for table, until in pages(store, export.query.query):
            yield table
            rows += len(table)
            if part.stat().st_size > MAX_BYTES:
                raise QueryTooHeavy(f"it is larger than {MAX_BYTES / 1e9:g} GB: ask for a part of it, or aggregates")
            if part.stat().st_size > room:
                raise QueryTooHeavy("it is more than the quota storage has room for: delete exports, or ask for less")
            is_due = time.monotonic() > saved + _SAVE
            self._update(export.id, save=is_due, written_until=until, rows=rows)
            saved = time.monotonic() if is_due else saved
            store.end()

    def _fail(self, id_: str, error: Exception) -> None:
        # Other errors of a store or a disk name files and servers, which a pilot must not see.
        if isinstance(error, QueryTooHeavy | QueryTooFine | StoreBusyError):
            reason = str(error)
        elif isinstance(error, StoreError | OSError):
            what = "readings could not be read" if isinstance(error, StoreError) else "file could not be written"
            reason = f"the {what}: make the export again later, or ask whoever runs the sandbox"
        else:
            reason = "internal error"
        log.warning("export %s failed: %s", id_, error)
        with self._lock:
            (self._folder(id_) / "part").unlink(missing_ok=True)
        try:
            self._update(id_, state="failed", reason=reason, finished=self._clock.now())
        except (_Cancelled, OSError, SQLAlchemyError):
            log.warning("nor could that be saved")

    def _update(self, id_: str, *, save: bool = True, **changes: object) -> None:
        """Change what is known of an export, and save it if `save`; stop if nobody wants it any more."""
        with self._lock:
            self._check_wanted(id_)
            export = self._exports[id_] = msgspec.structs.replace(self._exports[id_], **changes)
            if save:
                self._save(export)

    def _check_wanted(self, id_: str) -> None:
        """Raise unless an export is still to be written."""
        if self._stop.is_set() or id_ not in self._exports:
            raise _Cancelled

    def _expire(self) -> None:
        for id_ in self._shared.deleted() if self._shared else ():
            self.delete(id_)
            if self._shared:
                self._shared.forget(id_)
        now = self._clock.now()
        for export in list(self._exports.values()):
            if export.finished is not None and export.finished + RETENTION < now:
                self.delete(export.id)

    def _folder(self, id_: str) -> Path:
        return self._root / id_

    def _save(self, export: Export) -> None:
        draft = self._folder(export.id) / "export.json.new"
        draft.write_bytes(msgspec.json.encode(export))
        draft.replace(draft.with_suffix(""))
        if self._shared:
            self._shared.save(export)


def _requeued(export: Export) -> Export:
    """Return what is left of an export after a restart."""
    if export.state != "running":
        return export
    return msgspec.structs.replace(export, state="queued", written_until=export.query.start, rows=0)


def _load(root: Path) -> list[Export]:
    found = []
    for file in sorted(root.glob("x-*/export.json")):
        try:
            found.append(msgspec.json.decode(file.read_bytes(), type=Export))
        except (OSError, msgspec.DecodeError) as error:
            log.warning("%s is no export and is left out: %s", file, error)
    return found
