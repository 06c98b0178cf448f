"""Readings and aggregates of them."""

from .base import Document, Page, Time


class Reading(Document, frozen=True, kw_only=True):
    """One reading, or the aggregates of one bucket.

    Parameters
    ----------
    time : datetime
        Observation time, or the start of the bucket.
    world, sensor, kind, district, property : str
        What the value is of.
    unit : str
        SenML unit (RFC 8428, RFC 8798); empty where the device named none.
    value : float, optional
        Of a reading.
    seq : int, optional
        Number of the sensor's message, from 1; of a reading.
    mean, min, max, sum, count, first, last, p95 : float, optional
        Of a bucket: the aggregates that the query names.
    """

    time: Time
    world: str
    sensor: str
    kind: str
    district: str
    property: str
    unit: str
    value: float | None = None
    seq: int | None = None
    mean: float | None = None
    min: float | None = None
    max: float | None = None
    sum: float | None = None
    count: int | None = None
    first: float | None = None
    last: float | None = None
    p95: float | None = None


class SeriesColumns(Document, frozen=True, kw_only=True):
    """The readings of one series, or the aggregates of its buckets: an array for each column.

    Parameters
    ----------
    time : list of datetime
        Observation times, or the starts of buckets.
    world, sensor, kind, district, property : str
        What the values are of.
    unit : str
        SenML unit (RFC 8428, RFC 8798); empty where the device named none.
    value, seq, mean, min, max, sum, count, first, last, p95 : list of float or int, optional
        As in a reading; as long as `time`.
    """

    time: list[Time]
    world: str
    sensor: str
    kind: str
    district: str
    property: str
    unit: str
    value: list[float | None] | None = None
    seq: list[int] | None = None
    mean: list[float | None] | None = None
    min: list[float | None] | None = None
    max: list[float | None] | None = None
    sum: list[float | None] | None = None
    count: list[int] | None = None
    first: list[float | None] | None = None
    last: list[float | None] | None = None
    p95: list[float | None] | None = None


class ReadingsPage(Page[Reading], frozen=True, kw_only=True):
    """A page of a query.

    Parameters
    ----------
    start, end : datetime
        The range that was meant: observation times from `start` up to, and without, `end`.
    zone : str, optional
        Time zone by whose clock the buckets begin.
    note : str, optional
        What to know of the answer, such as from when on there are readings.
    """

    start: Time
    end: Time
    zone: str | None = None
    note: str | None = None


class ColumnsPage(Page[SeriesColumns], frozen=True, kw_only=True):
    """A page of a query with `shape=columns`; members as of `ReadingsPage`."""

    start: Time
    end: Time
    zone: str | None = None
    note: str | None = None
