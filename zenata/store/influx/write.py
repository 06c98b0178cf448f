"""Writes to an InfluxDB: what it refuses is told from what it takes, and becomes dead letters."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from zenata.city.readings import Catalog, IndexArray, IntArray, ReadingBatch, Series
from zenata.store.accounts import Entries
from zenata.store.dead_letters import DeadLetter
from zenata.store.influx.ledger import Journal, Lines
from zenata.store.influx.lines import Encoder, Rows, bodies, letter_line, series_line
from zenata.store.influx.server import Server

_AT_ONCE = 2
"""Requests under way: one is encoded, or its answer awaited, while the server works on the other."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """What is to be kept in one append.

    Parameters
    ----------
    batch : ReadingBatch
    series, account : ndarray of int32, shape (n,)
        Our numbers of the series and of the account of each of its readings.
    newcomers : sequence of Series
        Series to describe; their numbers are those after the last of the catalog.
    letters, mended : sequence of DeadLetter
    """

    batch: ReadingBatch
    series: IndexArray
    account: IndexArray
    newcomers: Sequence[Series]
    letters: Sequence[DeadLetter]
    mended: Sequence[DeadLetter]


class _Refused(NamedTuple):
    """A line that the server did not take, the readings in it, and why."""

    rows: Rows
    line: str
    reason: str

    @property
    def pairs(self) -> set[tuple[int, int]]:
        """The (series, time) of the readings."""
        return set(zip(self.rows.series.tolist(), self.rows.time.tolist(), strict=True))


class Writer:
    """Writes readings, descriptions, dead letters and the entry of the ledger, in this order.

    Parameters
    ----------
    server : Server
    catalog : Catalog
    journal : Journal
    encoder : Encoder
    """

    def __init__(self, server: Server, catalog: Catalog, journal: Journal, encoder: Encoder) -> None:
        self._server = server
        self._catalog = catalog
        self._journal = journal
        self._encoder = encoder
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="influx-writer")

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown()

    def write(self, work: Work, rows: Rows) -> Rows:
        """Write all of an append, of its readings `rows`; return those that the server took.

        The others, in their lines, become dead letters.
        """
        first = time.time_ns()
        self._server.insist([series_line(one, self._journal.writer, first + n) for n, one in enumerate(work.newcomers)])
        puts = [self._pool.submit(self._put, piece) for piece in self._encoder.pieces(rows)]
        entry = self._entry(work)  # while the server works
        refused = [one for put in puts for one in put.result()]
        if refused:
            work = _without(work, [self._dead(work, one, place) for place, one in enumerate(refused)], refused)
            entry = self._entry(work)
        self._enter(work, *entry)
        gone = {pair for one in refused for pair in one.pairs}
        return rows.take(~_among(rows.series, rows.time, gone)) if gone else rows

    def _entry(self, work: Work) -> tuple[Entries, Lines | None]:
        """Return what is to be entered in the ledger, and its lines, if there is anything to tell."""
        entries = self._journal.ledger.entries(work.batch, work.account, work.letters, work.mended)
        return entries, self._journal.lines(entries, work.account) if len(work.batch) or len(entries.seq) else None

    def _enter(self, work: Work, entries: Entries, lines: Lines | None) -> None:
        """Write dead letters and the entry of the ledger, once the readings are durable."""
        self._server.insist([*map(letter_line, work.letters), *(lines.text if lines else ())])
        if lines:
            self._journal.enter(entries, lines.moment)

    def _put(self, piece: Rows) -> list[_Refused]:
        """Write some readings; return those that the server refuses."""
        lines, line_of = self._encoder.lines(piece)
        refused: dict[int, str] = {}
        for begin, end in bodies(lines):
            refused |= self._bisect(lines, begin, end)
        return [_Refused(piece.take(line_of == place), lines[place], reason) for place, reason in refused.items()]

    def _bisect(self, lines: Sequence[str], begin: int, end: int) -> dict[int, str]:
        """Write some of the lines, and each half again if not all were taken: no server says reliably which were not."""
        refusal = self._server.write("\n".join(lines[begin:end]).encode())
        if refusal is None:
            return {}
        if end - begin == 1:
            return {begin: refusal}
        middle = (begin + end) // 2
        return self._bisect(lines, begin, middle) | self._bisect(lines, middle, end)

    def _dead(self, work: Work, refused: _Refused, place: int) -> DeadLetter:
        """Return the dead letter of a line."""
        number, known = int(refused.rows.series[0]), len(self._catalog)
        series = self._catalog[number] if number < known else work.newcomers[number - known]
        now = max([time.time_ns() // 1000, *(letter.received for letter in work.letters)])
        return DeadLetter(
            received=now + 1 + place,
            topic=f"{series.world}/telemetry/{series.district}/{series.kind}/{series.sensor}",
            payload=refused.line.encode(),
            code="schema",
            reason=refused.reason,
            sensor=series.sensor,
            seq=int(refused.rows.seq[0]),
        )


def _without(work: Work, dead: Sequence[DeadLetter], refused: Sequence[_Refused]) -> Work:
    """Return work without the readings that were refused, which are dead letters instead."""
    kept = ~_among(work.series, work.batch.time, {pair for one in refused for pair in one.pairs})
    batch = work.batch
    return replace(
        work,
        batch=ReadingBatch(
            catalog=batch.catalog,
            series=batch.series[kept],
            time=batch.time[kept],
            value=batch.value[kept],
            seq=batch.seq[kept],
        ),
        series=work.series[kept],
        account=work.account[kept],
        letters=[*work.letters, *dead],
    )


def _among(series: IndexArray, time_: IntArray, pairs: set[tuple[int, int]]) -> npt.NDArray[np.bool_]:
    """Return whether each (series, time), shape (n,), is one of some."""
    return np.array([pair in pairs for pair in zip(series.tolist(), time_.tolist(), strict=True)], dtype=np.bool_)
