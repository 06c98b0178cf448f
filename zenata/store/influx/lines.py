"""Line protocol: readings, descriptions of series and dead letters as lines.

Whatever a pilot can choose the words of is escaped here, or refused where the protocol has no way to write it.
"""

import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from zenata.city.readings import FloatArray, IndexArray, IntArray, Series
from zenata.errors import StoreError
from zenata.store.dead_letters import DeadLetter
from zenata.store.influx.sql import DEAD_LETTERS, SERIES, field, seq_field
from zenata.store.ledger import differs

_UNWRITABLE = re.compile(r"[\x00-\x1f\x7f\\\ud800-\udfff]")
_MEASUREMENT = re.compile(r"([, ])")
_TAG = re.compile(r"([,= ])")
_BODY = 1_000_000  # of lines in a request [characters]
_PIECE = 2500  # readings in a request; many small ones keep the server as busy as one of 1 MB, and us too

DESCRIPTION = ("world", "sensor", "property", "kind", "district", "unit", "owner")
"""The fields of a series' description."""


class Rows(NamedTuple):
    """Readings to write, columns of shape (n,), ascending by time, each (series, time) once.

    Parameters
    ----------
    series : ndarray of int32
    time : ndarray of int64 [us since the Unix epoch]
    value : ndarray of float64
    seq : ndarray of int64
    alone : ndarray of bool
        Whether the reading's point may be there already, with another property and the number of another message.
    """

    series: IndexArray
    time: IntArray
    value: FloatArray
    seq: IntArray
    alone: npt.NDArray[np.bool_]

    def take(self, chosen: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> "Rows":
        """Return some of them, by mask or index."""
        return Rows(self.series[chosen], self.time[chosen], self.value[chosen], self.seq[chosen], self.alone[chosen])


class Encoder:
    """Writes readings as points: those of one sensor and time as one.

    It learns the series in the order of their numbers. `point_of` tells which of the points at one time a series is in,
    shape (series,): points differ in measurement and tags.
    """

    def __init__(self) -> None:
        self._points: dict[str, int] = {}
        self._begins: list[str] = []  # of a line, with the series' field
        self._fields: list[str] = []  # of a further field of a line
        self._own: list[str] = []  # field of the series' own number
        self._point_of: list[int] = []
        self.point_of: IndexArray = np.empty(0, dtype=np.int32)

    def learn(self, first: int, series: Sequence[Series]) -> None:
        """Take series in, the first with a number; any that were there from it on were never kept."""
        if not series:
            return
        for column in (self._begins, self._fields, self._own, self._point_of):
            del column[first:]
        for one in series:
            point = _point(one)
            label = _key(field(one.property))
            self._point_of.append(self._points.setdefault(point, len(self._points)))
            self._begins.append(f"{point} {label}=")
            self._fields.append(f",{label}=")
            self._own.append(f",{_key(seq_field(one.property))}=")
        self.point_of = np.array(self._point_of, dtype=np.int32)

    def pieces(self, rows: Rows) -> list[Rows]:
        """Return rows by time and point, in pieces for a request each, between points."""
        order = np.lexsort((self.point_of[rows.series], rows.time))
        rows = rows.take(order)
        first = np.flatnonzero(self._begins_point(rows))
        cuts = first[np.searchsorted(first, np.arange(_PIECE, len(order) - _PIECE // 2, _PIECE))]
        return [rows.take(indices) for indices in np.split(np.arange(len(order)), cuts) if len(indices)]

    def lines(self, rows: Rows) -> tuple[list[str], IntArray]:
        """Return a line for each point of rows that are by time and point, and the line of each row.

        The first reading's message number is the point's; one that differs is in a field of its own.
        """
        begins = self._begins_point(rows)
        first, line = np.flatnonzero(begins), np.cumsum(begins) - 1
        pieces = zip(
            self._heads(rows, begins),
            _texts(rows.value),
            self._own_numbers(rows, rows.alone | (rows.seq != rows.seq[first][line])),
            _tails(rows.take(first), begins),
            strict=True,
        )
        return "".join(chain.from_iterable(pieces)).split("\n")[:-1], line

    def _begins_point(self, rows: Rows) -> npt.NDArray[np.bool_]:
        """Return whether each row is of another point than the one before it."""
        return differs(rows.time, self.point_of[rows.series])

    def _heads(self, rows: Rows, begins: npt.NDArray[np.bool_]) -> list[str]:
        """Return what stands before each value: a field, at the beginning of a line behind measurement and tags."""
        if begins.all():
            return [self._begins[number] for number in rows.series.tolist()]
        both = zip(rows.series.tolist(), begins.tolist(), strict=True)
        return [self._begins[number] if begin else self._fields[number] for number, begin in both]

    def _own_numbers(self, rows: Rows, own: npt.NDArray[np.bool_]) -> list[str]:
        """Return what stands behind each value: the reading's own message number, where it has one."""
        texts = [""] * len(own)
        for index in np.flatnonzero(own).tolist():
            texts[index] = f"{self._own[rows.series[index]]}{rows.seq[index]}i"
        return texts


def check(series: Sequence[Series]) -> None:
    """Refuse series whose words cannot be written, before anything is."""
    for one in series:
        words = (one.world, one.sensor, one.property, one.kind, one.district, one.owner)
        if any(map(_UNWRITABLE.search, words)) or not (one.world and one.sensor and one.property and one.kind):
            raise StoreError(f"InfluxDB cannot keep a series named {words[:4]!r}")


def series_line(series: Series, writer: str, time: int) -> str:
    """Return the line that describes a series, at a time of its own [ns]."""
    fields = ",".join(f"{name}={text_field(getattr(series, name))}" for name in DESCRIPTION)
    return f"{SERIES},writer={writer} {fields} {time}"


def dead_letter_line(dead_letter: DeadLetter) -> str:
    """Return the line of a dead letter."""
    tag = f",world={_key(dead_letter.owner)}" if dead_letter.owner and not _UNWRITABLE.search(dead_letter.owner) else ""
    fields = ",".join(
        f"{name}={text_field(getattr(dead_letter, name))}" for name in ("topic", "code", "reason", "sensor", "digest")
    )
    payload = b64encode(dead_letter.payload).decode()
    numbers = f"seq={dead_letter.seq}i,size={dead_letter.size}i,stored={len(dead_letter.payload)}i"
    return f'{DEAD_LETTERS}{tag} {fields},payload="{payload}",{numbers} {dead_letter.received}000'


def text_field(text: str) -> str:
    """Return a text as the value of a field."""
    safe = text.encode(errors="backslashreplace").decode().replace("\\", "\\\\").replace('"', '\\"')
    return f'"{safe}"'


def bodies(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield the range of lines of each request."""
    begin = size = 0
    if sum(map(len, lines)) + len(lines) <= _BODY:
        begin, size = 0, len(lines)
    else:
        for index, line in enumerate(lines):
            if size and size + len(line) > _BODY:
                yield begin, index
                begin, size = index, 0
            size += len(line) + 1
    if size:
        yield begin, len(lines)


def _tails(points: Rows, begins: npt.NDArray[np.bool_]) -> list[str]:
    """Return what stands at the end of each line, given its first reading, and nothing behind the other readings."""
    together = zip(_texts(points.seq), _texts(points.time), points.alone.tolist(), strict=True)
    tails = [f" {time}000\n" if alone else f",seq={seq}i {time}000\n" for seq, time, alone in together]
    if len(tails) == len(begins):
        return tails
    spread = [""] * len(begins)
    for index, tail in zip((np.append(np.flatnonzero(begins)[1:], len(begins)) - 1).tolist(), tails, strict=True):
        spread[index] = tail
    return spread


def _texts(column: npt.NDArray[Any]) -> list[str]:
    """Return numbers as shortest texts, much faster than `repr` does."""
    return msgspec.json.encode(column.tolist())[1:-1].decode().split(",") if len(column) else []


def _point(series: Series) -> str:
    """Return measurement and tags of a series, these in the order that costs the server least."""
    tags = (("district", series.district), ("owner", series.owner), ("sensor", series.sensor), ("world", series.world))
    measurement = _MEASUREMENT.sub(r"\\\1", series.kind)  # 2.x stores a backslash before "=" as one
    return ",".join([measurement, *(f"{name}={_key(value)}" for name, value in tags if value)])


def _key(text: str) -> str:
    """Escape a tag, its value, or the name of a field."""
    return _TAG.sub(r"\\\1", text)
