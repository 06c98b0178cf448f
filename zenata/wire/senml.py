"""SenML packs (RFC 8428), read and written by pure functions.

Only the JSON form is spoken. Beside the labels of the RFC a record may carry ``seq``, the number of the sensor's
message, which a reader that does not know it ignores (section 4.4).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from math import isfinite
from typing import Annotated, NamedTuple

import msgspec

from zenata.errors import SenmlError

VERSIONS = frozenset({10, 26})
"""The versions of SenML this module reads: RFC 8428, and the same with secondary units (RFC 9100, section 4)."""

RELATIVE = 2**28
"""Resolved times below this [s] count from now (section 4.5.3)."""

_MAX_NAMES = 100_000
_good_names: set[str] = set()

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-:./_]*")
_WRONG_TYPE = re.compile(r"at `\$\[(\d+)\]\.(\w+)`")  # in the words of msgspec
_MANDATORY_LABEL = re.compile(rb'_"\s*:')
_LATEST = 253402300799.0  # the end of the year 9999 [s], the last that RFC 3339 can write


_Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
_Seq = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] | Annotated[float, msgspec.Meta(ge=0, le=2**53)]
"""Whole; as JSON has one kind of number, it may be written ``17.0`` (RFC 8259 section 6)."""


class Record(msgspec.Struct, omit_defaults=True, frozen=True, gc=False):
    """One record of a pack as it stands on the wire; labels as in RFC 8428, table 1."""

    bn: str = ""
    bt: _Int64 | float = 0
    bu: str = ""
    bv: float | None = None
    bs: float | None = None
    bver: float = 10
    seq: _Seq = 0
    n: str = ""
    u: str = ""
    v: float | None = None
    vs: str | None = None
    vb: bool | None = None
    vd: str | None = None
    s: float | None = None
    t: float = 0.0
    ut: float | None = None


class PlainRecord(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A record with nothing but the labels that nearly all have; reading these alone takes half the time."""

    bn: str = ""
    bt: _Int64 | float = 0
    seq: _Seq = 0
    n: str = ""
    u: str = ""
    v: float | None = None


class Problem(NamedTuple):
    """A record that carries no number: its full name, what is wrong with it, and whether it is only text or data."""

    name: str
    reason: str
    is_text: bool


class Readings(NamedTuple):
    """The numbers of a resolved pack (section 4.6), as columns of equal length.

    Parameters
    ----------
    names : list of str
        Full names, such as ``air-0042/pm25``.
    units : list of str
        SenML units; empty where the record has none.
    times : list of int
        [us since the Unix epoch]
    values : list of float
        Numbers; 1.0 and 0.0 for booleans.
    seqs : list of int
        Number of the sensor's message; 0 where the pack does not say.
    """

    names: list[str]
    units: list[str]
    times: list[int]
    values: list[float]
    seqs: list[int]

    def by_sensor(self) -> "Iterator[tuple[str, Readings]]":
        """Yield each sensor, what stands before the last slash of a name, with its readings."""
        indices: dict[str, list[int]] = {}
        for index, name in enumerate(self.names):
            indices.setdefault(name.rpartition("/")[0], []).append(index)
        for sensor, own in indices.items():
            yield sensor, self.take(own)

    def take(self, indices: Sequence[int]) -> "Readings":
        """Return some of them."""
        return Readings(
            [self.names[index] for index in indices],
            [self.units[index] for index in indices],
            [self.times[index] for index in indices],
            [self.values[index] for index in indices],
            [self.seqs[index] for index in indices],
        )


_decoder = msgspec.json.Decoder(list[Record])
_plain_decoder = msgspec.json.Decoder(list[PlainRecord])
_encoder = msgspec.json.Encoder()


def decode(payload: bytes, now: int) -> Readings:
    """Read a pack and resolve its base fields (section 4.6).

    Parameters
    ----------
    payload : bytes
        SenML JSON.
    now : int
        What relative times count from [us since the Unix epoch].

    Raises
    ------
    SenmlError
        If it is no SenML pack, or one of its records carries no number.
    """
    readings, problems = _resolve(_records(payload), now)
    if problems:
        raise SenmlError(problems[0].reason)
    if not readings.names:
        raise SenmlError("not a SenML pack: it has no record with a value")
    return readings


def decode_part(payload: bytes, now: int) -> tuple[Readings, list[Problem]]:
    """Read a pack as `decode` does, but leave out the records that carry no number, and return these beside it.

    Raises
    ------
    SenmlError
        If it is no SenML pack, a record must not be left out (section 4.4), or none carries anything.
    """
    records = _records(payload)
    readings, problems = _resolve(records, now)
    if not readings.names and not problems:
        raise SenmlError("not a SenML pack: it has no record with a value")
    return readings, problems


def encode(records: Iterable[Record]) -> bytes:
    """Write records as SenML JSON; labels at their default are left out."""
    return _encoder.encode(list(records))


