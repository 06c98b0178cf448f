"""Signals that end a process, turned into an event, and whether a process is there."""

import atexit
import logging
import os
import queue
import signal
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)


def stop_on_signal(*also: Callable[[], object]) -> threading.Event:
    """Return an event that SIGINT and SIGTERM set; what else is to be done then is done in another thread.

    A handler of a signal runs in the main thread, between any two steps of it: setting an event there blocks for ever if
    the main thread was just then at work on that event. A `SimpleQueue` alone may be filled in a handler.
    """
    stop, received = threading.Event(), queue.SimpleQueue[bool]()

    def follow() -> None:
        while received.get():
            stop.set()
            for act in also:
                act()

    def end() -> None:
        received.put(False)
        thread.join()  # what it holds is let go while the interpreter is still whole

    thread = threading.Thread(target=follow, name="signals", daemon=True)
    thread.start()
    atexit.register(end)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: received.put(True))
    return stop


def end_at_last(seconds: float) -> None:
    """End this process in some time [s], if it has not ended by then, whatever its threads wait for.

    A thread that waits for a server that has stopped answering, as a database on a machine that stands, cannot be interrupted.
    """

    def end() -> None:
        waiting = ", ".join(sorted({thread.name for thread in threading.enumerate()} - {"signals", timer.name}))
        log.error("ended %g s after it was asked to stop, while these threads still waited: %s", seconds, waiting)
        os._exit(1)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()


def process_exists(pid: int) -> bool:
    """Return whether a process of ours has this id; a process of another user has got the number since."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True
