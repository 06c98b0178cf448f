"""Formats of readings, and the choice by `format` or Accept."""

from dataclasses import dataclass
from hashlib import sha256

from starlette.datastructures import Headers

from api.http.problems import Problem

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
    """Return the format a request wants.

    Parameters
    ----------
    name : str or None
        ``?format=``; it wins over `accept`, for browsers and spreadsheets.
    accept : str or None
        The Accept header (RFC 9110 section 12.5.1).

    Raises
    ------
    Problem
        406 if there is no such format.
    """
    if name is not None:
        if name in FORMATS:
            return FORMATS[name]
        detail = f"There is no format {name!r}. Use format={' or '.join(FORMATS)}."
        raise Problem("unsupported-format", detail, allowed=list(FORMATS))
    if not accept or accept == "*/*":  # what most programs send
        return FORMATS["json"]
    ranges = _ranges(accept)
    quality, best = max(((_quality(f, ranges), f) for f in FORMATS.values()), key=lambda pair: pair[0])
    if quality > 0:
        return best
    allowed = [format_.media_type for format_ in FORMATS.values()]
    raise Problem(
        "unsupported-format", f"None of {accept!r} is available. Accept {' or '.join(allowed)}.", allowed=allowed
    )


def _ranges(accept: str) -> dict[str, float]:
    """Return the media ranges of an Accept header with their weights."""
    ranges = {}
    for part in accept.split(","):
        media, *parameters = (word.strip().lower() for word in part.split(";"))
        weight = next((word[2:] for word in parameters if word.startswith("q=")), "1")
        try:
            ranges[media] = float(weight)
        except ValueError:
            ranges[media] = 0.0
    return ranges


def _quality(format_: Format, ranges: dict[str, float]) -> float:
    """Return how much a format is wanted: the most specific range that fits decides."""
    family = format_.media_type.split("/")[0] + "/*"
    return next((ranges[media] for media in (format_.media_type, family, "*/*") if media in ranges), 0.0)


def weak_tag(body: bytes) -> str:
    """Return an entity tag for a body: weak, as it may be compressed (RFC 9110 section 8.8.3)."""
    return f'W/"{sha256(body).hexdigest()[:16]}"'


def is_known(headers: Headers, tag: str) -> bool:
    """Return whether a client has what an entity tag names, by its If-None-Match (RFC 9110 section 13.1.2)."""
    known = headers.get("if-none-match", "").split(",")
    return tag.removeprefix("W/") in (one.strip().removeprefix("W/") for one in known)
