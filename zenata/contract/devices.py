"""Devices that pilots bring, and their telemetry."""

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, Meta, UnsetType

from .base import LINE, Body, Document, Time
from .readings import Reading

OFFLINE_AFTER = 3600
"""Silence after which a device is offline, where it does not say [s]. A default, not a measured optimum."""

MAX_OFFLINE_AFTER = 366 * 86_400
"""Largest `offline_after` [s]."""

Codec: TypeAlias = Literal["auto", "cayenne", "json", "influx"]
DeviceState: TypeAlias = Literal["new", "online", "offline"]
_Text: TypeAlias = Annotated[str, LINE, Meta(max_length=200)]
_Longitude: TypeAlias = Annotated[float, Meta(ge=-180, le=180, examples=[-7.45])]
_Latitude: TypeAlias = Annotated[float, Meta(ge=-90, le=90, examples=[33.62])]
_External: TypeAlias = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=64,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]*$",
        examples=["70b3d57ed0051234"],
        extra={"words": "up to 64 letters, digits, '_', '.', ':' and '-', the first a letter or digit"},
    ),
]
_Silence: TypeAlias = Annotated[int, Meta(ge=1, le=MAX_OFFLINE_AFTER)]


class NewDevice(Body, frozen=True, kw_only=True):
    """A device to make.

    Parameters
    ----------
    id : str
        Its name in topics and queries.
    name : str
        For people.
    longitude, latitude : float, optional
        Position in the city or near it [deg, WGS 84]; both or neither.
    codec : str
        Format of its messages (docs/devices.md).
    external : str, optional
        Its name at a network server: DevEUI, or device id.
    offline_after : int
        Silence after which it is offline [s].
    """

    id: Annotated[str, Meta(max_length=63, examples=["roof"])]
    name: _Text = ""
    longitude: _Longitude | None = None
    latitude: _Latitude | None = None
    codec: Codec = "auto"
    external: _External | None = None
    offline_after: _Silence = OFFLINE_AFTER

    def __post_init__(self) -> None:
        if (self.longitude is None) != (self.latitude is None):
            raise ValueError("give longitude and latitude, or neither")


class DeviceChange(Body, frozen=True, kw_only=True):
    """A change of a device; what is left out stays, and null removes a position or an external name.

    Parameters
    ----------
    name : str, optional
        For people.
    longitude, latitude : float or None, optional
        Position in the city or near it [deg, WGS 84]; both or neither.
    codec : str, optional
        Format of its messages (docs/devices.md).
    external : str or None, optional
        Its name at a network server: DevEUI, or device id.
    offline_after : int, optional
        Silence after which it is offline [s].
    """

    name: _Text | UnsetType = UNSET
    longitude: _Longitude | UnsetType | None = UNSET
    latitude: _Latitude | UnsetType | None = UNSET
    codec: Codec | UnsetType = UNSET
    external: _External | UnsetType | None = UNSET
    offline_after: _Silence | UnsetType = UNSET

    def __post_init__(self) -> None:
        if any((self.longitude is absent) != (self.latitude is absent) for absent in (None, UNSET)):
            raise ValueError("give longitude and latitude, or neither")


class Device(Document, frozen=True, kw_only=True):
    """A device.

    Parameters
    ----------
    id, pilot, name : str
        Its name in topics and queries, its owner, and its name for people.
    kind : str
    world : str
        Where its readings are.
    topic : str
        Where it publishes.
    codec : str
        Format of its messages.
    external : str or None
        Its name at a network server.
    longitude, latitude : float or None
        [deg, WGS 84]
    district : str
        Empty outside of all districts.
    made : datetime
    state : str
        `new` before its first message.
    seen : datetime or None
        When its newest message arrived.
    offline_after : int
        Silence after which it is offline [s].
    battery, rssi, snr : float or None
        [%], [dBm], [dB]
    messages, readings : int
        How many are stored.
    left_out : list of str
        Members of its last message that are not stored.
    """

    id: str
    pilot: str
    name: str
    kind: Literal["device"]
    world: str
    topic: str
    codec: str
    external: str | None
    longitude: float | None
    latitude: float | None
    district: str
    made: Time
    state: DeviceState
    seen: Time | None
    offline_after: int
    battery: float | None
    rssi: float | None
    snr: float | None
    messages: int
    readings: int
    left_out: list[str]


class DeviceWithLatest(Device, frozen=True, kw_only=True):
    """A device with the latest reading of each of its properties."""

    latest: list[Reading]


class TelemetryResult(Document, frozen=True, kw_only=True):
    """What was stored of a message; it is durable.

    Parameters
    ----------
    devices : list of str
        Devices that it was from.
    readings : int
        How many were stored.
    left_out : list of str
        Members that were not stored.
    """

    devices: list[str]
    readings: int
    left_out: list[str]
