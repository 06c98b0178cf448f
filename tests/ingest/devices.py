"""Devices as a table in memory, for tests of what reads their messages."""

from zenata.city.clock import parse_time
from zenata.control.device import Device, Seen

NOW = parse_time("2026-01-01T12:00:00Z")


class Stopped:
    """A clock that stands still."""

    def now(self):
        return NOW


def device(name="roof", **members):
    return Device(**{"pilot": "alpha", "id": name, "name": name, "codec": "auto", "made": 0} | members)


class Table:
    """Looks devices up, and keeps what it is told of them."""

    def __init__(self, *devices: Device) -> None:
        self.devices = {(one.pilot, one.id): one for one in devices}
        self.seen: dict[tuple[str, str], Seen] = {}

    def find(self, pilot, name):
        known = (one for (of, _), one in self.devices.items() if of == pilot)
        return next((one for one in known if name == one.id or name.lower() == one.external), None)

    def touch(self, seen):
        self.seen |= seen
