"""SenML packs of a device (RFC 8428)."""

from zenata.errors import SenmlError, UplinkError
from zenata.wire import senml
from zenata.wire.uplinks.base import Measure, Uplink, battery, put


def decode(payload: bytes, now: int) -> list[Uplink]:
    """Read a pack: an uplink for each device and time.

    What a name says behind its last ``/`` or ``:`` is the property, what it says before that is the device.

    Parameters
    ----------
    payload : bytes
    now : int
        What relative times count from [us since the Unix epoch].

    Raises
    ------
    UplinkError
        If it is no SenML pack, or one of its records carries no number.
    """
    try:
        readings = senml.decode(payload, now)
    except SenmlError as error:
        raise UplinkError(str(error)) from error
    found: dict[tuple[str, int], dict[str, Measure]] = {}
    for name, unit, time, value, _ in zip(*readings, strict=True):
        end = max(name.rfind("/"), name.rfind(":"))
        put(found.setdefault((name[: max(end, 0)], time), {}), name[end + 1 :], value, unit)
    return [
        Uplink(device=device or None, time=time, properties=properties, battery=battery(properties))
        for (device, time), properties in found.items()
    ]
