"""Metrics of requests, their audit entries, and the answer when a handler fails."""

import logging
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from http import HTTPStatus
from itertools import accumulate
from urllib.parse import quote

from anyio import to_thread
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.context import Context
from api.http.problems import KINDS, Problem
from api.http.rights import WATCHERS
from zenata.city.clock import WallClock
from zenata.control.audit import AuditEntry
from zenata.control.keys import Principal
from zenata.process.rate_limit import Bucket
from zenata.store.ledger import FATES

log = logging.getLogger(__name__)

_READ_METHODS = {"GET", "HEAD", "OPTIONS"}
_TELEMETRY = {"/v1/telemetry", "/write", "/api/v2/write", "/query"}  # telemetry is no audit entry
_STEPS = {  # a thousand in a run, each of which would wait for the disk: only those that command, or move a world of another's
    "/v1/trials/{trial}/step",
    "/v1/trials/{trial}/answers",
    "/v1/worlds/{world}/advance",
}
_SELF_AUDITED = "/v1/pilots", "/v1/session"  # the register and sessions write entries of their own
_CLIENT_ERROR = 400
_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)  # of the histogram [s]
_FAILURES = 0.1, 30.0  # lines of the log on requests that failed: each second, and at once. Defaults
_REFUSALS = 1.0, 60.0  # audit entries of refusals of a pilot: each second in the long run, and at once. Defaults
_CHANGES = 2.0, 600.0  # and of what it changes of its own, as the log only grows. Defaults


class Metrics:
    """What an application counts, for Prometheus.

    Parameters
    ----------
    context : Context
        Whose hub, ledger and counters are read.
    """

    def __init__(self, context: Context) -> None:
        self.registry = CollectorRegistry()
        self.requests = Requests()
        self.registry.register(self.requests)
        self.registry.register(_Gauges(context))


class Requests(Collector):
    """Requests answered, by method, route and status, and how long each route took to its first byte.

    Counted on the event loop alone, in plain numbers: the library's own counters take three locks a request.
    """

    def __init__(self) -> None:
        self._answered = Counter[tuple[str, str, int]]()
        # By route: requests within each bound, and the sum.
        self._seconds: dict[str, tuple[list[int], list[float]]] = {}

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._answered[method, route, status] += 1
        if (found := self._seconds.get(route)) is None:
            found = self._seconds[route] = [0] * (len(_BOUNDS) + 1), [0.0]
        within, total = found
        within[bisect_left(_BOUNDS, seconds)] += 1
        total[0] += seconds

    def collect(self) -> Iterable[Metric]:
        """Return both; in any thread."""
        answered = CounterMetricFamily(
            "zenata_http_requests", "Requests answered.", labels=["method", "route", "status"]
        )
        for (method, route, status), number in list(self._answered.items()):
            answered.add_metric([method, route, str(status)], number)
        yield answered
        seconds = HistogramMetricFamily(
            "zenata_http_first_byte_seconds", "Time from a request to the first byte of its answer.", labels=["route"]
        )
        for route, (within, (total,)) in list(self._seconds.items()):
            names = [*map(str, _BOUNDS), "+Inf"]
            seconds.add_metric([route], list(zip(names, accumulate(within), strict=True)), total)
        yield seconds


