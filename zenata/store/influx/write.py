"""Writes of appends to an InfluxDB; lines that it refuses become dead letters."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from zenata.city.readings import Catalog, IndexArray, IntArray, ReadingBatch, Series
from zenata.store.dead_letters import MAX_PAYLOAD, DeadLetter
from zenata.store.influx.ledger import Journal, Lines
from zenata.store.influx.lines import Encoder, Rows, bodies, dead_letter_line, series_line
from zenata.store.influx.server import Refusal, Server
from zenata.store.ledger import Entries, Fate
from zenata.store.plan import AppendPlan

_MAX_REQUESTS = 2
"""Requests under way: one is encoded, or its answer awaited, while the server works on the other."""


class _Refused(NamedTuple):
    """A line that the server did not take, the readings in it, and why."""

    rows: Rows
    line: str
    reason: str
    expired: bool

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
        self._pool = ThreadPoolExecutor(_MAX_REQUESTS, thread_name_prefix="influx-writer")

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown()

    def write(self, plan: AppendPlan, rows: Rows) -> Rows:
        """Write all of an append, of its readings `rows`; return those that the server took.

        The others, in their lines, become dead letters.
        """
        first = time.time_ns()
        self._server.insist(
            [series_line(one, self._journal.writer, first + n) for n, one in enumerate(plan.new_series)]
        )
        puts = [self._pool.submit(self._put, piece) for piece in self._encoder.pieces(rows)]
        entry = self._entry(plan)  # while the server works
        refused = [one for put in puts for one in put.result()]
        if refused:
            expired = [one for one in refused if one.expired]
            plan = _without(plan, self._dead_letters(plan, refused, expired), refused)
            entry = self._entry(plan, expired)
        self._enter(plan, *entry)
        gone = {pair for one in refused for pair in one.pairs}
        return rows.take(~_among(rows.series, rows.time, gone)) if gone else rows

    def _entry(self, plan: AppendPlan, expired: Sequence[_Refused] = ()) -> tuple[Entries, Lines | None]:
        """Return what is to be entered in the ledger, and its lines, if there is anything to tell."""
        entries = plan.entries(self._journal.ledger)
        if expired:
            entries = entries.join(_rejected(plan, expired))
        return entries, self._journal.lines(entries, plan.account) if len(plan.batch) or len(entries.seq) else None

    def _enter(self, plan: AppendPlan, entries: Entries, lines: Lines | None) -> None:
        """Write dead letters and the entry of the ledger, once the readings are durable."""
        self._server.insist([*map(dead_letter_line, plan.dead_letters), *(lines.text if lines else ())])
        if lines:
            self._journal.enter(entries, lines.moment)

    def _put(self, piece: Rows) -> list[_Refused]:
        """Write some readings; return those that the server refuses."""
        lines, line_of = self._encoder.lines(piece)
        refused: dict[int, Refusal] = {}
        for begin, end in bodies(lines):
            refused |= self._bisect(lines, begin, end)
        return [
            _Refused(piece.take(line_of == line), lines[line], refusal.reason, refusal.expired > 0)
            for line, refusal in refused.items()
        ]

    def _bisect(self, lines: Sequence[str], begin: int, end: int) -> dict[int, Refusal]:
        """Write some of the lines, and each half again if not all were taken: no server says reliably which were not."""
        refusal = self._server.write("\n".join(lines[begin:end]).encode())
        if refusal is None:
            return {}
        if refusal.expired:  # the lines are by time
            return dict.fromkeys(range(begin, min(begin + refusal.expired, end)), refusal)
        if end - begin == 1:
            return {begin: refusal}
        middle = (begin + end) // 2
        return self._bisect(lines, begin, middle) | self._bisect(lines, middle, end)

    def _dead_letters(
        self, plan: AppendPlan, refused: Sequence[_Refused], expired: Sequence[_Refused]
    ) -> list[DeadLetter]:
        """Return a dead letter for each line that is refused, but of those that are too old one for each world."""
        now = max([time.time_ns() // 1000, *(dead_letter.received for dead_letter in plan.dead_letters)])
        worlds: dict[str, list[_Refused]] = {}
        for one in expired:
            worlds.setdefault(self._series(plan, one).world, []).append(one)
        alone = [(one, False) for one in refused if not one.expired]
        found = []
        for index, (one, old) in enumerate([*alone, *((of[0], True) for of in worlds.values())]):
            series = self._series(plan, one)
            count = len(worlds[series.world]) if old else 0
            found.append(
                DeadLetter(
                    received=now + 1 + index,
                    topic=f"{series.world}/telemetry/{series.district}/{series.kind}/{series.sensor}",
                    payload=one.line.encode()[:MAX_PAYLOAD],
                    code="retention" if old else "schema",
                    reason=f"this and {count - 1} other points are too old to be stored: {one.reason}"
                    if old
                    else one.reason,
                    sensor="" if old else series.sensor,
                    seq=0 if old else int(one.rows.seq[0]),
                )
            )
        return found

    def _series(self, plan: AppendPlan, refused: _Refused) -> Series:
        """Return the series of the first reading of a line."""
        number, known = int(refused.rows.series[0]), len(self._catalog)
        return self._catalog[number] if number < known else plan.new_series[number - known]


def _rejected(plan: AppendPlan, expired: Sequence[_Refused]) -> Entries:
    """Return the entries of messages that are too old, each once."""
    series = np.concatenate([one.rows.series for one in expired])
    seq = np.concatenate([one.rows.seq for one in expired])
    pairs = np.unique(np.stack((plan.accounts[series].astype(np.int64), seq))[:, seq > 0], axis=1)
    fate = np.full(pairs.shape[1], Fate.REJECTED, dtype=np.uint8)
    return Entries(pairs[0].astype(np.int32), pairs[1], fate)


def _without(plan: AppendPlan, dead: Sequence[DeadLetter], refused: Sequence[_Refused]) -> AppendPlan:
    """Return a plan without the readings that were refused, which are dead letters instead."""
    accepted = ~_among(plan.series, plan.batch.time, {pair for one in refused for pair in one.pairs})
    batch = plan.batch
    return replace(
        plan,
        batch=ReadingBatch(
            catalog=batch.catalog,
            series=batch.series[accepted],
            time=batch.time[accepted],
            value=batch.value[accepted],
            seq=batch.seq[accepted],
        ),
        series=plan.series[accepted],
        account=plan.account[accepted],
        dead_letters=[*plan.dead_letters, *dead],
    )


def _among(series: IndexArray, time_: IntArray, pairs: set[tuple[int, int]]) -> npt.NDArray[np.bool_]:
    """Return whether each (series, time), shape (n,), is one of some."""
    return np.array([pair in pairs for pair in zip(series.tolist(), time_.tolist(), strict=True)], dtype=np.bool_)
