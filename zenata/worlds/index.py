"""Index of worlds: the interface by which services find worlds, call their simulators, and decide which are to run.

On one machine worlds are folders (`zenata.worlds.folders`); several share those of a cluster (`zenata.worlds.cluster`).
"""

import re
import secrets
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from string import ascii_lowercase, digits
from typing import Any, Literal, Protocol

import msgspec

from zenata.city.model import PRIVATE
from zenata.contract.hosts import Host
from zenata.errors import ControlError
from zenata.worlds.control import Handler
from zenata.worlds.files import Files

Marker = Literal["asleep", "failed", "deleted"]

MARKERS: tuple[Marker, ...] = ("deleted", "failed", "asleep")
"""What may keep a world from running, the strongest first."""

RECIPE = "world.json"
"""File of a world that says how it was made."""

HOLDER = "ZENATA_LEASE_HOLDER"
"""Environment variable by which a host of a cluster lends its token to the processes of its worlds."""

_NAME = re.compile(PRIVATE + r"[a-z0-9]{1,32}")
_RANDOM = 8  # characters of a new name: 36**8 is 41 bits, so that nobody finds one by trying


class Owned(msgspec.Struct):
    """What an index reads of a recipe."""

    owner: str = ""
    trial: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """A world that is being made.

    Parameters
    ----------
    name : str
        Its name to be.
    files : Files
        To be filled; the recipe must be among them.
    owners : mapping of str to str
        The owners of the worlds that there are, by name, without those of trials; none is added before this one is made.
    """

    name: str
    files: Files
    owners: Mapping[str, str]


class WorldIndex(Protocol):
    """Which worlds there are, and how they are reached; a base of the two indexes.

    Attributes
    ----------
    host : str
        Whom to ask to make worlds.
    location : str
        Where they are, for messages to operators.
    """

    host: str

    @property
    def location(self) -> str: ...  # noqa: D102 - see the class

    def close(self) -> None:
        """Let go of what is open."""
        ...

    def names(self) -> list[str]:
        """Return the names of all private worlds, ascending, with those about to be removed."""
        ...

    def to_run(self) -> set[str]:
        """Return the names of the worlds that should run on this host: none where one only looks."""
        return set()

    def running(self) -> list[str]:
        """Return the names of the worlds that listen anywhere, the shared city among them."""
        ...

    def owned(self, name: str) -> Owned | None:
        """Return what the recipe of a private world says of its owner; None if there is none."""
        ...

    def owners(self, *, trials: bool = True) -> dict[str, str]:
        """Return the owner of each private world by name, without worlds about to be removed; with those of trials, or without."""
        found = {name: self.owned(name) for name in self.names() if self.marker(name) != "deleted"}
        return {name: one.owner for name, one in found.items() if one is not None and (trials or not one.trial)}

    def owner(self, name: str) -> str | None:
        """Return the owner of a private world, or None if there is none of this name."""
        found = self.owned(name) if is_name(name) and self.marker(name) != "deleted" else None
        return None if found is None else found.owner

    def check(self, name: str) -> None:
        """Raise `ControlError` unless there is a private world of this name."""
        ...

    def files(self, name: str) -> Files:
        """Return the files of a world, to be read."""
        ...

    def deliver(self, name: str, file: str, content: bytes) -> None:
        """Leave a file for a world that another process runs."""
        ...

    def draft(self) -> AbstractContextManager[Draft]:
        """Make a world, whole or not at all: it is there when the context ends without an error."""
        ...

    def claim(self, name: str) -> bool:
        """Return whether we may change a world that does not run: not where one only looks."""
        return False

    def remove(self, name: str) -> None:
        """Remove a world that was claimed, with all it left."""
        ...

    def marker(self, name: str) -> Marker | None:
        """Return what keeps a world from running, or None."""
        ...

    def mark(self, name: str, marker: Marker, reason: str = "") -> None:
        """Keep a world from running, and note the reason."""
        ...

    def wake(self, name: str) -> None:
        """Let a world run that was asleep or had failed."""
        ...

    def stopped_for(self, name: str) -> float:
        """Return how long a world has been kept from running [s]; 0 if it runs."""
        ...

    def failure(self, name: str) -> str | None:
        """Return the last message of a world that failed, or None."""
        ...

    def answers(self, name: str) -> bool:
        """Return whether the process of a world may be expected to answer; else it is to be woken first."""
        ...

    def serving(self, name: str, handle: Handler) -> AbstractContextManager[object]:
        """Answer calls to a world in this process; see `zenata.worlds.control.ControlServer`."""
        ...

    def hosts(self) -> list[Host]:
        """Return the hosts that run worlds, by name."""
        ...

    def ask_raw(self, name: str, verb: str, arguments: Mapping[str, Any], *, timeout: float) -> bytes:
        """Call the simulator of a world, or the `host`; return its answer as JSON text.

        Raises
        ------
        ControlError
            If nobody answers in time [s], or it refuses.
        """
        ...


def new_name() -> str:
    """Return a name for a new private world."""
    return PRIVATE + "".join(secrets.choice(ascii_lowercase + digits) for _ in range(_RANDOM))


def is_name(name: str) -> bool:
    """Return whether this may be the name of a private world."""
    return _NAME.fullmatch(name) is not None


def unknown(name: str) -> ControlError:
    """Return the error for a name that no private world has."""
    return ControlError(f"there is no private world {name[:80]!r}", "invalid")
