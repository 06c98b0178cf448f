"""Decoder from messages of pilots' own devices to readings."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple, Protocol

from ingest.arrivals import STEP
from ingest.quotas import Quotas
from zenata.city.clock import EARLIEST, LATEST, SECOND, format_time
from zenata.city.quantities import QUANTITIES
from zenata.city.readings import Catalog, Selection, Series
from zenata.control.device import Device, Seen
from zenata.errors import Rejected, UplinkError, UplinkTimeError
from zenata.wire.uplinks import registry
from zenata.wire.uplinks.base import MAX_PROPERTIES, LeftOut, Measure, Uplink, leave_out

KIND = "device"
"""The kind of all pilots' own devices."""

LEAD = 600 * SECOND
"""How far the clock of a device may be ahead of ours [us]."""

MAX_SERIES = 20_000
"""Series that the devices of a pilot may have altogether, also those that were deleted: every process has them in memory.

A default: a hundred properties of as many devices as a pilot may have.
"""

_MAX_NUMBERS = 500_000  # series remembered at once
_MAX_UNIT = 32
_MAX_NAMED = 20  # members left out that a device's document names
_FORMULAS = ("=", "+", "-", "@")

_Key = tuple[str, str, str, str]  # pilot, device, property, unit


class Register(Protocol):
    """Where devices are looked up; `zenata.control.devices.Devices` is one."""

    def find(self, pilot: str, name: str) -> Device | None:
        """Return a pilot's device by its id, or by what a network server calls it."""
        ...

    def touch(self, seen: dict[tuple[str, str], Seen]) -> None:
        """Note what messages say of devices, by pilot and id."""
        ...


class DeviceReadings(NamedTuple):
    """What a message of a device holds: readings as columns of equal length, and what of it is left out.

    `keys` are those of the series; `last` is the last time that was given to what had none of its own, or 0. `repeated` and
    `conflicts` count what `ingest.repetitions` has dropped: readings that are stored already, with the same value or another.
    """

    device: Device
    uplinks: Sequence[Uplink]
    keys: list[_Key]
    times: list[int]
    values: list[float]
    left_out: list[LeftOut]
    last: int = 0
    repeated: int = 0
    conflicts: int = 0

    @property
    def is_news(self) -> bool:
        """Whether it is not just a message that is stored already."""
        return bool(self.keys or self.conflicts or not self.repeated)

    @property
    def rejected(self) -> Rejected | None:
        """What its sender may want to mend, if it is stored in part only, or not at all for what is stored already."""
        reasons = [f"{one.name}: {one.reason}" for one in self.left_out if one.rejected]
        if self.conflicts and not self.keys:
            return Rejected("time", "; ".join(reasons))
        return Rejected("part", "stored, but for " + "; ".join(reasons)) if reasons else None

    def seen(self, now: int) -> Seen:
        """Return what it says of the device itself."""
        names = tuple(dict.fromkeys(one.name for one in self.left_out))[:_MAX_NAMED]
        seen = Seen(time=now, messages=int(self.is_news), readings=len(self.keys), left_out=names)
        for uplink in self.uplinks:
            radio = uplink.radio
            seen = seen.then(
                Seen(
                    time=now,
                    messages=0,
                    readings=0,
                    battery=uplink.battery,
                    rssi=radio.rssi if radio else None,
                    snr=radio.snr if radio else None,
                    left_out=names,
                    reports_battery=uplink.reports_battery,
                    reports_radio=radio is not None,
                )
            )
        return seen


class Request(NamedTuple):
    """What the messages of one request, or one message, hold of a device so far: units and readings by property."""

    units: dict[str, str]
    readings: dict[tuple[str, int], tuple[float, int]]


