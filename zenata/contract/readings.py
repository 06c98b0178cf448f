"""Readings and aggregates of them."""

from .base import Document, Time


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
