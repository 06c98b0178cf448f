"""Usage of the embedded broker by pilot: who goes beyond twice its quota, holds too much, or does not read; pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from ingest.quotas import BYTES_PER_MESSAGE
from sandbox.broker_sessions import MAX_SESSIONS, MAX_SUBSCRIPTIONS
from zenata.broker.monitor import Connection, Consumer

TOLERANCE = 2.0
"""How many times its quota a pilot may send, and for how long it may send more [s]."""

BURST = 10.0
"""Messages that may come at once, in seconds of the quota, as `ingest.quotas` has it. A default."""

BESIDE, BESIDE_BURST = 2.0**20, 8 * 2.0**20
"""Bytes a second of a pilot beside the payloads of its messages, and how many at once: topics, client ids, wills, subscriptions and
acknowledgements. Defaults."""

HEAD = 256
"""Bytes of topic and protocol that a message may have without counting among those. A default."""

MAX_CLIENT_ID = 256
"""Characters of a client id: NATS keeps it in memory and tells it once a second. A default."""

CONNECTS_PER_SECOND = 10.0
"""New connections of a pilot in the long run; as many at once as it may have. A default."""

SUBSCRIBES_PER_SECOND = 20.0
"""New ones of a pilot in the long run; as many at once as it may have. A default."""

MAX_FILTERS = 20_000
"""Subscriptions of a pilot at once, of any QoS, in all its connections, as NATS counts them. A default."""

MAX_WAITING = 32 * 2**20
"""Bytes that may wait for the connected clients of a pilot, in the broker's memory; NATS itself allows each 64 MB. A default."""

AWAY = 5.0
"""Time without a look after which we or the broker count as having been away [s]; shorter ones `BURST` covers."""

EXCUSED, EXCUSED_AT_START = 3600.0, 600.0
"""Whoever was sent away by an outage may send afterwards what it could have sent in that time: so long at most, and so
long where we have just started and do not know how long we were away [s]. Defaults."""

_USED_UP = -1e-9
_ENDED = ": its oldest sessions are ended"


