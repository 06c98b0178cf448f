"""Gate of queries: few at a time run in DuckDB, whose memory they share with the writer, and it can stop them."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from zenata.errors import QueryTooHeavy, StoreBusyError

MAX_RUNNING = 4
"""Windows of queries that run at once; DuckDB has two threads, and each window may take `zenata.store.duckdb.read.MEMORY`."""

MAX_WAIT = 10.0
"""How long a window waits for its turn [s]."""


_ASK = "ask for fewer series, a shorter range of times, or longer buckets"


class Gate:
    """Lets queries run beside each other, within limits."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._running: set[duckdb.DuckDBPyConnection] = set()
        self._stopped: set[duckdb.DuckDBPyConnection] = set()
        self._closed = False

    @contextmanager
    def passed(self, cursor: duckdb.DuckDBPyConnection, deadline: float) -> Iterator[None]:
        """Run what is inside when it is its turn.

        Parameters
        ----------
        cursor : duckdb.DuckDBPyConnection
            Which runs it.
        deadline : float
            When it is interrupted [s, `time.monotonic`].

        Raises
        ------
        StoreBusyError
            If its turn does not come, or the writer needs its memory.
        QueryTooHeavy
            If it needs more time or memory than it may have.
        """
        given_up = min(time.monotonic() + MAX_WAIT, deadline)
        with self._changed:
            while self._closed or len(self._running) >= MAX_RUNNING:
                if not self._changed.wait(max(given_up - time.monotonic(), 0)) and time.monotonic() >= given_up:
                    raise StoreBusyError("the store is busy with other queries; try again in some seconds")
            if time.monotonic() >= deadline:
                raise QueryTooHeavy(_ASK)
            self._running.add(cursor)
        alarm = threading.Timer(max(deadline - time.monotonic(), 0), cursor.interrupt)
        alarm.start()
        try:
            yield
        except (duckdb.OutOfMemoryException, duckdb.InterruptException) as error:
            if cursor in self._stopped:
                raise StoreBusyError("the store needs its memory for writing; try again in some seconds") from error
            raise QueryTooHeavy(_ASK) from error
        finally:
            alarm.cancel()
            alarm.join()
            with self._changed:
                self._running.discard(cursor)
                self._stopped.discard(cursor)
                self._changed.notify_all()

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Interrupt what runs, and let nothing run meanwhile."""
        with self._changed:
            self._closed = True
            while self._running:
                self._stopped |= self._running
                for cursor in self._running:
                    cursor.interrupt()
                self._changed.wait(0.05)  # an interrupt between two statements of a cursor is lost
        try:
            yield
        finally:
            with self._changed:
                self._closed = False
                self._changed.notify_all()
