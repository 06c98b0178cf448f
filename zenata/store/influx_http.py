"""HTTP to an InfluxDB, patient with a server that is busy or away."""

import random
import time
from collections.abc import Mapping
from typing import NamedTuple

import urllib3
from urllib3.exceptions import HTTPError, ReadTimeoutError

from zenata.errors import QueryTooHeavy, StoreError

PATIENCE = 10.0
"""How long a request is tried again before it is given up [s]; ingest then tries for ever, and acknowledges nothing."""

_ANSWER = urllib3.Timeout(connect=5.0, read=30.0)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0  # [s]
_BUSY = 429


class Answer(NamedTuple):
    """What a server said."""

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
        Never told to anybody but the server.
    """

    def __init__(self, base: str, headers: Mapping[str, str]) -> None:
        self.base = base
        self._headers = dict(headers)
        self._pool = urllib3.PoolManager(maxsize=4, retries=False, timeout=_ANSWER)

    def with_headers(self, **headers: str) -> "Http":
        """Return the same server, asked with further headers."""
        return Http(self.base, self._headers | headers)

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
            If it does not answer in time.
        StoreError
            If it is still away, busy or failing after `PATIENCE`.
        """
        given_up = time.monotonic() + PATIENCE
        pause = _FIRST_PAUSE
        while True:
            wanted = pause
            try:
                answer = self._once(method, path, form, body, headers or {})
            except ReadTimeoutError as error:
                raise QueryTooHeavy(f"InfluxDB at {self.base} does not answer in time; ask for less") from error
            except HTTPError as error:
                said = f"cannot be reached: {_reason(error)}"
            else:
                if answer.status != _BUSY and answer.status < 500:
                    return answer
                said = f"failed with status {answer.status}: {told(answer)}"
                wanted = max(wanted, _retry_after(answer))
            if time.monotonic() + wanted > given_up:
                raise StoreError(f"InfluxDB at {self.base} {said}")
            time.sleep(wanted * random.uniform(0.5, 1.0) if wanted == pause else wanted)  # noqa: S311 - jitter
            pause = min(2 * pause, _LONGEST_PAUSE)

    def close(self) -> None:
        """Let go of the connections."""
        self._pool.clear()

    def _once(
        self,
        method: str,
        path: str,
        form: Mapping[str, str] | None,
        body: bytes | None,
        headers: Mapping[str, str],
    ) -> Answer:
        said = (
            self._pool.request_encode_body(
                method,
                self.base + path,
                fields=form,
                encode_multipart=False,
                headers={**self._headers, **headers},
            )
            if body is None and form is not None
            else self._pool.request(method, self.base + path, body=body, headers={**self._headers, **headers})
        )
        return Answer(said.status, said.headers, said.data)


def told(answer: Answer) -> str:
    """Return what a server said in one line."""
    said = answer.headers.get("X-Influxdb-Error") or answer.body.decode(errors="replace")
    return " ".join(said.split())[:500] or "nothing said"


def _retry_after(answer: Answer) -> float:
    """Return how long the server asks to be left alone [s]; a date, which none sends, counts as nothing."""
    after = answer.headers.get("Retry-After", "")
    return float(after) if after.isdecimal() else 0.0


def _reason(error: HTTPError) -> str:
    return str(error).rpartition(">: ")[2] or type(error).__name__
