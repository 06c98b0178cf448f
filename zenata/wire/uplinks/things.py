"""Uplinks of The Things Stack v3 as JSON, as its webhooks post them and its MQTT server publishes them.

An uplink has ``decoded_payload`` where a payload formatter is set, and ``frm_payload`` in any case. Other messages
(join accept, downlinks, location solved) say nothing that is measured.

References
----------
The Things Stack documentation, "Data Formats". Members that are zero or empty are left out there too.
"""

from typing import Any

import msgspec

from zenata.city.clock import lacks_zone
from zenata.errors import UplinkError
from zenata.wire.uplinks.base import BytesCodec, Reception, Uplink, battery, best, payload, read
from zenata.wire.uplinks.times import moment


class _Device(msgspec.Struct):
    device_id: str
    dev_eui: str | None = None


class _Lora(msgspec.Struct):
    spreading_factor: float | None = None


class _Rate(msgspec.Struct):
    lora: _Lora | None = None


class _Settings(msgspec.Struct):
    data_rate: _Rate | None = None
    frequency: str | None = None


class _Charge(msgspec.Struct):
    value: float | None = None


class _Message(msgspec.Struct):
    frm_payload: str | None = None
    decoded_payload: dict[str, Any] | None = None
    rx_metadata: list[Reception] = []
    settings: _Settings | None = None
    received_at: str | None = None
    last_battery_percentage: _Charge | None = None


class Up(msgspec.Struct):
    """A message as it stands on the wire."""

    end_device_ids: _Device
    received_at: str | None = None
    uplink_message: _Message | None = None


_decoder = msgspec.json.Decoder(Up)


def decode(document: bytes, codec: BytesCodec | None = None) -> list[Uplink]:
    """Read an uplink. Its time is when the network server received it, as most devices have no clock.

    Parameters
    ----------
    document : bytes
    codec : callable, optional
        Reads ``frm_payload`` where there is no ``decoded_payload``.

    Raises
    ------
    UplinkError
        If it is none, or its payload cannot be read.
    """
    up = read(_decoder, document)
    if not up.end_device_ids.device_id:
        raise UplinkError("end_device_ids.device_id is empty")
    message = up.uplink_message or _Message()
    properties, left_out = payload(message.decoded_payload, message.frm_payload, codec)
    time = message.received_at or up.received_at
    charge = message.last_battery_percentage
    return [
        Uplink(
            device=up.end_device_ids.device_id,
            time=moment(time) if time is not None else None,
            properties=properties,
            battery=_percent(charge) if charge else battery(properties),
            radio=best(message.rx_metadata),
            left_out=left_out,
            assumed_utc=time is not None and lacks_zone(time),
        )
    ]


def _percent(charge: _Charge) -> float | None:
    return charge.value if charge.value is not None and 0 <= charge.value <= 100 else None