def message(
    sensor: str, time: int, seq: int, properties: Sequence[tuple[str, str]], values: Sequence[float]
) -> list[Record]:
    """Return the records of one message of a sensor: what it observed at one moment.

    Parameters
    ----------
    time : int
        [us since the Unix epoch]
    seq : int
        Number of the message, from 1.
    properties : sequence of (name, unit)
        At least one.
    values : sequence of float
        One for each property.
    """
    seconds, micros = divmod(time, 1_000_000)
    records = [Record(n=name, u=unit, v=value) for (name, unit), value in zip(properties, values, strict=True)]
    first = msgspec.structs.replace(records[0], bn=sensor + "/", bt=time / 1e6 if micros else seconds, seq=seq)
    return [first, *records[1:]]


def plain_records(payload: bytes) -> list[PlainRecord]:
    """Return the records of a pack that has nothing but plain ones, unresolved; none of any other."""
    try:
        return _plain_decoder.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []


def micros(moment: float, now: int) -> int:
    """Return a resolved time [s] in us since the Unix epoch; if it is relative, it counts from now (section 4.5.3).

    Raises
    ------
    SenmlError
        If it is beyond the year 9999.
    """
    if not -_LATEST < moment < _LATEST:
        raise SenmlError(f"a record has a time beyond the year 9999: {moment:g} s")
    absolute = round(moment * 1e6)
    return absolute + now if moment < RELATIVE else absolute


def _records(payload: bytes) -> list[Record]:
    try:
        records = _decoder.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        if wrong := _WRONG_TYPE.search(str(error)):
            raise SenmlError(
                f"not a SenML pack: {wrong[2]} of record {int(wrong[1]) + 1} is of another type"
            ) from error
        raise SenmlError(f"not a SenML pack: {error}") from error
    if _MANDATORY_LABEL.search(payload):
        _refuse_mandatory_labels(payload)
    return records


def _resolve(records: list[Record], now: int) -> tuple[Readings, list[Problem]]:
    """Return the numbers of records, and the other records."""
    name, unit, time, value, seq = "", "", 0.0, None, 0  # the base fields in force
    problems: list[Problem] = []
    readings = Readings([], [], [], [], [])
    names, units, times, values, seqs = readings
    for record in records:
        if record.bn:
            name, seq = record.bn, 0
        unit = record.bu or unit
        time = record.bt or time
        if record.seq:
            seq = whole_number(record.seq)
        if record.bv is not None:
            value = record.bv
        full = name + record.n
        try:
            number = record.v
            plain = record.vb is None and record.vs is None and record.vd is None and record.bver == 10
            if number is None or value is not None or not plain:
                number = _number(record, value)
                if number is None:
                    continue
            moment = micros(time + record.t, now)
            if full not in _good_names:
                _check_name(full)
        except SenmlError as error:
            problems.append(Problem(full, str(error), record.vs is not None or record.vd is not None))
            continue
        names.append(full)
        units.append(record.u or unit)
        times.append(moment)
        values.append(number)
        seqs.append(seq)
    return readings, problems


def whole_number(number: float) -> int:
    """Return a number that has no fraction.

    Raises
    ------
    SenmlError
        If it has one.
    """
    if number != int(number):
        raise SenmlError(f"seq {number:g} is not a whole number")
    return int(number)


def _number(record: Record, base: float | None) -> float | None:
    """Return what a record says as a number, or None where it only sets base fields."""
    if record.bver not in VERSIONS:
        raise SenmlError(f"version {record.bver:g} of SenML is not read, only {sorted(VERSIONS)}")
    values = [value for value in (record.v, record.vb, record.vs, record.vd) if value is not None]
    if len(values) > 1:
        raise SenmlError(f"record {record.bn + record.n!r} has more than one value")
    if record.vs is not None or record.vd is not None:
        raise SenmlError(f"record {record.bn + record.n!r} carries text or data; only numbers and booleans are stored")
    if record.vb is not None:
        return float(record.vb)
    if record.v is not None:
        value = record.v + (base or 0.0)
        if not isfinite(value):
            raise SenmlError(f"record {record.bn + record.n!r} has a value beyond all range")
        return value
    if record.s is not None:
        raise SenmlError(f"record {record.bn + record.n!r} carries a sum alone; only values are stored")
    if record.n:
        if base is None:
            raise SenmlError(f"record {record.n!r} has no value")
        return base
    return None


def _check_name(name: str) -> None:
    """Refuse what is no SenML name, and remember what is, as the same sensors speak again and again."""
    if not _NAME.fullmatch(name):
        raise SenmlError(f"name {name[:80]!r} is not a SenML name (RFC 8428, section 4.5.1)")
    if len(_good_names) >= _MAX_NAMES:
        _good_names.clear()
    _good_names.add(name)


def _refuse_mandatory_labels(payload: bytes) -> None:
    """Refuse labels that end in ``_``: whoever does not understand them must not read on (section 4.4)."""
    for record in msgspec.json.decode(payload, type=list[dict[str, object]]):
        for label in record:
            if label.endswith("_"):
                raise SenmlError(f"label {label[:80]!r} must be understood, and is not (RFC 8428, section 4.4)")
