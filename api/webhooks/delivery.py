"""Delivers to webhooks by HTTP, with retries for up to a day.

A delivery that fails holds up those behind it about the same sensor or event, so that `fired` comes before `cleared`, and
no others.
Nothing of an answer but its status is read or shown, so that nobody reads through us what only we can reach.
"""

import asyncio
import logging
import random
import ssl
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

import httpcore
from sqlalchemy.exc import SQLAlchemyError

from api.webhooks import signature
from api.webhooks.addresses import Backend, Lookups
from api.webhooks.register import Webhooks
from api.webhooks.webhook import Delivery, Status, Webhook
from zenata.city.clock import SECOND, Clock
from zenata.process.background import Background
from zenata.process.backoff import Backoff

log = logging.getLogger(__name__)

T = TypeVar("T")

BACKOFF = Backoff(first=5.0, limit=4 * 3600.0, factor=4.0)
"""Pauses between attempts."""

MAX_AGE = 24 * 3600 * SECOND
"""Age at which a delivery is given up [us]."""

DISABLE_AFTER = 3 * MAX_AGE
"""How long every attempt must have failed for a webhook to be switched off [us]. Defaults all, after Standard Webhooks."""

TIME_LIMIT = 10.0
"""Time that an attempt may take in all [s]."""

_CLAIM = 3 * int(TIME_LIMIT) * SECOND  # how long a delivery is ours; then another process takes it for lost
_LONGEST_WAIT = 30.0  # between two looks at what is due: another process may have recorded something [s]
_AWAY = 1.0  # while the database is away [s]
_FAILED = Backoff(first=_AWAY, limit=_LONGEST_WAIT)
_SHORTEST_WAIT = 0.02  # so that deliveries recorded together are claimed together [s]
_RETENTION = 30 * 24 * 3600 * SECOND  # how long the log goes back [us]
_TIDY = 3600 * SECOND  # pause between two looks at what is too old for it [us]
_GRACE = 2.0  # how long attempts may go on when we stop [s]; what is cut off is made again
_LOOKUPS = 32  # names looked up at once
_DATABASE = 4  # threads that ask the database
_GONE = 410


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a receiver answered.

    Parameters
    ----------
    code : int or None
        HTTP status; None if there was no answer.
    error : str
        Why there was none; it reveals nothing of our side.
    wait : float
        How long it asks us to wait [s].
    took : float
        How long it took [s].
    """

    code: int | None = None
    error: str = ""
    wait: float = 0.0
    took: float = 0.0

    @property
    def is_good(self) -> bool:
        """Whether it took the delivery."""
        return self.code is not None and 200 <= self.code < 300


def pause_after(attempts: int, draw: float) -> float:
    """Return how long to wait after so many failures [s]; `draw` in [0, 1) spreads those that failed together."""
    return BACKOFF.pause(attempts) * (0.75 + draw / 2)


def after_attempt(delivery: Delivery, answer: Answer, now: int, draw: float) -> Delivery:
    """Return a delivery as it is after an attempt at `now` [us]."""
    tried = replace(
        delivery,
        attempts=delivery.attempts + 1,
        tried=now,
        took=round(answer.took, 3),
        code=answer.code,
        due=None,
        error=_error_text(answer),
    )
    if answer.is_good:
        return replace(tried, status=Status.DELIVERED)
    pause = max(pause_after(tried.attempts, draw), min(answer.wait, BACKOFF.limit))
    due = now + int(pause * SECOND)
    if due - delivery.made > MAX_AGE or answer.code == _GONE:
        return replace(tried, status=Status.FAILED, error=f"{tried.error}; given up after {tried.attempts} attempts")
    return replace(tried, due=due)


def why_disable(hook: Webhook, answer: Answer, now: int) -> str:
    """Return why a webhook is to be switched off after an answer at `now` [us]; empty to leave it on."""
    if answer.code == _GONE:
        return "the receiver answered 410 Gone"
    if not answer.is_good and hook.failing is not None and now - hook.failing > DISABLE_AFTER:
        return f"no delivery has arrived for {DISABLE_AFTER // (24 * 3600 * SECOND)} days"
    return ""


class Deliverer(Background):
    """Delivers in a thread of its own, while it is entered.

    Parameters
    ----------
    hooks : Webhooks
    may : callable
        Tells whether a pilot may look into a world now.
    clock : Clock
        The wall's.
    private : bool
        Whether deliveries may go to addresses that are not public.
    draw : callable
        Returns what spreads attempts, in [0, 1).
    """

    def __init__(
        self,
        *,
        hooks: Webhooks,
        may: Callable[[str, str], bool],
        clock: Clock,
        private: bool = False,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._hooks, self._may, self._clock, self._private, self._draw = hooks, may, clock, private, draw
        self._threads = ThreadPoolExecutor(_DATABASE, "webhook database")
        self._busy: dict[str, set[str]] = {}  # deliveries under way by webhook; only the event loop touches it
        self._tidied = 0
        self._news = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        hooks.on_pending = self.wake
        super().__init__("webhook deliveries")

    def wake(self) -> None:
        """Look at once at what is due; any thread may call this."""
        if (loop := self._loop) is not None:
            with suppress(RuntimeError):  # it has just ended
                loop.call_soon_threadsafe(self._news.set)

    def _wake(self) -> None:
        self.wake()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        # Names are looked up in the threads of the loop, and the database is asked in others: no slow name server is
        # to hold up what arrives elsewhere.
        self._loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(_LOOKUPS, "webhook names") as threads, self._threads:
            self._lookups, self._tls = Lookups(threads), ssl.create_default_context()
            await self._work()

    async def _work(self) -> None:
        attempts: set[asyncio.Task[None]] = set()
        failures = 0
        while not self._stop.is_set():
            self._news.clear()
            try:
                pause = await self._begin_due(attempts)
                failures = 0
            except Exception:
                failures += 1
                pause = _FAILED.pause(failures)
                log.exception("a look at what is to be delivered failed; it is made again")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), pause)
        if attempts:
            _, late = await asyncio.wait(attempts, timeout=_GRACE)
            for attempt in late:
                attempt.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _begin_due(self, attempts: set[asyncio.Task[None]]) -> float:
        """Begin the attempts that are due, and return how long to wait for the next [s]."""
        now = self._clock.now()
        if now - self._tidied > _TIDY:
            self._tidied = now
            await self._in_database(partial(self._hooks.tidy, now - _RETENTION), None)
        busy = {id_: frozenset(ids) for id_, ids in self._busy.items()}  # a copy: another thread reads it
        away: list[tuple[Webhook, Delivery]] | None = None
        claimed = await self._in_database(partial(self._hooks.claim, now, now + _CLAIM, busy), away)
        for hook, delivery in claimed or ():
            self._busy.setdefault(hook.id, set()).add(delivery.id)
            attempt = asyncio.create_task(self._deliver(hook, delivery))
            attempts.add(attempt)
            attempt.add_done_callback(attempts.discard)
        return _AWAY if claimed is None else await self._wait(now)

    async def _wait(self, looked: int) -> float:
        """Return how long nothing will be due that was not at the last look [us], as far as this process knows [s]."""
        away: int | None = looked + SECOND
        due = await self._in_database(partial(self._hooks.next_due, looked), away)
        if due is None:
            return _LONGEST_WAIT
        return min(max((due - self._clock.now()) / SECOND, _SHORTEST_WAIT), _LONGEST_WAIT)

    def _pool(self, pilot: str) -> httpcore.AsyncConnectionPool:
        """Return what makes the connection of one attempt."""
        backend = Backend(self._lookups, pilot, private=self._private)
        return httpcore.AsyncConnectionPool(ssl_context=self._tls, max_keepalive_connections=0, network_backend=backend)

    async def _deliver(self, hook: Webhook, delivery: Delivery) -> None:
        """Make one attempt, and keep what became of it."""
        try:
            if await self._in_thread(partial(self._may, hook.pilot, hook.world)):
                begin = time.monotonic()
                async with self._pool(hook.pilot) as pool:
                    answer = await post(pool, hook, delivery, self._clock.now() // SECOND)
                answer = replace(answer, took=time.monotonic() - begin)
            else:
                answer = Answer(error=f"the pilot may not look into the world {hook.world} now")
            now = self._clock.now()
            after = after_attempt(delivery, answer, now, self._draw())
            await self._in_database(partial(self._hooks.attempted, after, disable=why_disable(hook, answer, now)), None)
        except Exception:
            log.exception("an attempt to deliver failed here; it is made again")
        finally:
            self._busy[hook.id].discard(delivery.id)
            if not self._busy[hook.id]:
                del self._busy[hook.id]
            self._news.set()  # the next about this subject need not wait

    async def _in_database(self, act: Callable[[], T], otherwise: T) -> T:
        """Do something with the database; while it is away, what was claimed waits."""
        try:
            return await self._in_thread(act)
        except SQLAlchemyError as error:
            log.warning("webhooks wait for the database: %s", type(error).__name__)
            return otherwise

    async def _in_thread(self, act: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, act)


async def post(pool: httpcore.AsyncConnectionPool, hook: Webhook, delivery: Delivery, now: int) -> Answer:
    """Make one attempt to deliver at `now` [s since the Unix epoch]; a redirection is not followed."""
    body = delivery.body.encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "zenata-webhooks/1",
        "Connection": "close",
        **signature.headers(hook.secret, delivery.id, now, body),
    }
    try:
        async with (
            asyncio.timeout(TIME_LIMIT),
            pool.stream("POST", hook.url, headers=list(headers.items()), content=body) as response,
        ):
            return Answer(code=response.status, wait=_wait(response.headers))
    except (TimeoutError, httpcore.TimeoutException):
        return Answer(error=f"no answer within {TIME_LIMIT:.0f} s")
    except httpcore.ConnectError as error:
        return Answer(error=str(error)[:100] or "no connection")
    except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
        return Answer(error=f"the connection broke, or what came is no HTTP ({type(error).__name__})")


def _wait(headers: Sequence[tuple[bytes, bytes]]) -> float:
    """Return how long a receiver asks us to wait [s]; a date instead is not understood."""
    after = next((value for name, value in headers if name.lower() == b"retry-after"), b"")
    return float(after) if after.isdigit() and len(after) < 10 else 0.0


def _error_text(answer: Answer) -> str:
    """Return what went wrong, for the log of a webhook."""
    if answer.code is None or answer.is_good:
        return answer.error
    hint = ": redirections are not followed" if 300 <= answer.code < 400 else ""
    return f"the receiver answered {answer.code}{hint}"
