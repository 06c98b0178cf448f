"""Formats of readings, and entity tags."""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from starlette.datastructures import Headers

from api.http.accept import choose
from api.http.weights import MAX_REMEMBERED

JSON = "application/json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Format:
    """A way to write readings.

    Parameters
    ----------
    name : str
        The word for ``?format=``.
    media_type : str
    row_limit : int
        The most rows a response may hold: text is dear to write and to read, columns are cheap.
    """

    name: str
    media_type: str
    row_limit: int


FORMATS: dict[str, Format] = {
    format_.name: format_
    for format_ in (
        Format(name="json", media_type=JSON, row_limit=100_000),
        Format(name="csv", media_type="text/csv", row_limit=100_000),
        Format(name="arrow", media_type="application/vnd.apache.arrow.stream", row_limit=2_000_000),
        Format(name="parquet", media_type="application/vnd.apache.parquet", row_limit=2_000_000),
    )
}


def choose_format(name: str | None, accept: str | None) -> Format:
    """Return the format of readings that a request asks for, by `format` or Accept (see `api.http.accept.choose`)."""
    return FORMATS[(_chosen if len(accept or "") <= MAX_REMEMBERED else _chosen.__wrapped__)(name, accept)]


@lru_cache(256)
def _chosen(name: str | None, accept: str | None) -> str:
    return choose(name, accept, {one.name: one.media_type for one in FORMATS.values()})


def weak_tag(body: bytes) -> str:
    """Return an entity tag for a body: weak, as it may be compressed (RFC 9110 section 8.8.3)."""
    return f'W/"{sha256(body).hexdigest()[:16]}"'


def is_known(headers: Headers, tag: str) -> bool:
    """Return whether a client has what an entity tag names, by its If-None-Match (RFC 9110 section 13.1.2)."""
    known = headers.get("if-none-match", "").split(",")
    return tag.removeprefix("W/") in (one.strip().removeprefix("W/") for one in known)
