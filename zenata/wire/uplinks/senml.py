"""SenML packs of a device (RFC 8428).

What a name says behind its last ``/`` or ``:`` is the property, what it says before that is the device.
"""

from zenata.errors import SenmlError, UplinkError
from zenata.wire import senml
from zenata.wire.uplinks import names
from zenata.wire.uplinks.base import LeftOut, Measure, Uplink, battery, leave_out, put

_NAMES = ("n", "bn")
_LABELS = frozenset({"bn", "bt", "bu", "bv", "bs", "bver", "n", "u", "v", "vs", "vb", "vd", "s", "t", "ut", "seq"})


def is_pack(document: list[object]) -> bool:
    """Return whether a list is a SenML pack, rather than one of other objects: some record has a name, or none but labels."""
    records = [item for item in document if isinstance(item, dict)]
    if any(isinstance(record.get(label), str) for record in records for label in _NAMES):
        return True
    return len(records) == len(document) and all(
        label in _LABELS or label.endswith("_") for record in records for label in record
    )


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
    try:
        readings, others = senml.decode_part(payload, now)
    except SenmlError as error:
        raise UplinkError(str(error)) from error
    left_out: list[LeftOut] = []
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


def _end(name: str) -> int:
    """Return where the last separator of a name is; -1 if there is none."""
    return max(name.rfind("/"), name.rfind(":"))


def _property(name: str) -> str:
    return name[_end(name) + 1 :]
