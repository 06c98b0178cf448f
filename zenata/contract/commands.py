"""Commands to devices."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from .base import Body, Document, Time


class DeviceCommand(Body, frozen=True, kw_only=True):
    """Setpoints for a device.

    Parameters
    ----------
    sensor : str
    set : dict
        Values by setpoint; null gives one back to the device's own control.
    id : str, optional
        Yours, or one is made.
    """

    sensor: Annotated[str, Meta(max_length=64, examples=["streetlight-0001"])]
    set: Annotated[dict[str, float | None], Meta(min_length=1, max_length=16, examples=[{"dim": 0.4}])]
    id: Annotated[str, Meta(max_length=128)] | None = None


MAX_COMMANDS = 1000
"""Commands of a request, and of a step of a trial."""

DeviceCommands: TypeAlias = Annotated[tuple[DeviceCommand, ...], Meta(max_length=MAX_COMMANDS)]
"""Commands to several devices: all are checked before the first is taken."""


class NewCommand(DeviceCommand, frozen=True, kw_only=True):
    """Setpoints for a device of a world.

    Parameters
    ----------
    sensor, set, id
        As `DeviceCommand` has them.
    world : str, optional
        The shared city if left out.
    wait : float
        How long to wait for the world's next tick [s]; a world that stands still is not waited for.
    """

    world: Annotated[str, Meta(max_length=64)] | None = None
    wait: Annotated[float, Meta(ge=0, le=60)] = 15.0


NewCommands: TypeAlias = NewCommand | Annotated[tuple[NewCommand, ...], Meta(min_length=1, max_length=MAX_COMMANDS)]
"""A command, or a list of commands to one world: all are checked before the first is taken."""


class CommandResult(Document, frozen=True, kw_only=True):
    """The outcome of a command.

    Parameters
    ----------
    id : str or None
        Null of a command over MQTT that had none.
    sensor : str
    status : str
        `pending` while its tick has not come.
    at : datetime or None
        Time of the tick from which it holds.
    reason : str or None
        Why it was rejected.
    """

    id: str | None
    sensor: str
    status: Literal["applied", "rejected", "pending"]
    at: Time | None
    reason: str | None
