"""Devices of pilots; plain values."""

import re
from dataclasses import dataclass

from zenata.city.clock import SECOND
from zenata.city.model import OWN
from zenata.contract.devices import OFFLINE_AFTER
from zenata.errors import ReasonError

MAX_DEVICES = 200
"""Devices of one pilot. A default, not a measured limit."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")


class DeviceError(ReasonError):
    """A device cannot be made or changed as requested.

    Reasons: ``invalid``: the request is not valid; ``conflict``: another device has it; ``limit``: there are too many;
    ``unknown``: there is no such device.
    """


@dataclass(frozen=True, kw_only=True, slots=True)
class Device:
    """Something a pilot brings.

    Parameters
    ----------
    pilot, id : str
        Whose it is, and the word it has in topics and queries.
    name : str
        For a person.
    longitude, latitude : float or None
        Position [deg], WGS 84; None if unknown.
    district : str
        Where that is; empty outside of all districts.
    codec : str
        One of `zenata.wire.uplinks.registry.CODECS`.
    external : str or None
        What a network server calls it: a DevEUI, or the device id of The Things Stack; in small letters.
    made : int
        [us since the Unix epoch]
    offline_after : int
        Silence after which it is offline [s].
    seen : int or None
        When it last sent something [us since the Unix epoch].
    battery : float or None
        [%]
    rssi, snr : float or None
        Of the last message that came by radio [dBm], [dB].
    messages, readings : int
        How many have been stored.
    left_out : tuple of str
        Members of its last message that were not stored.
    """

    pilot: str
    id: str
    name: str
    codec: str
    made: int
    longitude: float | None = None
    latitude: float | None = None
    district: str = ""
    external: str | None = None
    offline_after: int = OFFLINE_AFTER
    seen: int | None = None
    battery: float | None = None
    rssi: float | None = None
    snr: float | None = None
    messages: int = 0
    readings: int = 0
    left_out: tuple[str, ...] = ()

    @property
    def world(self) -> str:
        """The world that its readings are of."""
        return world_of(self.pilot)

    def state(self, now: int) -> str:
        """Return ``new`` before its first message, then ``online`` or ``offline`` by its silence until `now` [us]."""
        if self.seen is None:
            return "new"
        return "offline" if now - self.seen > self.offline_after * SECOND else "online"


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What messages of a device say of itself; None leaves what was.

    Parameters
    ----------
    time : int
        When the last one came [us since the Unix epoch].
    messages, readings : int
        How many came.
    battery, rssi, snr : float or None
        See `Device`.
    left_out : tuple of str
        Members of the last one that are not stored.
    reports_battery, reports_radio : bool
        Whether None is what they say of the battery, or of rssi and snr, so that what was is no more.
    """

    time: int
    messages: int
    readings: int
    battery: float | None = None
    rssi: float | None = None
    snr: float | None = None
    left_out: tuple[str, ...] = ()
    reports_battery: bool = False
    reports_radio: bool = False

    def then(self, later: "Seen") -> "Seen":
        """Return this and what came after it, as one."""
        return Seen(
            time=max(self.time, later.time),
            messages=self.messages + later.messages,
            readings=self.readings + later.readings,
            battery=self.battery if later.battery is None and not later.reports_battery else later.battery,
            rssi=self.rssi if later.rssi is None and not later.reports_radio else later.rssi,
            snr=self.snr if later.snr is None and not later.reports_radio else later.snr,
            left_out=later.left_out,
            reports_battery=self.reports_battery or later.reports_battery,
            reports_radio=self.reports_radio or later.reports_radio,
        )


def world_of(pilot: str) -> str:
    """Return the world of what a pilot's devices say."""
    return OWN + pilot


def check_id(device: str) -> None:
    """Refuse what is no word for a device.

    Raises
    ------
    DeviceError
        If it is none.
    """
    if not _ID.fullmatch(device):
        raise DeviceError(
            f"{device[:80]!r} cannot name a device: use up to 63 letters, digits, '-' and '_', the first no sign",
            "invalid",
        )
