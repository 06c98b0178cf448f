"""Guard of the embedded broker: cuts off pilots that send far beyond their quotas, and reports what the broker refuses.

A broker takes messages before quotas count them. So each user's connections, messages and bytes are watched by its
monitoring, and the pilot of a user that goes beyond twice its quota is kept out for a minute; what devices send late
because we or the broker were away is excused. What is found is an entry of the audit log, from where activity and alerts have it.
"""

import logging
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from sandbox.broker_failures import BrokerFailures, LossWatch, SessionWatch
from sandbox.broker_sessions import PilotSessions, surplus_sessions
from sandbox.broker_usage import UsageWatch, slow_readers
from sandbox.retained import MAX_RETAINED, RetainedSweeper
from zenata.broker.keeper import Keeper
from zenata.broker.log import Refusal
from zenata.broker.monitor import BrokerMonitor, Connection, Consumer
from zenata.broker.protocol import session_name
from zenata.broker.received import Received
from zenata.city.clock import WallClock
from zenata.control.audit import BROKER_CUT_OFF, BROKER_LOST, BROKER_REFUSED, BROKER_REMOVED, Audit, AuditEntry
from zenata.control.authenticator import Authenticator
from zenata.errors import BrokerError
from zenata.process.background import Background
from zenata.wire.address import Address

log = logging.getLogger(__name__)

CUT_OFF = 60.0
"""How long a pilot is kept out [s]."""

SLOW = "it does not read what it has subscribed to: 32 MiB may wait for the clients of a pilot"
"""Why a client is disconnected."""

_INTERVAL = 1.0  # between two looks [s]
_SLOW_INTERVAL = 0.25  # between two looks at who does not read [s]
_SESSIONS = 10.0  # between two looks at sessions [s]
_REPORTED = 3600.0  # after which the same refusal is reported again [s]
_MAX_REPORTS = 60  # refusals that are reported in that time


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
    sessions : Path
        File of whose sessions are.
    received : Received
        Counts at the ports of the broker.
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
        sessions: Path,
        received: Received,
    ) -> None:
        super().__init__("broker guard", daemon=True)
        self._monitor, self._keeper, self._register, self._audit = monitor, keeper, register, audit
        self._failures, self._losses, self._usage = failures, losses, UsageWatch(connections)
        self._received = received
        self._owners, self._sweeper = owners, RetainedSweeper(sweeper, self._report_removed)
        self._damage, self._sessions_looked = SessionWatch(), 0.0
        self._sessions, self._recorded = PilotSessions(sessions), set[str]()  # with a record, at the last look
        self._users: Mapping[str, str] = {}  # the pilot of each
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
        with self._sweeper, closing(self._received):
            self._watch()

    def _watch(self) -> None:
        due = 0.0
        while not self._stop.wait(_SLOW_INTERVAL):
            try:
                self._received.take()
                self._end_slow_readers()
                if time.monotonic() >= due:
                    due = time.monotonic() + _INTERVAL
                    self._check()
            except (BrokerError, SQLAlchemyError) as error:
                log.warning("the broker is not watched now: %s", error)
            except Exception:
                log.exception("watching the broker failed; trying again")

    def _check(self) -> None:
        self.look_for_losses()
        self._users = users = {user.name: user.pilot for user in self._register.users()}
        traffic = self._traffic()
        self._report(traffic, users)
        known = [(users[one.user], one) for one in traffic if one.user in users]
        self._sessions.see(known)
        there = self._monitor.consumers()
        by_session: dict[str, list[Consumer]] = {}
        for consumer in there:
            by_session.setdefault(consumer.session, []).append(consumer)
        open_ = {session_name(one.client) for _, one in known if one.is_open}
        if time.monotonic() - self._sessions_looked >= _SESSIONS:
            self._sessions_looked = time.monotonic()
            self.mend_sessions(traffic, there)
            self._recorded = self._keeper.sessions()
            self._sessions.keep(self._recorded | by_session.keys() | open_)
        sessions = self._sessions.of(self._recorded | by_session.keys())
        consumers = {
            pilot: [one for name in names for one in by_session.get(name, ())] for pilot, names in sessions.items()
        }
        rates = {
            pilot: self._register.quotas(pilot).messages_per_second for pilot in {*sessions, *(one for one, _ in known)}
        }
        reasons, surplus = self._usage.check(known, rates, time.monotonic(), consumers, sessions)
        self._sweeper.count(self._usage.sent)
        for pilot, reason in reasons.items():
            self._until[pilot] = time.monotonic() + CUT_OFF
            self._note(pilot, BROKER_CUT_OFF, pilot, {"reason": reason, "seconds": CUT_OFF})
            log.warning("%s is cut off for %.0f s: %s", pilot, CUT_OFF, reason)
        gone = [one.number for pilot, one in known if pilot in reasons and one.is_open]
        if gone or surplus:
            self._monitor.kick({*gone, *surplus})
        for names in sessions.values():
            for session in surplus_sessions(names, by_session, open_):
                self._keeper.forget(by_session.get(session, ()), session)
                self._recorded.discard(session)

    def _traffic(self) -> list[Connection]:
        """Return who is connected and who was last, each with all that came from it."""
        open_, traffic, ended = self._received.open(), self._monitor.connections(closed=True), self._received.ended()
        return [
            replace(one, received=(open_ if one.is_open else ended).get((one.address, one.port), 0)) for one in traffic
        ]

    def _end_slow_readers(self) -> None:
        """Disconnect clients that do not read, before the broker has no memory left."""
        waiting = self._monitor.slow_readers()
        gone = slow_readers([(self._users[one.user], one) for one in waiting if one.user in self._users])
        if gone:
            self._monitor.kick([one.number for _, one in gone])
        for pilot, one in gone:
            is_known = any((pilot, SLOW) == (who, reason) for who, _, reason in self._reported)
            if not is_known:  # one client tells it of all
                self._note_refusal(
                    pilot, Refusal(number=one.number, client=one.client, address=one.address, reason=SLOW)
                )

    def mend_sessions(self, traffic: Collection[Connection], consumers: Collection[Consumer]) -> None:
        """Remove what damaged sessions have left in the broker; a client that gets less than it should begins another session.

        Raises
        ------
        BrokerError
            If the broker does not do so.
        """
        clients = {one.number: one.client for one in traffic if one.is_open}
        for damaged in self._damage.look(clients, consumers):
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
            self._note_refusal(pilot, refusal)

    def _note_refusal(self, pilot: str, refusal: Refusal) -> None:
        """Note a refusal to a pilot, or to nobody known, if it was not noted lately."""
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
