"""Decoder from messages of pilots' own devices to readings."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple, Protocol

from ingest.quotas import Quotas
from zenata.city.clock import EARLIEST, LATEST, SECOND, format_time
from zenata.city.quantities import QUANTITIES
from zenata.city.readings import Catalog, Selection, Series
from zenata.control.device import Device, Seen
from zenata.errors import Rejected, UplinkError
from zenata.wire.senml import Readings
from zenata.wire.uplinks import registry
from zenata.wire.uplinks.base import MAX_PROPERTIES, Measure, Radio, Uplink

KIND = "device"
"""The kind of all pilots' own devices."""

LEAD = 600 * SECOND
"""How far the clock of a device may be ahead of ours [us]."""

_MAX_NUMBERS = 500_000  # series remembered at once

_MAX_UNIT = 32
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


class DeviceDecoder:
    """Turns what devices say into readings of the world of their pilot. Used by one thread at a time.

    Parameters
    ----------
    register : Register
    catalog : Catalog
        Numbers the series; it grows.
    kept : Catalog
        Series that the store has from before, whose units stay.
    quotas : Quotas, optional
        Without them everything may be said.
    """

    def __init__(self, register: Register, catalog: Catalog, kept: Catalog, quotas: Quotas | None = None) -> None:
        self.seen: dict[tuple[str, str], Seen] = {}
        """What was accepted says of the devices; whoever has stored it takes it from here."""
        self._register = register
        self._catalog = catalog
        self._kept = kept
        self._quotas = quotas
        self._numbers: dict[_Key, int] = {}
        self._properties: dict[tuple[str, str], set[str]] = {}

    def decode(self, pilot: str, name: str, payload: bytes, now: int) -> tuple[list[int], Readings]:
        """Return the readings of a message, and the numbers of their series.

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
            If it cannot become readings, or is more than the pilot may say.
        """
        self.count_message(pilot, now)
        said = self.say(pilot, name, payload, now)
        self.settle(pilot, [said], now)
        return said.numbers, Readings([], [], said.times, said.values, [0] * len(said.numbers))

    def say(self, pilot: str, name: str, payload: bytes, now: int) -> "DeviceReadings":
        """Return what a device says, neither counted nor noted yet.

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
                raise Rejected("topic", f"the payload speaks of {other.id!r}, and was to be of {device.id!r}")
        return self.accept(device, uplinks, now)

    def read(self, pilot: str, payload: bytes, codec: str, now: int) -> list[Uplink]:
        """Read a payload; one that cannot be read is rejected.

        Raises
        ------
        Rejected
            If it is nothing that a device can say.
        """
        try:
            return registry.decode(payload, codec, now, partial(self.knows, pilot))
        except UplinkError as error:
            raise Rejected("schema", str(error)) from error

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
            raise Rejected("device", f"{pilot} has no device {name[:80]!r}: make it with POST /v1/devices")
        return device

    def accept(self, device: Device, uplinks: Sequence[Uplink], now: int) -> "DeviceReadings":
        """Hold what a device says against its units and the time.

        Raises
        ------
        Rejected
            If it cannot be readings.
        """
        numbers: list[int] = []
        times: list[int] = []
        values: list[float] = []
        for uplink in uplinks:
            time = now if uplink.time is None else uplink.time
            _check_time(time, now)
            for property_, measure in uplink.properties.items():
                numbers.append(self._number(device, property_, measure))
                times.append(time)
                values.append(measure.value)
        return DeviceReadings(device, uplinks, numbers, times, values)

    def count_message(self, pilot: str, now: int) -> None:
        """Count a message against the quotas.

        Raises
        ------
        Rejected
            If it is too many.
        """
        if self._quotas is not None:
            self._quotas.message(pilot, now)

    def settle(self, pilot: str, said: Sequence["DeviceReadings"], now: int) -> None:
        """Count readings against the quotas, and note what they say of their devices.

        Raises
        ------
        Rejected
            If they are too many.
        """
        if self._quotas is not None:
            self._quotas.points(pilot, sum(len(one.numbers) for one in said), now)
        for one in said:
            key = (one.device.pilot, one.device.id)
            seen = one.seen(now)
            self.seen[key] = self.seen[key].then(seen) if key in self.seen else seen

    def store_seen(self) -> None:
        """Tell the register what the messages settled so far say of their devices."""
        seen, self.seen = self.seen, {}
        if seen:
            self._register.touch(seen)

    def _number(self, device: Device, property_: str, measure: Measure) -> int:
        """Return the number of a series, after a look at the unit and the value."""
        if measure.unit and (quantity := QUANTITIES.get(property_)) is not None:
            if measure.unit != quantity.unit:
                raise Rejected("unit", f"{property_} is in {quantity.unit}, not in {measure.unit!r}")
            if not quantity.low <= measure.value <= quantity.high:
                said = f"{property_} is {measure.value:g} {measure.unit}"
                raise Rejected("range", f"{said}, outside {quantity.low:g} to {quantity.high:g}")
        key = (device.pilot, device.id, property_, measure.unit)
        number = self._numbers.get(key)
        if number is None:
            if len(self._numbers) >= _MAX_NUMBERS:
                self._numbers.clear()
            number = self._numbers[key] = self._intern(device, property_, measure.unit)
        return number

    def _intern(self, device: Device, property_: str, unit: str) -> int:
        properties = self._properties_of(device)
        if property_ not in properties and len(properties) >= MAX_PROPERTIES:
            raise Rejected("schema", f"{device.id} has {MAX_PROPERTIES} properties already, and no {property_!r}")
        _check_unit(property_, unit)
        before = self._kept.find(device.world, device.id, property_)
        if before is not None:
            series = self._kept[before]
        else:
            quantity = QUANTITIES.get(property_)
            series = Series(
                world=device.world,
                sensor=device.id,
                property=property_,
                kind=KIND,
                district=device.district,
                unit=unit or (quantity.unit if quantity else ""),
                owner=device.pilot,
            )
        number = self._catalog.intern(series)
        known = self._catalog[number].unit
        if unit and known and unit != known:
            raise Rejected("unit", f"{property_} of {device.id} is in {known} since it was first said, not in {unit!r}")
        properties.add(property_)
        return number

    def _properties_of(self, device: Device) -> set[str]:
        """Return what a device has said of, now and before."""
        key = (device.pilot, device.id)
        if key not in self._properties:
            chosen = self._kept.select(Selection(worlds=(device.world,), sensors=(device.id,)))
            self._properties[key] = {self._kept[number].property for number in chosen.tolist()}
        return self._properties[key]


class DeviceReadings(NamedTuple):
    """What a device said: readings as columns of equal length, `numbers` those of their series."""

    device: Device
    uplinks: Sequence[Uplink]
    numbers: list[int]
    times: list[int]
    values: list[float]

    def seen(self, now: int) -> Seen:
        """Return what it says of the device itself."""
        seen = Seen(time=now, messages=1, readings=len(self.numbers))
        for uplink in self.uplinks:
            radio = uplink.radio or Radio()
            seen = seen.then(
                Seen(time=now, messages=0, readings=0, battery=uplink.battery, rssi=radio.rssi, snr=radio.snr)
            )
        return seen


def _check_unit(property_: str, unit: str) -> None:
    """Refuse what a spreadsheet, to which it may come as CSV, would take for a formula, and what is no short word."""
    if len(unit) > _MAX_UNIT or not unit.isprintable() or unit.startswith(_FORMULAS):
        said = f"the unit of {property_} is {unit[:80]!r}"
        raise Rejected("unit", f"{said}: use up to {_MAX_UNIT} printable characters, not beginning with = + - or @")


def _check_time(time: int, now: int) -> None:
    if not EARLIEST <= time < LATEST:
        raise Rejected(
            "time",
            f"observed {time / SECOND:.9g} s after 1970, which is no time of a device: times are seconds, and those of "
            "lines are nanoseconds unless precision= says otherwise",
        )
    if time > now + LEAD:
        raise Rejected("time", f"observed at {format_time(time)}, while it is {format_time(now)}")
