"""HTTP to an InfluxDB, patient with a server that is busy or away."""

import random
import time
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

import msgspec
import urllib3
from urllib3.exceptions import HTTPError, ReadTimeoutError

from zenata.errors import QueryTooHeavy, StoreAwayError
from zenata.process.backoff import Backoff

PATIENCE = 10.0
"""How long a request is tried again before it is given up [s]; ingest then tries for ever, and acknowledges nothing."""

_ANSWER = urllib3.Timeout(connect=5.0, read=30.0)
_BACKOFF = Backoff(first=0.05, limit=2.0)
_BUSY, _FAILED = 429, 500  # status codes


class Answer(NamedTuple):
    """Answer of a server."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Http:
    """A server, and what every request to it carries.

    Parameters
    ----------
    base : str
        URL without a path.
    headers : mapping of str to str
        Sent to nobody but the server.
    pool : urllib3.PoolManager, optional
        Connections to share.
    """

    def __init__(self, base: str, headers: Mapping[str, str], pool: urllib3.PoolManager | None = None) -> None:
        self.base = base
        self._headers = dict(headers)
        self._pool = pool or urllib3.PoolManager(maxsize=16, retries=False, timeout=_ANSWER)

    def with_headers(self, **headers: str) -> "Http":
        """Return the same server with further headers, over the same connections."""
        return Http(self.base, self._headers | headers, self._pool)

    def ask(
        self,
        method: str,
        path: str,
        *,
        form: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request, again while the server is away, busy or failing.

        Raises
        ------
        QueryTooHeavy
            If a query, which is a form, is not answered in time.
        StoreAwayError
            If the server is still away, busy or failing after `PATIENCE`.
        """
        carried = {**self._headers, **(headers or {})}
        if form is not None:
            body, carried["Content-Type"] = urlencode(form).encode(), "application/x-www-form-urlencoded"
        given_up, failures = time.monotonic() + PATIENCE, 0
        while True:
            failures += 1
            wanted = _BACKOFF.pause(failures) * random.uniform(0.5, 1.0)  # noqa: S311 - that not all come back at once
            try:
                answer = self._pool.request(method, self.base + path, body=body, headers=carried)
                if answer.status != _BUSY and answer.status < _FAILED:
                    return Answer(answer.status, answer.headers, answer.data)
                failure = f"failed with status {answer.status}: {reason_of(Answer(answer.status, answer.headers, answer.data))}"
                wanted = max(wanted, _retry_after(answer.headers))
            except HTTPError as error:
                if isinstance(error, ReadTimeoutError) and form is not None:
                    raise QueryTooHeavy("InfluxDB does not answer in time; ask for less") from error
                failure = f"cannot be reached: {type(error).__name__}"
            if time.monotonic() + wanted > given_up:
                raise StoreAwayError(f"InfluxDB at {self.base} {failure}")
            time.sleep(wanted)

    def close(self) -> None:
        """Let go of the connections."""
        self._pool.clear()


def reason_of(answer: Answer) -> str:
    """Return what a server says is wrong, in one line."""
    reason = answer.headers.get("X-Influxdb-Error", "")
    if not reason:
        try:
            content = msgspec.json.decode(answer.body, type=dict[str, Any])
            reason = str(content.get("message") or content.get("error") or "")
        except (msgspec.MsgspecError, UnicodeDecodeError):
            pass
    return " ".join((reason or answer.body.decode(errors="replace")).split())[:500] or "no reason given"


def _retry_after(headers: Mapping[str, str]) -> float:
    """Return how long the server asks to be left alone [s]; a date, which none sends, counts as nothing."""
    after = headers.get("Retry-After", "")
    return float(after) if after.isdecimal() else 0.0