class _Limit(NamedTuple):
    """What a pilot has sent, may send a second and at once, what to do, and whether it may send more after an outage."""

    amount: float
    rate: float
    burst: float
    hint: str
    is_excused: bool = True


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
        self._seen: dict[int, tuple[int, int, int]] = {}  # messages, bytes of payloads and others by connection
        self._pilots: dict[str, dict[str, Allowance]] = {}
        self._last: float | None = None  # look
        self._excused, self._excused_until = 0.0, 0.0  # for those who have sent nothing since the outage
        self.sent: Mapping[str, int] = {}
        """Messages of each pilot since the check before, and connections, each of which may leave a will."""

    def check(
        self,
        traffic: Sequence[tuple[str, Connection]],
        rates: dict[str, float],
        now: float,
        consumers: Mapping[str, Sequence[Consumer]] = MappingProxyType({}),
        sessions: Mapping[str, Sequence[str]] = MappingProxyType({}),
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
        sessions : mapping of str to sequence of str
            The sessions of each pilot.

        Returns
        -------
        dict of str to str
            Why pilots are to be cut off.
        list of int
            Connections that are too many, the newest of each pilot.
        """
        messages, size, opened, filters = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
        beside, longest, seen = Counter[str](), Counter[str](), self._seen
        self._seen = {}
        open_: dict[str, list[int]] = {}
        for pilot, one in traffic:
            before = seen.get(one.number)
            sent = before or (0, 0, 0)
            messages[pilot] += max(one.messages - sent[0], 0)
            size[pilot] += max(one.size - sent[1], 0)
            others = _beside_payloads(one) if one.received else sent[2]
            beside[pilot] += others - sent[2]
            self._seen[one.number] = (one.messages, one.size, others)
            opened[pilot] += before is None
            if one.is_open:
                open_.setdefault(pilot, []).append(one.number)
                filters[pilot] += one.subscriptions
            told = before is not None and not one.is_open  # it stays long among those that were there last
            longest[pilot] = max(longest[pilot], 0 if told else len(one.client))
        self.sent = messages + opened
        new = {pilot: sum(one.name not in self._consumers for one in own) for pilot, own in consumers.items()}
        self._consumers = {one.name for own in consumers.values() for one in own}
        outage = self._outage(now)
        if outage is None:  # what was sent before we looked is nobody's fault now
            return {}, []
        reasons: dict[str, str] = {}
        for pilot in {pilot for pilot, _ in traffic} | set(self._pilots) | set(consumers) | set(sessions):
            rate = rates.get(pilot)
            if rate is None:
                self._pilots.pop(pilot, None)
                continue
            counted = (messages[pilot], size[pilot], opened[pilot], new.get(pilot, 0), beside[pilot])
            sums = tuple(map(float, counted))
            if reason := self._exceeded(pilot, rate, sums, now, outage):
                reasons[pilot] = reason
            held = {
                "connections at once": (len(open_.get(pilot, ())), most := self._connections, TOLERANCE * most, ""),
                "characters of a client id": (longest[pilot], MAX_CLIENT_ID, MAX_CLIENT_ID, ""),
                "subscriptions": (filters[pilot], MAX_FILTERS, MAX_FILTERS, ""),
                "sessions": (len(sessions.get(pilot, ())), MAX_SESSIONS, MAX_SESSIONS, _ENDED),
                "subscriptions at QoS 1": (len(consumers.get(pilot, ())), MAX_SUBSCRIPTIONS, MAX_SUBSCRIPTIONS, _ENDED),
            }
            for what, (count, allowed, limit, then) in held.items():
                if count > limit:
                    reasons[pilot] = f"{count} {what}, where {allowed} are allowed{then}"
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
            "messages": _Limit(sums[0], TOLERANCE * rate, BURST * rate, f"the quota is {rate:g} messages a second"),
            "bytes": _Limit(
                sums[1],
                TOLERANCE * rate * BYTES_PER_MESSAGE,
                BURST * rate * BYTES_PER_MESSAGE,
                f"{rate:g} messages a second may have {rate * BYTES_PER_MESSAGE / 1e6:.1f} MB a second",
            ),
            "connects": _Limit(sums[2], CONNECTS_PER_SECOND, TOLERANCE * self._connections, "stay connected instead"),
            "subscriptions at QoS 1": _Limit(
                sums[3], SUBSCRIBES_PER_SECOND, MAX_SUBSCRIPTIONS, "keep a session instead"
            ),
            "bytes beside payloads": _Limit(
                sums[4],
                BESIDE,
                BESIDE_BURST,
                "make topics, client ids, wills and filters shorter",
                is_excused=False,
            ),
        }
        for what, limit in limits.items():
            excused = limit.rate if limit.is_excused else 0.0  # for each second of an outage
            if what in usage:
                usage[what].left += outage * excused
            else:
                since = self._excused if now < self._excused_until else 0.0
                usage[what] = Allowance(limit.burst + since * excused, now)
            if usage[what].spend(limit.amount, limit.rate, max(limit.burst, 1.0), now):
                return f"too many {what} over MQTT for more than {TOLERANCE:.0f} s: {limit.hint}"
        return ""


def _beside_payloads(one: Connection) -> int:
    return max(one.received - one.size - HEAD * one.messages, 0)


def slow_readers(connections: Sequence[tuple[str, Connection]]) -> list[tuple[str, Connection]]:
    """Return whom to disconnect so that no more than `MAX_WAITING` waits for each pilot: those first for whom most waits.

    Parameters
    ----------
    connections : sequence of (str, Connection)
        With the pilot of each.
    """
    left, gone = Counter[str](), []
    for pilot, one in connections:
        left[pilot] += one.waiting
    for pilot, one in sorted(connections, key=lambda entry: -entry[1].waiting):
        if left[pilot] > MAX_WAITING:
            left[pilot] -= one.waiting
            gone.append((pilot, one))
    return gone
