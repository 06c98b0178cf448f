"""Exports: queries of any size, written to files."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from .base import Body, Document, Duration, Moment, Names, Time

ExportFormat: TypeAlias = Literal["csv", "parquet", "arrow"]


class NewExport(Body, frozen=True, kw_only=True):
    """An export to make: the parameters of `/v1/readings`, and a format.

    Parameters
    ----------
    world, sensor, kind, district, property : list of str or str
        Which series are meant; the shared city, and all without the others.
    start, end : time, optional
        Observation times; relative ones count from the world's newest reading. The last hour if left out.
    every : duration, optional
        Width of the buckets to aggregate.
    tz : str, optional
        Time zone by whose clock the buckets begin.
    agg : list of str or str
        Aggregates; `mean` if only `every` is given.
    format : str
    """

    world: Names = ()
    sensor: Names = ()
    kind: Names = ()
    district: Names = ()
    property: Names = ()
    start: Moment | None = None
    end: Moment | None = None
    every: Duration | None = None
    tz: Annotated[str, Meta(max_length=64)] | None = None
    agg: Names = ()
    format: ExportFormat = "parquet"


class Export(Document, frozen=True, kw_only=True):
    """An export.

    Parameters
    ----------
    id, pilot : str
    state : str
    progress : float
        From 0 to 1.
    rows, bytes : int
        What is written so far.
    format : str
    worlds : list of str
    start, end : datetime
        Observation times of its readings.
    made : datetime
    expires : datetime or None
        When it is deleted, once it is done.
    file : str or None
        Path of the file, once it is done.
    reason : str or None
        Why it failed.
    """

    id: str
    pilot: str
    state: Literal["queued", "running", "done", "failed"]
    progress: float
    rows: int
    bytes: int
    format: ExportFormat
    worlds: list[str]
    start: Time
    end: Time
    made: Time
    expires: Time | None
    file: str | None
    reason: str | None