class DeviceDecoder:
    """Turns messages of devices into readings of the world of their pilot. Used by one thread at a time.

    A name or a unit is taken by what is stored, never by what was rejected: a message is read (`decode`), counted
    against the quotas and given the numbers of its series (`settle`), and noted when it is durable (`after_stored`).

    Parameters
    ----------
    register : Register
    catalog : Catalog
        Numbers the series; it grows.
    stored : Catalog
        Series that the store has, whose units stay.
    quotas : Quotas, optional
        Without them nothing is too much.
    """

    def __init__(self, register: Register, catalog: Catalog, stored: Catalog, quotas: Quotas | None = None) -> None:
        self._seen: dict[tuple[str, str], Seen] = {}
        self._register = register
        self._catalog = catalog
        self._stored = stored
        self.quotas = quotas
        self._numbers: dict[_Key, int] = {}
        self._units: dict[tuple[str, str], dict[str, str]] = {}  # by pilot and device, unit by property
        self._series: dict[str, int] = {}  # how many there are, by world
        self._described: list[Series] = []

    def decode(self, pilot: str, name: str, payload: bytes, now: int) -> DeviceReadings:
        """Read a message of a device, neither counted nor noted yet.

        Parameters
        ----------
        pilot, name : str
            As its topic has them.
        payload : bytes
        now : int
            When it came [us since the Unix epoch].

        Raises
        ------
        Rejected
            If it cannot become readings.
        """
        device = self.find(pilot, name)
        uplinks = self.read(pilot, payload, device.codec, now)
        for uplink in uplinks:
            other = self._register.find(pilot, uplink.device) if uplink.device else None
            if other is not None and other.id != device.id:
                raise Rejected("topic", f"the payload is of {other.id!r}, and was sent for {device.id!r}")
        return self.check(device, uplinks, now)

    def read(self, pilot: str, payload: bytes, codec: str, now: int) -> list[Uplink]:
        """Read a payload.

        Raises
        ------
        Rejected
            If it is in no format that a device can send.
        """
        try:
            return registry.decode(payload, codec, now, partial(self.knows, pilot))
        except UplinkError as error:
            code = "time" if isinstance(error, UplinkTimeError) else "schema"
            raise Rejected(code, str(error)) from error

    def knows(self, pilot: str, name: str) -> bool:
        """Return whether a pilot has a device of that name."""
        return self._register.find(pilot, name) is not None

    def find(self, pilot: str, name: str) -> Device:
        """Return a device of a pilot.

        Raises
        ------
        Rejected
            If it has none of that name.
        """
        device = self._register.find(pilot, name)
        if device is None:
            raise Rejected("device", f"{pilot!r} has no device {name[:80]!r}: make it with POST /v1/devices")
        return device

    def begin(self, device: Device) -> Request:
        """Return what `check` is to be given for each message of a request."""
        return Request(dict(self._units_of(device)), {})

    def check(
        self, device: Device, uplinks: Sequence[Uplink], now: int, request: Request | None = None
    ) -> DeviceReadings:
        """Check units, ranges and times. What cannot be stored is left out; what has no time gets times from `now` [us] on.

        `request` is what came with it of the same device; it grows.

        Raises
        ------
        Rejected
            If nothing of it can be stored.
        """
        readings = DeviceReadings(device, uplinks, [], [], [], [])
        units, found = request or self.begin(device)
        first: Rejected | None = None
        last = 0
        for uplink in uplinks:
            for one in uplink.left_out:
                leave_out(readings.left_out, one)
            time = uplink.time
            if time is None:
                time = last = last + STEP if last else now
            for property_, measure in uplink.properties.items():
                try:
                    _check_time(time, now)
                    _check_measure(device, property_, measure, units)
                    if (property_, time) in found:
                        _check_repetition(found[property_, time], measure.value, uplink.nanosecond)
                        continue
                except Rejected as rejected:
                    first = first or rejected
                    leave_out(readings.left_out, LeftOut(property_, str(rejected)))
                    continue
                found[property_, time] = measure.value, uplink.nanosecond
                units[property_] = measure.unit or units.get(property_, "")
                readings.keys.append((device.pilot, device.id, property_, measure.unit))
                readings.times.append(time)
                readings.values.append(measure.value)
        if first is not None and not readings.keys:
            raise first
        return readings._replace(last=last)

    def settle(self, pilot: str, messages: Sequence[DeviceReadings], now: int, *, counted: bool = True) -> list[int]:
        """Count readings against the quotas, note what they say of their devices, and return the numbers of the series.

        Parameters
        ----------
        pilot : str
        messages : sequence of DeviceReadings
        now : int
            [us since the Unix epoch]
        counted : bool
            Whether they count against the quotas; what the broker delivers again was counted before.

        Raises
        ------
        Rejected
            If they are too many, or of too many series.
        """
        if self.quotas is not None and counted:
            self._check_series(messages)
            self.quotas.points(pilot, sum(len(one.keys) for one in messages), now)
        numbers: list[int] = []
        for one in messages:
            for key in one.keys:
                number = self._numbers.get(key)
                numbers.append(self._intern(one.device, key) if number is None else number)
            key_ = (one.device.pilot, one.device.id)
            seen = one.seen(now)
            self._seen[key_] = self._seen[key_].then(seen) if key_ in self._seen else seen
        return numbers

    def after_stored(self) -> list[Series]:
        """Tell the register what the messages settled so far say of their devices, now that they are stored.

        Returns
        -------
        list of Series
            Series that have got a unit, for `Store.describe`.
        """
        seen, self._seen = self._seen, {}
        described, self._described = self._described, []
        if seen:
            self._register.touch(seen)
        return described

    def forget_unstored(self) -> None:
        """Forget what the messages settled so far have taken, as they could not be stored."""
        self._seen.clear()
        self._described.clear()
        self._numbers.clear()
        self._units.clear()
        self._series.clear()

    def _check_series(self, messages: Sequence[DeviceReadings]) -> None:
        new = {
            (one.device.world, one.device.id, key[2])
            for one in messages
            for key in one.keys
            if key not in self._numbers and self._stored.find(one.device.world, one.device.id, key[2]) is None
        }
        for world in {world for world, _, _ in new}:
            if world not in self._series:
                self._series[world] = len(self._stored.select(Selection(worlds=(world,))))
            if self._series[world] + len(new) > MAX_SERIES:
                raise Rejected(
                    "schema",
                    f"your devices have {self._series[world]:,} properties altogether, those of deleted devices among them, "
                    f"where {MAX_SERIES:,} are allowed: use the ids and names that you have",
                )

    def _intern(self, device: Device, key: _Key) -> int:
        """Return the number of a series, and take its name and unit."""
        _, _, property_, unit = key
        units = self._units_of(device)
        before = self._stored.find(device.world, device.id, property_)
        series = Series(
            world=device.world,
            sensor=device.id,
            property=property_,
            kind=KIND,
            district=device.district,
            unit=unit or units.get(property_, ""),
            owner=device.pilot,
        )
        if before is None and device.world in self._series:
            self._series[device.world] += 1
        if before is not None:
            if unit and not self._stored[before].unit:
                self._described.append(replace(self._stored[before], unit=unit))
            series = replace(self._stored[before], unit=self._stored[before].unit or series.unit)
        units[property_] = series.unit
        number = self._catalog.intern(series)
        self._catalog.describe(number, series)
        if len(self._numbers) >= _MAX_NUMBERS:
            self._numbers.clear()
        self._numbers[key] = number
        return number

    def _units_of(self, device: Device) -> dict[str, str]:
        """Return the properties that a device has, each with its unit."""
        key = (device.pilot, device.id)
        if key not in self._units:
            chosen = self._stored.select(Selection(worlds=(device.world,), sensors=(device.id,)))
            series = [self._stored[number] for number in chosen.tolist()]
            self._units[key] = {one.property: one.unit for one in series}
        return self._units[key]


