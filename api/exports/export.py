"""An export: what was asked, and how far it is."""

from typing import Literal, Self

import msgspec

from zenata.city.readings import Selection
from zenata.store.base import Query


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked; members as of `zenata.store.base.Query`, with worlds, sensors, ... as of `Selection`."""

    worlds: tuple[str, ...]
    sensors: tuple[str, ...]
    kinds: tuple[str, ...]
    districts: tuple[str, ...]
    properties: tuple[str, ...]
    start: int
    end: int
    aggregates: tuple[str, ...]
    every: int | None

    @classmethod
    def of(cls, query: Query) -> Self:
        """Return what a query asks."""
        one = query.selection
        return cls(
            worlds=one.worlds,
            sensors=one.sensors,
            kinds=one.kinds,
            districts=one.districts,
            properties=one.properties,
            start=query.start,
            end=query.end,
            aggregates=query.aggregates,
            every=query.every,
        )

    @property
    def query(self) -> Query:
        """The query that asks it."""
        selection = Selection(
            worlds=self.worlds,
            sensors=self.sensors,
            kinds=self.kinds,
            districts=self.districts,
            properties=self.properties,
        )
        return Query(selection=selection, start=self.start, end=self.end, aggregates=self.aggregates, every=self.every)


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """An export and how far it is.

    Parameters
    ----------
    id, pilot : str
    format : str
        A key of `api.exports.writers.WRITERS`.
    asked : Asked
    made : int
        [us since the Unix epoch]
    state : str
    told : int
        Time up to which all is written [us since the Unix epoch].
    rows, bytes : int
    finished : int or None
        [us since the Unix epoch]
    reason : str or None
        Why it failed.
    storage : int
        What the pilot's exports may come to [bytes].
    """

    id: str
    pilot: str
    format: str
    asked: Asked
    made: int
    state: Literal["queued", "running", "done", "failed"] = "queued"
    told: int = 0
    rows: int = 0
    bytes: int = 0
    finished: int | None = None
    reason: str | None = None
    storage: int = 2**63 - 1

    @property
    def progress(self) -> float:
        """How much of the range is written, 0 to 1."""
        return min(max((self.told - self.asked.start) / (self.asked.end - self.asked.start), 0.0), 1.0)
