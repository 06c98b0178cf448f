"""Reloads of users by the embedded broker: one after the other, and nobody comes through one with the rights of before.

NATS takes in new users for a second and more where many messages are retained. It adapts or ends every connection that there is, but
a client that is just being let in has been looked up among the users of before, and keeps their rights. So whoever loses a right
is disconnected once more after the reload, by when the connection began.
"""

import logging
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from zenata.broker.base import User
from zenata.broker.monitor import BrokerMonitor
from zenata.city.clock import SECOND, WallClock
from zenata.city.model import PRIVATE
from zenata.errors import BrokerError

log = logging.getLogger(__name__)

_LETTING_IN = 5 * SECOND  # the longest from a client's first byte to its rights: it has 2 s to say who it is [us]
_ONCE_MORE = 5.0  # after which whoever came through is looked for a second time, as it may still be on its way [s]
_OVERDUE = 5.0  # after which whoever loses its access waits for a reload no longer. A default [s]
_LONGEST = 60.0  # that a reload is waited for: NATS does not say that it could not read the users [s]


@dataclass(frozen=True, slots=True)
class _Cut:
    """Who is to be disconnected, once the monotonic clock says `due` [s]: users by the first time of their connections, up to `until` [us]."""

    users: dict[str, int]
    until: int
    due: float


class Reloads:
    """Follows the reloads of a NATS, each of which it has been told of here.

    Parameters
    ----------
    monitor : BrokerMonitor
    """

    def __init__(self, monitor: BrokerMonitor) -> None:
        self._monitor = monitor
        self._began: int | None = None  # when the broker was told of the last one, while it goes on [us]
        self._since = 0.0  # the same on the monotonic clock [s]
        self._losing: dict[str, int] = {}  # first time of the connections that may keep too much, by user [us]
        self._gone: set[str] = set()
        self._cuts: list[_Cut] = []
        self._overlaps = False  # whether a reload before the last one may be the next to end

    def is_settled(self) -> bool:
        """Return whether the broker has taken in the users of the last reload; the next one waits for that."""
        if self._began is None:
            return True
        try:
            loaded = self._monitor.loaded()
        except BrokerError as error:
            log.debug("whether the broker has taken in its users is not known: %s", error)
            loaded = 0
        now = time.monotonic()
        if loaded <= self._began:
            if now < self._since + _LONGEST:
                return False
            log.warning("the broker does not say that it has taken in its users")
            loaded, self._overlaps = WallClock().now(), False
        if self._losing:
            self._cuts += [_Cut(self._losing, loaded, now), _Cut(self._losing, loaded, now + _ONCE_MORE)]
        if (
            self._overlaps
        ):  # this may be the end of the one before, so all are cut again when the broker has taken in users once more
            self._began, self._overlaps = loaded, False
            return False
        self._began, self._losing = None, {}
        self._gone.clear()  # the cuts have them, and leave alone whoever is let in again
        return True

    def expel(self, users: Collection[str]) -> bool:
        """Have users disconnected who lose their access while a reload goes on; return whether they must not wait for its end.

        The next reload then begins during this one, and whoever may have come through either is cut each time that the broker has taken
        in users: which of the two that was, it does not say, so its second time or a minute is waited for.
        """
        self._gone.update(users)
        return bool(users) and time.monotonic() >= self._since + _OVERDUE

    def begin(self, before: Sequence[User], after: Sequence[User], worlds: Collection[str]) -> None:
        """Take note that users are written, and the broker is about to be told to read them.

        `worlds` are the private ones that there are. Rights to one that is deleted are worth nothing: nobody is cut for them.
        """
        self._overlaps = self._began is not None
        self._began, self._since = WallClock().now(), time.monotonic()
        gone, remaining = revoked(before, after), {user.name: user for user in after}
        for user in before:
            if user.name in gone:
                self._losing[user.name] = 0
            elif any(
                _is_worth_something(filter_, worlds) for filter_ in user.rights.beyond(remaining[user.name].rights)
            ):
                self._losing.setdefault(user.name, self._began - _LETTING_IN)
        self._gone |= gone

    def disconnect(self) -> None:
        """Disconnect whoever is to go: who is no user any more, or has another key, at once, and who came through a reload.

        What goes wrong is logged, and the next call tries again.
        """
        try:
            if self._gone:
                self._monitor.disconnect(dict.fromkeys(self._gone, 0))
                self._gone.clear()
            if self._losing:
                self.is_settled()
            for cut in [cut for cut in self._cuts if cut.due <= time.monotonic()]:
                self._monitor.disconnect(cut.users, cut.until)
                self._cuts.remove(cut)
        except BrokerError as error:
            log.warning("who had to go is cut off only when the broker comes to it: %s", error)


def revoked(before: Sequence[User], after: Sequence[User]) -> set[str]:
    """Return who is no user any more, or has another key."""
    there = {(user.name, user.password_hash) for user in after}
    return {user.name for user in before if (user.name, user.password_hash) not in there}


def _is_worth_something(filter_: str, worlds: Collection[str]) -> bool:
    world = filter_.partition("/")[0]
    return not world.startswith(PRIVATE) or world in worlds
