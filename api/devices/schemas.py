"""The JSON documents about pilots' own devices."""

from typing import Literal

from api.city.schemas import Document, Row


class DeviceDocument(Document):
    """A device: where it publishes (`topic`), where its readings are (`world`), and how it is."""

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
    made: str
    state: Literal["new", "online", "offline"]
    seen: str | None
    offline_after: int
    battery: float | None
    rssi: float | None
    snr: float | None
    messages: int
    readings: int


class DeviceAndLatest(DeviceDocument):
    """A device with the latest reading of each of its properties."""

    latest: list[Row]


class DevicePage(Document):
    """Devices, by pilot and id."""

    items: list[DeviceDocument]
    next: str | None


class TelemetryDocument(Document):
    """What was taken, and is durable: `left_out` are members that are no numbers."""

    devices: list[str]
    readings: int
    left_out: list[str]


class PingDocument(Document):
    """What a client of InfluxDB wants to hear before it writes."""

    name: str
    message: str
    status: Literal["pass"]
    version: str


class QueryDocument(Document):
    """The answer of InfluxDB 1 to a statement that returns nothing."""

    results: list[dict[str, int]]
