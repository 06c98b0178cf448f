"""Telemetry requests: bodies that may be gzipped, and problems of refused messages."""

import math
import zlib
from typing import Any

from starlette.requests import Request

from api.http.problems import MAX_BODY, Problem, body_too_large, sentence
from zenata.wire.uplinks.results import Rejection

_GZIP = 31  # what tells zlib to expect the header of gzip


async def body_of(request: Request) -> bytes:
    """Return the body of a request, unzipped.

    Raises
    ------
    Problem
        413 if it is too large, 400 if it is not what its Content-Encoding says.
    """
    body = await request.body()
    encoding = request.headers.get("content-encoding", "identity").lower()
    if encoding == "identity":
        return body
    if encoding != "gzip":
        raise Problem("request-refused", f"Content-Encoding {encoding[:40]!r} is not understood. Use gzip, or none.")
    unzip = zlib.decompressobj(_GZIP)
    try:
        data = unzip.decompress(body, MAX_BODY + 1)
    except zlib.error as error:
        raise Problem("request-refused", "The body is not gzip, as its Content-Encoding says.") from error
    if len(data) > MAX_BODY:
        raise body_too_large()
    if not unzip.eof:
        raise Problem("request-refused", "The body ends before its gzip does.")
    if unzip.unused_data:
        raise Problem("request-refused", "The body goes on behind its gzip. Send one gzip member a request.")
    return data


def over_quota(rejection: Rejection, **members: Any) -> Problem:  # noqa: ANN401 - any JSON
    """Return the problem of what is more than a quota allows."""
    wait = max(math.ceil(rejection.retry_after), 1)
    detail = f"{sentence(rejection.reason)} Try again in {wait} s."
    return Problem("over-quota", detail, {"Retry-After": str(wait)}, quota=rejection.quota, **members)


def refused(rejection: Rejection) -> Problem:
    """Return the problem of a message that was not taken."""
    if rejection.quota:
        return over_quota(rejection)
    name = "unknown-device" if rejection.code == "device" else "telemetry-refused"
    return Problem(name, sentence(rejection.reason), code=rejection.code)