def _check_measure(device: Device, property_: str, measure: Measure, units: dict[str, str]) -> None:
    """Check the unit and the value, where a unit is given, and that the device may have the property."""
    unit = measure.unit
    if property_ not in units and len(units) >= MAX_PROPERTIES:
        raise Rejected("schema", f"{device.id!r} has {MAX_PROPERTIES} properties already, and no {property_[:80]!r}")
    if not unit:
        return
    if (quantity := QUANTITIES.get(property_)) is not None:
        if unit != quantity.unit and property_ not in units:  # one that was sent without a unit may be in another
            raise Rejected("unit", f"{property_} is in {quantity.unit}, not in {unit!r}")
        if unit == quantity.unit and not quantity.low <= measure.value <= quantity.high:
            reason = f"{property_} is {measure.value:g} {unit}, outside {quantity.low:g} to {quantity.high:g}"
            raise Rejected("range", reason)
    # Nothing that a spreadsheet, to which it may come as CSV, would take for a formula.
    if len(unit) > _MAX_UNIT or not unit.isprintable() or unit.startswith(_FORMULAS):
        raise Rejected(
            "unit",
            f"the unit of {property_} is {unit[:80]!r}: use up to {_MAX_UNIT} printable characters, not beginning with "
            "= + - or @",
        )
    known = units.get(property_)
    if known and unit != known:
        raise Rejected("unit", f"{property_} of {device.id} is in {known} since it was first sent, not in {unit!r}")


def _check_repetition(before: tuple[float, int], value: float, nanosecond: int) -> None:
    """Reject a second reading of one property and time, unless it is the same once more."""
    if before != (value, nanosecond):
        raise Rejected("time", "another reading of the message has this property and time, to the microsecond")


def _check_time(time: int, now: int) -> None:
    if not EARLIEST <= time < LATEST:
        raise Rejected(
            "time",
            f"observed {time / SECOND:.9g} s after 1970, which is no time of a device: times of lines are nanoseconds "
            "unless precision= says otherwise",
        )
    if time > now + LEAD:
        raise Rejected("time", f"observed at {format_time(time)}, while it is {format_time(now)}")
