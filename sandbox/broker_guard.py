"""Guard of the embedded broker: cuts off pilots that send far beyond their quotas, and reports what the broker refuses.

A broker takes messages before quotas count them. So each user's connections, messages and bytes are watched by its
monitoring, and the pilot of a user that goes beyond twice its quota is kept out for a minute; what devices send late because we or the broker were
away is excused. What is found is an entry
of the audit log, from where activity and alerts have it.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from types import MappingProxyType

from sqlalchemy.exc import SQLAlchemyError

from ingest.quotas import BYTES_PER_MESSAGE
from sandbox.broker_failures import BrokerFailures, LossWatch, SessionWatch
from sandbox.retained import MAX_RETAINED, RetainedSweeper
from zenata.broker.keeper import Keeper
from zenata.broker.monitor import BrokerMonitor, Connection, Consumer
from zenata.broker.protocol import session_name
from zenata.city.clock import WallClock
from zenata.control.audit import BROKER_CUT_OFF, BROKER_LOST, BROKER_REFUSED, BROKER_REMOVED, Audit, AuditEntry
from zenata.control.authenticator import Authenticator
from zenata.errors import BrokerError
from zenata.process.background import Background
from zenata.wire.address import Address

log = logging.getLogger(__name__)

CUT_OFF = 60.0
"""How long a pilot is kept out [s]."""

TOLERANCE = 2.0
"""How many times its quota a pilot may send, and for how long it may send more [s]."""

BURST = 10.0
"""Messages that may come at once, in seconds of the quota, as `ingest.quotas` has it. A default."""

CONNECTS_PER_SECOND = 10.0
"""New connections of a pilot in the long run; as many at once as it may have. A default."""

MAX_SUBSCRIPTIONS = 400
"""Subscriptions at QoS 1 of a pilot, in all its sessions; one that ends in ``#`` counts twice. The broker makes a consumer for
each, some tens a second for everybody together, and whoever connects meanwhile waits. A default."""

SUBSCRIBES_PER_SECOND = 20.0
"""New ones of a pilot in the long run; as many at once as it may have. A default."""

AWAY = 5.0
"""Time without a look after which we or the broker count as having been away [s]; shorter ones `BURST` covers."""

EXCUSED, EXCUSED_AT_START = 3600.0, 600.0
"""Whoever was sent away by an outage may send afterwards what it could have sent in that time: so long at most, and so
long where we have just started and do not know how long we were away [s]. Defaults."""

_INTERVAL = 1.0  # between two looks [s]
_SESSIONS = 10.0  # between two looks at sessions [s]
_REPORTED = 3600.0  # after which the same refusal is reported again [s]
_MAX_REPORTS = 60  # refusals that are reported in that time
_USED_UP = -1e-9


@dataclass(slots=True)
class Allowance:
    """What is left of a rate; below zero it is exceeded.

    Parameters
    ----------
    left, time : float
        What is left, and since when [s].
    over : float or None
        Since when it has been exceeded [s].
    """

    left: float
    time: float
    over: float | None = None

    def spend(self, amount: float, rate: float, burst: float, now: float) -> bool:
        """Spend; return whether the rate has been exceeded for longer than `TOLERANCE`."""
        self.left = min(
            max(burst, self.left), self.left + (now - self.time) * rate
        )  # more than a burst after an outage
        self.time = now
        self.left = max(self.left - amount, -2 * burst - rate)  # so that a flood is forgiven in the end
        if self.left >= _USED_UP or not amount:
            self.over = None
        elif self.over is None:
            self.over = now
        return self.over is not None and now - self.over >= TOLERANCE


class UsageWatch:
    """Usage of the broker by pilot; pure: traffic and times are given.

    Parameters
    ----------
    connections : int
        That one pilot may have at once.
    """

    def __init__(self, connections: int) -> None:
        self._connections = connections
        self._consumers = set[str]()  # by name, at the check before
        self._seen: dict[int, tuple[int, int]] = {}  # messages and bytes by connection
        self._pilots: dict[str, dict[str, Allowance]] = {}
        self._last: float | None = None  # look
        self._excused, self._excused_until = 0.0, 0.0  # for those who have sent nothing since the outage
        self.sent: Mapping[str, int] = {}
        """Messages of each pilot since the check before."""

    def check(
        self,
        traffic: Sequence[tuple[str, Connection]],
        rates: dict[str, float],
        now: float,
        consumers: Mapping[str, Sequence[Consumer]] = MappingProxyType({}),
    ) -> tuple[dict[str, str], list[int]]:
        """Take what connections have sent up to `now` [s].

        Parameters
        ----------
        traffic : sequence of (str, Connection)
            With the pilot of each.
        rates : dict of str to float
            Messages a second by pilot.
        now : float
        consumers : mapping of str to sequence of Consumer
            What keeps messages for the sessions of each pilot.

        Returns
        -------
        dict of str to str
            Why pilots are to be cut off.
        list of int
            Connections that are too many, the newest of each pilot.
        """
        messages, size, opened, open_ = Counter[str](), Counter[str](), Counter[str](), dict[str, list[int]]()
        for pilot, one in traffic:
            before = self._seen.get(one.number)
            sent = (0, 0) if before is None else before
            messages[pilot] += max(one.messages - sent[0], 0)
            size[pilot] += max(one.size - sent[1], 0)
            opened[pilot] += before is None
            if one.is_open:
                open_.setdefault(pilot, []).append(one.number)
        self._seen = {one.number: (one.messages, one.size) for _, one in traffic}
        self.sent = messages
        new = {pilot: sum(one.name not in self._consumers for one in own) for pilot, own in consumers.items()}
        self._consumers = {one.name for own in consumers.values() for one in own}
        outage = self._outage(now)
        if outage is None:  # what was sent before we looked is nobody's fault now
            return {}, []
        reasons: dict[str, str] = {}
        for pilot in {pilot for pilot, _ in traffic} | set(self._pilots) | set(consumers):
            rate = rates.get(pilot)
            if rate is None:
                self._pilots.pop(pilot, None)
                continue
            sums = tuple(float(one) for one in (messages[pilot], size[pilot], opened[pilot], new.get(pilot, 0)))
            if reason := self._exceeded(pilot, rate, sums, now, outage):
                reasons[pilot] = reason
            if len(open_.get(pilot, ())) > TOLERANCE * self._connections:
                reasons[pilot] = f"{len(open_[pilot])} connections at once, where {self._connections} are allowed"
            if (count := len(consumers.get(pilot, ()))) > MAX_SUBSCRIPTIONS:
                reasons[pilot] = (
                    f"{count} subscriptions at QoS 1, where {MAX_SUBSCRIPTIONS} are allowed: its oldest sessions are ended"
                )
        surplus = [number for numbers in open_.values() for number in sorted(numbers)[self._connections :]]
        for pilot in reasons:
            self._pilots.pop(pilot, None)
        return reasons, surplus

    def _outage(self, now: float) -> float | None:
        """Return for how long nothing could be sent before now [s]; None at the first look, when nobody knows."""
        gap = EXCUSED_AT_START if self._last is None else min(now - self._last, EXCUSED)
        first, self._last = self._last is None, now
        if gap < AWAY:
            return 0.0
        self._excused, self._excused_until = gap, now + EXCUSED_AT_START
        return None if first else gap

    def _exceeded(self, pilot: str, rate: float, sums: Sequence[float], now: float, outage: float) -> str:
        usage = self._pilots.setdefault(pilot, {})
        limits = {
            "messages": (sums[0], TOLERANCE * rate, BURST * rate, f"the quota is {rate:g} messages a second"),
            "bytes": (
                sums[1],
                TOLERANCE * rate * BYTES_PER_MESSAGE,
                BURST * rate * BYTES_PER_MESSAGE,
                f"{rate:g} messages a second may have {rate * BYTES_PER_MESSAGE / 1e6:.1f} MB a second",
            ),
            "connects": (sums[2], CONNECTS_PER_SECOND, TOLERANCE * self._connections, "stay connected instead"),
            "subscriptions at QoS 1": (sums[3], SUBSCRIBES_PER_SECOND, MAX_SUBSCRIPTIONS, "keep a session instead"),
        }
        for what, (amount, allowed, burst, hint) in limits.items():
            if what in usage:
                usage[what].left += outage * allowed
            else:
                excused = self._excused if now < self._excused_until else 0.0
                usage[what] = Allowance(burst + excused * allowed, now)
            left = usage[what]
            if left.spend(amount, allowed, max(burst, 1.0), now):
                return f"too many {what} over MQTT for more than {TOLERANCE:.0f} s: {hint}"
        return ""


class BrokerGuard(Background):
    """Watches the embedded broker in a thread of its own.

    Parameters
    ----------
    monitor : BrokerMonitor
    keeper : Keeper
    failures : BrokerFailures
        Has what the log says of refused clients.
    losses : LossWatch
    register : Authenticator
    audit : Audit
    connections : int
        That one pilot may have at once.
    sweeper : Address
        The broker, with the user that may remove what pilots have retained.
    owners : callable
        Returns the owner of each private world.
    """

    def __init__(
        self,
        *,
        monitor: BrokerMonitor,
        keeper: Keeper,
        failures: BrokerFailures,
        losses: LossWatch,
        register: Authenticator,
        audit: Audit,
        connections: int,
        sweeper: Address,
        owners: Callable[[], Mapping[str, str]],
    ) -> None:
        super().__init__("broker guard", daemon=True)
        self._monitor, self._keeper, self._register, self._audit = monitor, keeper, register, audit
        self._failures, self._losses, self._usage = failures, losses, UsageWatch(connections)
        self._owners, self._sweeper = owners, RetainedSweeper(sweeper, self._report_removed)
        self._sessions, self._sessions_looked = SessionWatch(), 0.0
        self._owners_of_sessions: dict[str, str] = {}  # the pilot of each, whoever was seen last at the end
        self._until: dict[str, float] = {}
        self._reported: dict[tuple[str, str, str], float] = {}

    @property
    def excluded(self) -> frozenset[str]:
        """Pilots that are kept out now."""
        now = time.monotonic()
        return frozenset(pilot for pilot, until in dict(self._until).items() if until > now)

    def look_for_losses(self) -> None:
        """Note it if the broker has lost messages since the last look.

        Raises
        ------
        BrokerError
            If its monitoring does not answer.
        """
        if lost := self._losses.look(self._monitor.stored()):
            log.error("the broker has lost %d messages that it had acknowledged: were its files damaged?", lost)
            self._note("broker", BROKER_LOST, "broker", {"messages": lost})

    def _run(self) -> None:
        with self._sweeper:
            self._watch()

    def _watch(self) -> None:
        while not self._stop.wait(_INTERVAL):
            try:
                self._check()
            except (BrokerError, SQLAlchemyError) as error:
                log.warning("the broker is not watched now: %s", error)
            except Exception:
                log.exception("watching the broker failed; trying again")

    def _check(self) -> None:
        self.look_for_losses()
        users = {user.name: user.pilot for user in self._register.users()}
        traffic = self._monitor.connections(closed=True)
        self._report(traffic, users)
        known = [(users[one.user], one) for one in traffic if one.user in users]
        consumers = self._consumers_by_pilot(known)
        rates = {
            pilot: self._register.quotas(pilot).messages_per_second
            for pilot in {*consumers, *(one for one, _ in known)}
        }
        reasons, surplus = self._usage.check(known, rates, time.monotonic(), consumers)
        self._sweeper.count(self._usage.sent)
        for pilot, reason in reasons.items():
            self._until[pilot] = time.monotonic() + CUT_OFF
            self._note(pilot, BROKER_CUT_OFF, pilot, {"reason": reason, "seconds": CUT_OFF})
            log.warning("%s is cut off for %.0f s: %s", pilot, CUT_OFF, reason)
        gone = [one.number for pilot, one in known if pilot in reasons and one.is_open]
        if gone or surplus:
            self._monitor.kick({*gone, *surplus})
        for own in consumers.values():
            self._end_sessions(own)
        if time.monotonic() - self._sessions_looked >= _SESSIONS:
            self._sessions_looked = time.monotonic()
            self.mend_sessions(traffic)

    def _consumers_by_pilot(self, known: Collection[tuple[str, Connection]]) -> dict[str, list[Consumer]]:
        """Return what keeps messages for each pilot, of sessions that it was seen to use; of the oldest session first."""
        for pilot, one in known:
            session = session_name(one.client)
            self._owners_of_sessions.pop(session, None)
            self._owners_of_sessions[session] = pilot
        by_session: dict[str, list[Consumer]] = {}
        for consumer in self._monitor.consumers():
            by_session.setdefault(consumer.session, []).append(consumer)
        open_ = {session_name(one.client) for _, one in known if one.is_open}
        owners = self._owners_of_sessions.items()
        self._owners_of_sessions = {one: pilot for one, pilot in owners if one in by_session or one in open_}
        found: dict[str, list[Consumer]] = {}
        for session, pilot in self._owners_of_sessions.items():
            if consumers := by_session.get(session):
                found.setdefault(pilot, []).extend(consumers)
        return found

    def _end_sessions(self, consumers: Sequence[Consumer]) -> None:
        """End the oldest sessions of a pilot whose subscriptions are more than it may have, of those whose clients are away."""
        left = len(consumers)
        away = (one for one in consumers if not one.is_taken)
        for session, group in groupby(away, attrgetter("session")):
            if left <= MAX_SUBSCRIPTIONS:
                return
            ended = list(group)
            self._keeper.forget(ended, session)
            left -= len(ended)

    def mend_sessions(self, traffic: Collection[Connection]) -> None:
        """Remove what damaged sessions have left in the broker; a client that gets less than it should begins another session.

        Raises
        ------
        BrokerError
            If the broker does not do so.
        """
        clients = {one.number: one.client for one in traffic if one.is_open}
        for damaged in self._sessions.look(clients, self._monitor.consumers()):
            log.error("the session of the client %.80r at the broker was damaged: it is mended", damaged.client)
            self._keeper.forget(damaged.left, session_name(damaged.client) if damaged.is_deaf else "")
            if damaged.is_deaf:
                self._monitor.kick([damaged.number])

    def _report(self, traffic: Collection[Connection], users: dict[str, str]) -> None:
        """Note what the broker refused: with the pilot, where it had shown a key before."""
        by_number = {one.number: one for one in traffic}
        while self._failures.refusals:
            refusal = self._failures.refusals.popleft()
            known = by_number.get(refusal.number)
            pilot = users.get(known.user, "") if known else ""
            what, now = (pilot or refusal.address, refusal.client, refusal.reason), time.monotonic()
            self._reported = {key: when for key, when in self._reported.items() if now - when < _REPORTED}
            if what not in self._reported and len(self._reported) < _MAX_REPORTS:
                self._reported[what] = now
                detail = {"address": refusal.address, "reason": refusal.reason}
                self._note(pilot or "broker", BROKER_REFUSED, refusal.client, detail)

    def _report_removed(self, owner: str, count: int) -> None:
        """Note that retained messages were removed: to the pilot whose they were, or whose world they commanded."""
        self._note(self._owners().get(owner, owner), BROKER_REMOVED, owner, {"count": count, "allowed": MAX_RETAINED})

    def _note(self, who: str, what: str, target: str, detail: Mapping[str, object]) -> None:
        self._audit.record(AuditEntry(time=WallClock().now(), who=who, what=what, target=target, detail=dict(detail)))
