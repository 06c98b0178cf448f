"""SenML packs of a device (RFC 8428).

What a name says behind its last ``/`` or ``:`` is the property, what it says before that is the device.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from zenata.errors import SenmlError, UplinkError
from zenata.wire import senml
from zenata.wire.uplinks import names
from zenata.wire.uplinks.base import LeftOut, Measure, Uplink, battery, leave_out, put

_NAMES = ("n", "bn")
_TYPES: dict[str, type] = {"v": float, "s": float, "vb": bool, "vs": str, "vd": str}
_WORDS = {float: "number", bool: "boolean", str: "text"}
_BASE = frozenset({"bn", "bt", "bu", "bs", "bver", "seq"})
_LABELS = frozenset({"bn", "bt", "bu", "bv", "bs", "bver", "n", "u", "v", "vs", "vb", "vd", "s", "t", "ut", "seq"})


def is_pack(document: list[object]) -> bool:
    """Return whether a list is a SenML pack, rather than one of other objects: some record has a name, or none but labels."""
    records = [item for item in document if isinstance(item, dict)]
    if any(isinstance(record.get(label), str) for record in records for label in _NAMES):
        return True
    return len(records) == len(document) and all(map(_has_labels_alone, records))


def is_record(document: Mapping[str, object]) -> bool:
    """Return whether an object is a SenML record that was sent without its pack: it has a name, a value, and labels alone."""
    has_value = "v" in document or "vb" in document
    return has_value and isinstance(document.get("n"), str) and _has_labels_alone(document)


def _has_labels_alone(record: Mapping[str, object]) -> bool:
    return all(label in _LABELS or label.endswith("_") for label in record)


def decode(payload: bytes, now: int) -> list[Uplink]:
    """Read a pack: an uplink for each device and time. Records without a number are left out.

    Parameters
    ----------
    payload : bytes
    now : int
        What relative times count from [us since the Unix epoch].

    Raises
    ------
    UplinkError
        If it is no SenML pack, or none of its records has a number.
    """
    left_out: list[LeftOut] = []
    try:
        try:
            readings, others = senml.decode_part(payload, now)
        except SenmlError:
            if not (typed := _typed(payload, left_out)):
                raise
            readings, others = senml.decode_part(typed, now)
    except SenmlError as error:
        raise UplinkError("; ".join([*(f"{one.name}: {one.reason}" for one in left_out[:3]), str(error)])) from error
    for one in others:
        leave_out(left_out, LeftOut(_property(one.name), one.reason, rejected=not one.is_text))
    found: dict[tuple[str, int], dict[str, Measure]] = {}
    for name, unit, time, value, _ in zip(*readings, strict=True):
        properties = found.setdefault((name[: max(_end(name), 0)], time), {})
        try:
            put(properties, names.encode(name[_end(name) + 1 :]), value, unit)
        except UplinkError as error:
            leave_out(left_out, LeftOut(_property(name), str(error)))
    uplinks = [
        Uplink(device=device or None, time=time, properties=properties, battery=battery(properties))
        for (device, time), properties in found.items()
        if properties
    ]
    if not uplinks:
        raise UplinkError("; ".join(f"{one.name}: {one.reason}" for one in left_out[:3]))
    first = uplinks[0]
    uplinks[0] = Uplink(
        device=first.device, time=first.time, properties=first.properties, battery=first.battery, left_out=left_out
    )
    return uplinks


def _typed(payload: bytes, left_out: list[LeftOut]) -> bytes:
    """Return a pack without the values that are of another type than their labels say; empty if there are none.

    They are added to what is left out. The base labels of their records stay, as they are for those behind (section 4.1).
    """
    try:
        records = msgspec.json.decode(payload, type=list[dict[str, Any]])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return b""
    before = len(left_out)
    for index, record in enumerate(records):
        for label, type_ in _TYPES.items():
            if not _is_of(record.get(label), type_):
                reason = f"{label} is {str(record[label])[:40]!r}, which is no {_WORDS[type_]}"
                leave_out(left_out, LeftOut(_property(str(record.get("n", "")) or label), reason))
                records[index] = {name: value for name, value in record.items() if name in _BASE}
                break
    return msgspec.json.encode([record for record in records if record]) if len(left_out) > before else b""


def _is_of(value: object, type_: type) -> bool:
    if value is None:
        return True
    return (
        isinstance(value, int | float) and not isinstance(value, bool) if type_ is float else isinstance(value, type_)
    )


def _end(name: str) -> int:
    """Return where the last separator of a name is; -1 if there is none."""
    return max(name.rfind("/"), name.rfind(":"))


def _property(name: str) -> str:
    return name[_end(name) + 1 :]
