"""Documents about the service: problems, health, and what clients of InfluxDB ask for."""

from typing import Literal

from .base import Document, OpenDocument, Titles


class ProblemDetails(OpenDocument, frozen=True, kw_only=True):
    """An error (RFC 9457).

    Parameters
    ----------
    type : str
        URI reference of the kind of problem, which is also a page about it.
    title, detail : str
        What kind of problem it is, and what to do about this one.
    status : int
        HTTP status code.
    instance : str
        Path of the request.
    allowed : list of str, optional
        Every allowed value, where that is a list.
    original : str, optional
        The detail in English, where it is not known in the language of the answer, and `detail` says what to do about the kind.
    """

    type: str
    title: str
    status: int
    detail: str
    instance: str
    allowed: list[str] | None = None
    original: str | None = None


class ProblemKind(Document, frozen=True, kw_only=True):
    """A kind of problem, explained."""

    type: str
    title: str
    titles: Titles
    status: int
    detail: str


class Health(Document, frozen=True, kw_only=True):
    """The process answers."""

    status: Literal["ok"]


class InfluxHealth(Document, frozen=True, kw_only=True):
    """What a client of InfluxDB asks for before it writes."""

    name: str
    message: str
    status: Literal["pass"]
    version: str


class InfluxReady(Document, frozen=True, kw_only=True):
    """What a client of InfluxDB 2 asks for before it writes."""

    status: Literal["ready"]


class InfluxSeries(Document, frozen=True, kw_only=True):
    """One table of an answer of InfluxDB 1."""

    name: str
    columns: list[str]
    values: list[list[str]]


class InfluxResult(Document, frozen=True, kw_only=True):
    """The answer of InfluxDB 1 to one statement; without tables if it found nothing."""

    statement_id: int
    series: tuple[InfluxSeries, ...] = ()


class InfluxResults(Document, frozen=True, kw_only=True):
    """The answer of InfluxDB 1 to a request."""

    results: list[InfluxResult]
