"""Line protocol: readings, descriptions of series and dead letters as lines.

Whatever a pilot can choose the words of is escaped here, or refused where the protocol has no way to write it.
"""

import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from zenata.city.readings import FloatArray, IndexArray, IntArray, Series
from zenata.errors import StoreError
from zenata.store.influx_sql import LETTERS, SERIES, field, seq_field
from zenata.store.letters import DeadLetter

_UNWRITABLE = re.compile(r"[\x00-\x1f\x7f\\\ud800-\udfff]")
_TAG = re.compile(r"([,= ])")
_BODY = 1_000_000  # of lines in a request [characters]
_LONGEST = 700_000  # payload that is kept, as a field may have 1 MiB and base64 takes a third more [bytes]

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
        """Return some of them, by mask or place."""
        return Rows(*(column[chosen] for column in self))


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

    def learn(self, series: Sequence[Series]) -> None:
        """Take the next series in."""
        for one in series:
            point = _point(one)
            label = _key(field(one.property))
            self._point_of.append(self._points.setdefault(point, len(self._points)))
            self._begins.append(f"{point} {label}=")
            self._fields.append(f",{label}=")
            self._own.append(f",{_key(seq_field(one.property))}=")
        self.point_of = np.array(self._point_of, dtype=np.int32)

    def lines(self, rows: Rows) -> tuple[list[str], IntArray]:
        """Return a line for each point, and the line of each reading.

        The first reading's message number is the point's; one that differs is in a field of its own.
        """
        point = self.point_of[rows.series]
        order = np.lexsort((point, rows.time))
        series, time, value, seq, alone = rows.take(order)
        begins = np.ones(len(order), dtype=np.bool_)
        begins[1:] = (time[1:] != time[:-1]) | (point[order][1:] != point[order][:-1])
        line = np.cumsum(begins) - 1
        first = np.flatnonzero(begins)
        shared = ~alone[first]  # a point has one `alone` for all
        ends = np.append(begins[1:], True)[: len(order)]
        own = alone | (seq != seq[first][line])
        columns = (series, value, begins, own, ends, time, seq, seq[first][line], shared[line])
        pieces = [
            (self._begins[n] if begin else self._fields[n])
            + repr(v)
            + (f"{self._own[n]}{s}i" if by_itself else "")
            + ((f",seq={of_point}i {t}000\n" if together else f" {t}000\n") if end else "")
            for n, v, begin, by_itself, end, t, s, of_point, together in zip(
                *(column.tolist() for column in columns), strict=True
            )
        ]
        place = np.empty(len(order), dtype=np.int64)
        place[order] = line
        return "".join(pieces).split("\n")[:-1], place


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


def letter_line(letter: DeadLetter) -> str:
    """Return the line of a dead letter; of an endless payload it keeps the beginning."""
    world = letter.topic.partition("/")[0]
    tag = f",world={_key(world)}" if world and not _UNWRITABLE.search(world) else ""
    fields = ",".join(f"{name}={text_field(getattr(letter, name))}" for name in ("topic", "code", "reason", "sensor"))
    payload = b64encode(letter.payload[:_LONGEST]).decode()
    return f'{LETTERS}{tag} {fields},payload="{payload}",seq={letter.seq}i {letter.received}000'


def text_field(text: str) -> str:
    """Return a text as the value of a field."""
    safe = text.encode(errors="backslashreplace").decode().replace("\\", "\\\\").replace('"', '\\"')
    return f'"{safe}"'


def bodies(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield the range of lines of each request."""
    begin = size = 0
    for place, line in enumerate(lines):
        if size and size + len(line) > _BODY:
            yield begin, place
            begin, size = place, 0
        size += len(line) + 1
    if size:
        yield begin, len(lines)


def _point(series: Series) -> str:
    """Return measurement and tags of a series, these in the order that costs the server least."""
    tags = (("district", series.district), ("owner", series.owner), ("sensor", series.sensor), ("world", series.world))
    return ",".join([_TAG.sub(r"\\\1", series.kind), *(f"{name}={_key(value)}" for name, value in tags if value)])


def _key(text: str) -> str:
    """Escape a tag, its value, or the name of a field."""
    return _TAG.sub(r"\\\1", text)
