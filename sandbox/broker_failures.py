"""Failures of the embedded broker's storage: what a restart mends, messages that are lost, and sessions that are damaged."""

import logging
import shutil
import time
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from zenata.broker.log import LogTail, Refusal, Stuck, WriteError, parse
from zenata.broker.monitor import Consumer, Stored
from zenata.broker.protocol import session_name
from zenata.process.backoff import Backoff

log = logging.getLogger(__name__)

ROOM = 32 * 2**20
"""Free disk from which on a broker that could not write is started again [bytes]."""

_FULL = 64 * 1024
"""Free disk below which the broker may have failed to write [bytes]; its log is on the same disk, and cannot say so then."""

STUCK, STUCK_FOR, STUCK_WITHIN = 3, 10.0, 30.0
"""So many requests to its storage that are not answered, over at least and at most so long [s], make it one to start again. A
client that makes very many subscriptions at once keeps it busy for less, as it is cut off. Defaults."""

_RETRY = Backoff(first=30.0, limit=480.0)
"""Between two restarts. On a machine that is too slow each makes it worse: all connect, and all that waits is delivered, anew."""

_CALM = 600.0  # without an unanswered request, after which the next restart is the first again [s]


class BrokerFailures:
    """Reads the broker's log for what only a restart mends. For one thread; `refusals` may be taken by another.

    Parameters
    ----------
    log_file : Path
        Of the broker, which is not started yet.
    folder : Path
        Where the broker keeps its files.
    """

    def __init__(self, log_file: Path, folder: Path) -> None:
        self._tail, self._folder = LogTail(log_file), folder
        self._cannot_write = False
        self._stuck: deque[float] = deque()  # when a look found some
        self._restarts, self._restarted, self._calm_since = 0, -_RETRY.first, 0.0
        self.refusals: deque[Refusal] = deque(maxlen=1000)

    def restart_reason(self, now: float | None = None) -> str:
        """Return why the broker is to be started again now, and take it as done; empty if it is not."""
        now = time.monotonic() if now is None else now
        self._read(now)
        if now - self._restarted < _RETRY.first:
            return ""
        if self._cannot_write:
            if shutil.disk_usage(self._folder).free < ROOM:
                return ""
            reason = "its disk was full, after which it may refuse messages for ever; there is room again"
        elif now - self._restarted < _RETRY.pause(self._restarts):
            return ""
        elif len(self._stuck) >= STUCK and self._stuck[-1] - self._stuck[0] >= STUCK_FOR:
            self._restarts += 1
            reason = (
                f"its storage does not answer: files in {self._folder / 'jetstream'} are damaged, or the disk is slow"
            )
        else:
            return ""
        self._cannot_write, self._restarted = False, now
        self._stuck.clear()
        return reason

    def _read(self, now: float) -> None:
        stuck = False
        for line in self._tail.lines():
            match parse(line):
                case WriteError():
                    self._note_full("the broker cannot write to %s: is the disk full?")
                case Stuck():
                    stuck = True
                case Refusal() as refusal:
                    self.refusals.append(refusal)
        while self._stuck and now - self._stuck[0] >= STUCK_WITHIN:
            self._stuck.popleft()
        if stuck:
            self._stuck.append(now)
            if now - self._calm_since >= _CALM:
                self._restarts = 0
            self._calm_since = now
        if shutil.disk_usage(self._folder).free < _FULL:
            self._note_full("the disk of %s is full: the broker refuses messages")

    def _note_full(self, message: str) -> None:
        if not self._cannot_write:
            log.error(message, self._folder)
        self._cannot_write = True


class LossWatch:
    """Notices that the broker has lost messages: it counts on from a lower number than it had reached.

    Damaged blocks end at the damage when NATS reads them again, and it says so nowhere. What it had reached is written to
    a file at each look, for the next start.

    Parameters
    ----------
    file : Path
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._before = Stored(newest=0, waiting=0)
        try:
            self._before = msgspec.json.decode(file.read_bytes(), type=Stored)
        except (OSError, msgspec.DecodeError):
            log.debug("there is no count of what the broker had")

    def look(self, now: Stored) -> int:
        """Take what the broker has now; return how many messages it has lost, as far as the last look knew of them."""
        before, self._before = self._before, now
        if now != before:
            try:
                self._file.write_bytes(msgspec.json.encode(now))
            except OSError as error:
                log.debug("what the broker has is not written: %s", error)
        return max(before.waiting - now.waiting, 1) if now.newest < before.newest and before.waiting else 0


@dataclass(frozen=True, kw_only=True, slots=True)
class DamagedSession:
    """A session of a connected client that is not what it was.

    Parameters
    ----------
    number : int
        Of the connection.
    client : str
    left : tuple of Consumer
        What keeps messages for it that nobody takes.
    is_deaf : bool
        Whether its client gets less than it has subscribed to, and does not know.
    """

    number: int
    client: str
    left: tuple[Consumer, ...]
    is_deaf: bool


class SessionWatch:
    """Finds sessions whose record was damaged: messages are kept for them by subscriptions of before, and nobody takes them.

    Such a consumer keeps all that comes from then on, until the disk is full. Either its client has begun another session and
    subscribed again; or NATS has found an older record, says that the session is there, and delivers nothing to it.
    """

    def __init__(self) -> None:
        self._before: set[tuple[int, str]] = set()

    def look(self, clients: Mapping[int, str], consumers: Iterable[Consumer]) -> list[DamagedSession]:
        """Return what was so at the look before, too: a client that is just connecting has not taken up all yet.

        Parameters
        ----------
        clients : mapping of int to str
            Client ids of the connections that are open, by number.
        consumers : iterable of Consumer
        """
        by_session: dict[str, list[Consumer]] = {}
        for one in consumers:
            by_session.setdefault(one.session, []).append(one)
        seen, found = set[tuple[int, str]](), []
        for number, client in clients.items():
            own = by_session.get(session_name(client), ())
            left = [one for one in own if not one.is_taken]
            seen |= {(number, one.name) for one in left}
            if left := [one for one in left if (number, one.name) in self._before]:
                taken = {one.filter for one in own if one.is_taken}
                is_deaf = not taken.issuperset(one.filter for one in left)
                found.append(DamagedSession(number=number, client=client, left=tuple(left), is_deaf=is_deaf))
        self._before = seen
        return found
