"""Journal of a world: commands, events and other interventions from outside, in their order.

Seed and journal together reproduce a world. An entry is on disk before it is applied, so that a killed simulator
applies it again at the same tick.
"""

from collections.abc import Sequence
from typing import Annotated

import msgspec

from simulators.events.base import Event
from simulators.events.repair import Repair
from zenata.errors import SetupError
from zenata.worlds.files import Files

_NAME = "journal.jsonl"


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A command to a device.

    Parameters
    ----------
    kind, sensor : str
    set : dict of str to float or None
        New value by setting; None gives it back to the device's own control.
    id : str or None
        The sender's.
    by : str
        The sender, if known.
    """

    kind: str
    sensor: str
    set: dict[str, float | None]
    id: Annotated[str, msgspec.Meta(max_length=128)] | None = None
    by: str = ""


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One intervention between two ticks.

    Parameters
    ----------
    at : int
        Time of the last tick before it [us since the Unix epoch].
    order : Order or None
    event : Event or None
        An event that is injected.
    every : int or None
        Length of the ticks from now on [us].
    restart : int or None
        A city that was away, or is sealed now, restarts at this time [us since the Unix epoch]; ``anew`` in files.
    sealed : str
        With `restart`: which secret its draws need from now on (`simulators.record.record.seal_of`), if it had none before.
    zone_rules : str or None
        Version of the time zone rules from now on (`zenata.city.clock.ZONE_RULES`).
    ended : str or None
        Id of an event that ends now, or is taken back if it has not begun.
    repair : Repair or None
        A crew that is sent out.
    reveal : bool
        The owner of a blind world gives up: its events are hidden no longer.
    """

    at: int
    order: Order | None = None
    event: Event | None = None
    every: int | None = None
    restart: int | None = msgspec.field(default=None, name="anew")
    sealed: str = ""
    zone_rules: str | None = None
    ended: str | None = None
    repair: Repair | None = None
    reveal: bool = False


class Journal:
    """The entries of a world, in a file to which lines are added.

    Parameters
    ----------
    files : Files or None
        Of the world; None keeps them in memory alone.
    entries : sequence of Entry
        Those of a world in memory.

    Raises
    ------
    SetupError
        If the file cannot be read.
    """

    def __init__(self, files: Files | None, entries: Sequence[Entry] = ()) -> None:
        self._files = files
        self._entries = list(entries) if files is None else _read(files)

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, number: int) -> Entry:
        return self._entries[number]

    def since(self, number: int) -> list[Entry]:
        """Return the entries from the one of this number on."""
        return self._entries[number:]

    def add(self, entries: Sequence[Entry]) -> None:
        """Write entries; they are on disk when it returns.

        Raises
        ------
        SetupError
            If they cannot be written; none is then added.
        """
        if self._files is not None and entries:
            self._files.append(_NAME, b"".join(msgspec.json.encode(entry) + b"\n" for entry in entries))
        self._entries += entries


def _read(files: Files) -> list[Entry]:
    """Return the entries of a file; an incomplete last line, of a process that was killed, was not applied, and is removed."""
    try:
        text = files.read(_NAME) or b""
    except OSError as error:
        raise SetupError(f"{files.location(_NAME)} cannot be read: {error.strerror}") from error
    complete = text[: text.rfind(b"\n") + 1]
    entries: list[Entry] = []
    try:
        for line in complete.splitlines():
            entries.append(msgspec.json.decode(line, type=Entry))  # noqa: PERF401 - the error names the line
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SetupError(
            f"{files.location(_NAME)} cannot be read (line {len(entries) + 1}: {error}): the events and commands of this world are lost from "
            "there on. Restore it from a backup, or move the folder of the world away to begin a new one; stored readings stay"
        ) from error
    if len(complete) != len(text):
        files.write(_NAME, complete)
    return entries
