"""Whose the sessions at the embedded broker are, also after `zenata up` has been started again.

A session belongs to a client id, and the broker does not keep who used that. So it is noted here for as long as the session is there.
"""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from zenata.broker.monitor import Connection, Consumer
from zenata.broker.protocol import session_name
from zenata.errors import SetupError
from zenata.process.files import write_private

log = logging.getLogger(__name__)

MAX_SESSIONS = 400
"""Sessions of a pilot that outlive their connections, with subscriptions or without. A default."""

MAX_SUBSCRIPTIONS = 400
"""Subscriptions at QoS 1 of a pilot, in all its sessions; one that ends in ``#`` counts twice. The broker makes a consumer for
each, some tens a second for everybody together, and whoever connects meanwhile waits. A default."""


class PilotSessions:
    """The pilot of each session, whose client was seen last at the end.

    Parameters
    ----------
    file : Path
        Where they are kept; one that cannot be read is as none.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._pilots: dict[str, str] = {}
        try:
            self._pilots = msgspec.json.decode(file.read_bytes(), type=dict[str, str])
        except FileNotFoundError:
            pass
        except (OSError, ValueError) as error:  # msgspec's errors are ValueErrors
            log.warning("whose the sessions at the broker are cannot be read from %s: %s", file, error)
        self._written = list(self._pilots.items())

    def see(self, connections: Iterable[tuple[str, Connection]]) -> None:
        """Take who has connected, each with its pilot."""
        for pilot, one in connections:
            session = session_name(one.client)
            self._pilots.pop(session, None)
            self._pilots[session] = pilot

    def of(self, there: Collection[str]) -> dict[str, list[str]]:
        """Return which of some sessions each pilot has, the oldest first."""
        found: dict[str, list[str]] = {}
        for session, pilot in self._pilots.items():
            if session in there:
                found.setdefault(pilot, []).append(session)
        return found

    def keep(self, there: Collection[str]) -> None:
        """Forget all sessions but these, and write the rest to the file."""
        self._pilots = {session: pilot for session, pilot in self._pilots.items() if session in there}
        if self._written == (items := list(self._pilots.items())):
            return
        try:
            write_private(self._file, msgspec.json.encode(self._pilots))
            self._written = items
        except SetupError as error:
            log.warning("whose the sessions at the broker are is not kept: %s", error)


def surplus_sessions(
    sessions: Sequence[str], consumers: Mapping[str, Sequence[Consumer]], connected: Collection[str]
) -> list[str]:
    """Return which sessions of a pilot to end, so that it has no more of them, and of subscriptions, than it may.

    Parameters
    ----------
    sessions : sequence of str
        The oldest first.
    consumers : mapping of str to sequence of Consumer
        By session.
    connected : collection of str
        Sessions whose clients are there: they stay.
    """
    left, subscriptions = len(sessions), sum(len(consumers.get(one, ())) for one in sessions)
    ended = []
    for session in sessions:
        own = consumers.get(session, ())
        helps = left > MAX_SESSIONS or (own and subscriptions > MAX_SUBSCRIPTIONS)
        if helps and session not in connected and not any(one.is_taken for one in own):
            ended.append(session)
            left, subscriptions = left - 1, subscriptions - len(own)
    return ended
