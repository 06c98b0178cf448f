"""Authenticates keys, limits request rates, and locks out addresses that guess.

Guessing a key of 256 bits is hopeless; the lockout keeps its load away. From an address that sent too many wrong keys,
only keys that it has used before are accepted for a while: others behind the same address go on.

References
----------
RFC 6585 section 4 (429 Too Many Requests).
"""

import math
from collections import OrderedDict
from typing import NoReturn, TypeVar

from api.http.problems import Problem
from zenata.city.clock import SECOND, Clock
from zenata.control.authenticator import Authenticator
from zenata.control.keys import SESSION_PREFIX, Principal
from zenata.control.peers import Peers
from zenata.process.rate_limit import Bucket

WRONG_KEYS = 20
"""Wrong keys that an address may send at once; as many more every `LOCKED`."""

LOCKED = 60.0
"""How long an address is locked out [s]."""

LOGINS = 30.0
"""Sessions that a pilot may open at once, and in a minute. A default."""

LOCKED_OUT = "locked out"
"""Subject of what servers tell one another about addresses: until when each is locked out [s since the Unix epoch]."""

K = TypeVar("K")
V = TypeVar("V")

_MAX_REMEMBERED = 10_000  # addresses and users: the newest


class Guard:
    """Authenticates and limits requests, by key and address. Used from the event loop alone.

    Parameters
    ----------
    pilots : Authenticator
    clock : Clock
        The wall's.
    peers : Peers or None
        Other servers, with which the limits of a pilot are shared, and who lock an address out together.
    """

    def __init__(self, pilots: Authenticator, clock: Clock, peers: Peers | None = None) -> None:
        self._pilots, self._clock, self._peers = pilots, clock, peers
        self._rates: dict[str, Bucket] = {}
        self._parts: dict[str, Bucket] = {}  # of this server, by pilot
        self._others: dict[str, float] = {}  # requests that other servers had counted at the last, by pilot
        self._logins: dict[str, Bucket] = {}
        self._wrong: OrderedDict[str, Bucket] = OrderedDict()
        self._locked: OrderedDict[str, float] = OrderedDict()
        self._known: OrderedDict[tuple[str, str, str], None] = OrderedDict()

    @property
    def locked(self) -> dict[str, float]:
        """How long each address that is locked out still is [s]."""
        now = self._clock.now() / SECOND
        return {address: until - now for address, until in list(self._locked.items()) if until > now}

    def used(self, pilot: str) -> float:
        """Return how much of its requests a minute a pilot has used up, 0 to 1."""
        quota, bucket = self._pilots.quotas(pilot).requests_per_minute, self._rates.get(pilot)
        if bucket is None or not quota:
            return 0.0
        return 1 - min(bucket.tokens + (self._clock.now() / SECOND - bucket.time) * quota / 60, quota) / quota

    def identify(self, key: str, address: str) -> Principal:
        """Return whom a key speaks for.

        Raises
        ------
        Problem
            401 if it is not valid, 429 after too many of those.
        """
        now = self._clock.now() / SECOND
        principal = self._pilots.authenticate(key)
        known = principal is not None and (address, principal.pilot, principal.key) in self._known
        wait = self._locked_until(address) - now
        if wait > 0 and not known:
            _locked_out(wait)
        if principal is None:
            # A page whose session has ended may ask many times, and so may a device whose key has.
            if not key.startswith(SESSION_PREFIX) and not self._pilots.knows(key):
                self._count_wrong(address, now)
            detail = f"The key {self._pilots.rejection(key)}."
            raise Problem("no-key", detail, {"WWW-Authenticate": 'Bearer realm="zenata", error="invalid_token"'})
        if not known:
            _remember(self._known, (address, principal.pilot, principal.key), None)
        return principal

    def refuse(self, address: str) -> None:
        """Count a link that is not valid, which somebody at an address showed.

        Raises
        ------
        Problem
            429 after too many of those.
        """
        self._count_wrong(address, self._clock.now() / SECOND)

    def count(self, pilot: str) -> None:
        """Count a request.

        Raises
        ------
        Problem
            429 if it is one too many.
        """
        now = self._clock.now() / SECOND
        quota = self._pilots.quotas(pilot).requests_per_minute
        bucket = self._rates.get(pilot)
        if bucket is None:
            bucket = self._rates[pilot] = Bucket(quota, now)
        if wait := self._take(pilot, bucket, quota, now):
            seconds = math.ceil(wait)
            detail = f"More than {quota:,} requests a minute (quota requests_per_minute). Try again in {seconds} s."
            raise Problem("over-quota", detail, {"Retry-After": str(seconds)}, quota="requests_per_minute")

    def count_login(self, pilot: str) -> None:
        """Count a session that is opened with a key: each changes the register, which every process then reads again.

        Raises
        ------
        Problem
            429 if it is one too many.
        """
        self.count(pilot)
        now = self._clock.now() / SECOND
        bucket = self._logins.setdefault(pilot, Bucket(LOGINS, now))
        if wait := bucket.take(LOGINS / 60, LOGINS, now):
            detail = (
                f"More than {LOGINS:g} sessions a minute were opened. Use the one that you have, or try again later."
            )
            raise Problem("over-quota", detail, {"Retry-After": str(math.ceil(wait))}, quota="logins")

    def _take(self, pilot: str, bucket: Bucket, quota: float, now: float) -> float:
        """Take a request off the quota of a pilot; return 0, or how long to wait if nothing is left [s].

        The bucket is of all servers: what the others have counted is taken off when it is known, so that in the long run
        they let through one quota in sum. At once each has an equal part of it, so that they do so in a burst, too.
        """
        rate, burst, peers = quota / 60, max(quota, 1), self._peers
        if peers is None:
            return bucket.take(rate, burst, now)
        name = f"requests:{pilot}"
        others = peers.others(name)
        if pilot in self._others:
            bucket.tokens -= others - self._others[pilot]
        elif others:  # before, it may have used up the parts of the others
            bucket.tokens = min(bucket.tokens, quota / peers.count)
        self._others[pilot] = others
        wait = bucket.take(rate, burst, now)
        if not wait and (count := peers.count) > 1:
            part = self._parts.setdefault(pilot, Bucket(max(quota / count, 1), now))
            part.tokens = min(part.tokens, max(quota / count, 1))  # it may be of a time with fewer
            if wait := part.take(rate, max(quota / count, 1), now):
                bucket.tokens += 1
        if not wait:
            peers.add(name)
        return wait

    def is_locked_out(self, address: str) -> bool:
        """Return whether an address has sent too many wrong keys."""
        return self._locked_until(address) > self._clock.now() / SECOND

    def _locked_until(self, address: str) -> float:
        """Return until when an address is locked out, here or by another server [s since the Unix epoch]; 0 if never."""
        others = self._peers.noted(LOCKED_OUT) if self._peers else ()
        return max([self._locked.get(address, 0.0), *(float(one.get(address, 0.0)) for one in others)])

    def _count_wrong(self, address: str, now: float) -> None:
        bucket = self._wrong.get(address) or Bucket(WRONG_KEYS, now)
        _remember(self._wrong, address, bucket)
        if bucket.take(WRONG_KEYS / LOCKED, WRONG_KEYS, now):
            _remember(self._locked, address, now + LOCKED)
            if self._peers:
                self._peers.notes[LOCKED_OUT] = {one: until for one, until in self._locked.items() if until > now}
            _locked_out(LOCKED)


def _remember(memory: OrderedDict[K, V], key: K, value: V) -> None:
    memory[key] = value
    memory.move_to_end(key)
    if len(memory) > _MAX_REMEMBERED:
        memory.popitem(last=False)


def _locked_out(wait: float) -> NoReturn:
    seconds = math.ceil(wait)
    detail = f"Too many wrong keys came from this address. Try again in {seconds} s."
    raise Problem("locked-out", detail, {"Retry-After": str(seconds)})