class _Gauges(Collector):
    """Asks the parts for what they count themselves."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def collect(self) -> Iterable[Metric]:
        hub, ledger = self._context.hub, self._context.store.ledger
        yield CounterMetricFamily("zenata_readings_stored", "Readings stored and published.", hub.published)
        yield GaugeMetricFamily("zenata_stream_listeners", "Open streams.", hub.listeners)
        messages = GaugeMetricFamily("zenata_ledger_messages", "What became of messages.", labels=["world", "fate"])
        for world in ledger.worlds():
            balance = ledger.balance(world)
            for fate in FATES:
                messages.add_metric([world, fate], getattr(balance, fate))
        yield messages
        yield GaugeMetricFamily("zenata_ready", "Whether all works, as /readyz has it.", int(not self._context.ready()))
        stalled = GaugeMetricFamily("zenata_world_stalled", "Worlds whose messages are not stored.", labels=["world"])
        for world in self._context.stalled():
            stalled.add_metric([world], 1)
        yield stalled
        for name, value in self._context.counters().items():
            yield CounterMetricFamily(f"zenata_{name}", name.replace("_", " ").capitalize() + ".", value)


class Observer:
    """ASGI middleware that counts requests, and turns a failure into a problem without its traceback.

    Parameters
    ----------
    app : ASGIApp
    metrics : Metrics
    context : Context
        Whose activity and audit log record the request.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, context: Context) -> None:
        self._app = app
        self._metrics = metrics
        self._context = context
        self._logged: dict[str, Bucket] = {}  # by pilot
        self._listed: dict[tuple[str, bool], Bucket] = {}  # by pilot, and whether of refusals
        self._unlisted = Counter[str]()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection, as ASGI has it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begin = time.perf_counter()
        started = False

        async def send_observed(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                self._count(scope, message["status"], time.perf_counter() - begin)
                await self._note(scope, message["status"])
            await send(message)

        try:
            await self._app(scope, receive, send_observed)
        except ClientDisconnect:
            if started:
                raise
            log.info("%s %s: the client left before its request was complete", scope["method"], scope["path"])
        except Exception:
            log.exception("%s %s failed", scope["method"], scope["path"])
            if started:
                raise  # half an answer is out: only closing the connection tells the client
            problem = Problem("internal", f"The server failed on this request. {KINDS['internal'].help}")
            await problem.response(scope)(scope, receive, send_observed)
        finally:
            if started and (principal := _principal(scope)):
                self._context.activity.ended(principal.pilot)

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        # The template, not the path: what strangers ask for must not become labels without end.
        route = getattr(scope.get("route"), "path", "none")
        self._metrics.requests.count(scope["method"], route, status, seconds)
        if principal := _principal(scope):
            client = scope.get("client")
            self._context.activity.answered(principal.pilot, status, seconds, client[0] if client else "")
            if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                self._log_failure(scope, principal.pilot)

    def _log_failure(self, scope: Scope, pilot: str) -> None:
        """Say in the log why a request failed on our side, as the alert on it promises; a flood of failures says it seldom."""
        now, (rate, burst) = time.monotonic(), _FAILURES
        if not self._logged.setdefault(pilot, Bucket(burst, now)).take(rate, burst, now):
            problem = scope["state"].get("problem", "no answer of ours")
            log.warning("%s %s of %s failed: %s", scope["method"], quote(scope["path"]), pilot, problem)

    async def _note(self, scope: Scope, status: int) -> None:
        """Write an audit entry of what was changed or forbidden, before it is answered."""
        principal, route = _principal(scope), getattr(scope.get("route"), "path", "none")
        if principal is None or route in _TELEMETRY:
            return
        detail = scope["state"].get("detail", {})
        is_refusal = status == HTTPStatus.FORBIDDEN
        is_change = status < _CLIENT_ERROR and is_audited(scope["method"], route)
        if not is_refusal and (not is_change or (route in _STEPS and not detail)):
            return
        if not self._is_listed(principal, is_refusal=is_refusal):
            return
        what = f"{scope['method']} {route}"
        detail = {"status": status, "key": principal.key, **detail}
        if is_refusal or principal.pilot in self._unlisted:
            detail["unlisted"] = self._unlisted.pop(principal.pilot, 0)
        entry = AuditEntry(
            time=WallClock().now(), who=principal.pilot, what=what, target=quote(scope["path"]), detail=detail
        )
        try:
            await to_thread.run_sync(self._context.audit.record, entry)
        except SQLAlchemyError:
            log.exception("the audit log lacks an entry: %s by %s", what, principal.pilot)

    def _is_listed(self, principal: Principal, *, is_refusal: bool) -> bool:
        """Return whether something gets an audit entry of its own; else the next entry of the pilot counts it."""
        if not is_refusal and principal.role in WATCHERS:
            return True
        now, (rate, burst) = time.monotonic(), _REFUSALS if is_refusal else _CHANGES
        bucket = self._listed.setdefault((principal.pilot, is_refusal), Bucket(burst, now))
        if bucket.take(rate, burst, now):
            self._unlisted[principal.pilot] += 1
            return False
        return True


def is_audited(method: str, route: str) -> bool:
    """Return whether what a route changes is written to the audit log here; refusals are of every route."""
    return method not in _READ_METHODS and route not in _TELEMETRY and not route.startswith(_SELF_AUDITED)


def _principal(scope: Scope) -> Principal | None:
    """Return whom the key of a request speaks for, once it has been looked at."""
    principal: Principal | None = scope.get("state", {}).get("principal")
    return principal
