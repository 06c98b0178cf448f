"""Worlds: their owners, read from their folders, and calls to their simulators."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from api.http.problems import KINDS, Problem, invalid
from zenata.control.device import world_of
from zenata.control.keys import Principal, Role
from zenata.errors import ControlError
from zenata.worlds import control

log = logging.getLogger(__name__)

WATCHERS = (Role.ADMIN, Role.ENGINEER)
"""Who may look into every world."""

_PROBLEMS = {
    "away": "world-unavailable",
    "invalid": "invalid-parameter",
    "conflict": "world-conflict",
    "limit": "world-limit",
    "quota": "over-quota",
}

_AGAIN = 60
"""When to ask for a world again that is one too many [s]: one has to be deleted first, so any time is a guess."""


_RESERVED = ("folder", "verb", "timeout")
"""What `zenata.worlds.control` calls parameters of its own: no argument can be called so, and no event's parameter is."""

_NO_ARGUMENTS: Mapping[str, Any] = {}


class _Owned(msgspec.Struct):
    owner: str = ""


@dataclass(frozen=True, kw_only=True)
class Worlds:
    """The shared city and the private worlds beside it.

    Parameters
    ----------
    root : Path
        Folder with a folder for each world.
    shared : str
        Name of the shared city, whose simulator hosts the others.
    """

    root: Path
    shared: str

    def owners(self) -> Mapping[str, str]:
        """Return the owner of each private world, by name."""
        found = {}
        for file in self.root.glob("w-*/world.json"):
            try:
                recipe = msgspec.json.decode(file.read_bytes(), type=_Owned)
            except (OSError, msgspec.DecodeError) as error:
                log.debug("%s: %s", file, error)  # it vanished just now, or its simulator will say so
            else:
                if not (file.parent / "deleted").exists():
                    found[file.parent.name] = recipe.owner
        return found

    def of(self, principal: Principal) -> list[str]:
        """Return the worlds that somebody may look into, the shared city first."""
        own = [
            name
            for name, owner in sorted(self.owners().items())
            if principal.role in WATCHERS or (principal.role is Role.PILOT and owner == principal.pilot)
        ]
        return [self.shared, *own]

    def is_open_to(self, pilot: str, world: str) -> bool:
        """Return whether a world may be seen by a pilot: the shared city, its own, or that of its devices."""
        return world in (self.shared, world_of(pilot)) or self.owners().get(world) == pilot

    def check(self, principal: Principal, world: str) -> None:
        """Raise 404 unless somebody may look into a world. What is another's is as if it were not there."""
        if world != self.shared and world not in (allowed := self.of(principal)):
            raise Problem("unknown-world", f"There is no world {world!r}. Use {' or '.join(allowed)}.", allowed=allowed)

    def check_owner(self, principal: Principal, world: str, *roles: Role) -> None:
        """Raise 404 as `check` does, and 403 unless the world is one's own or one has one of the roles."""
        self.check(principal, world)
        if principal.role in roles or (world != self.shared and self.owners().get(world) == principal.pilot):
            return
        allowed = [*roles, f"owner of {world}"] if world != self.shared else list(roles)
        detail = f"This needs the role {' or '.join(allowed)}; the key has {principal.role}."
        raise Problem("wrong-role", detail, allowed=allowed)

    def host(self, verb: str, arguments: Mapping[str, Any] = _NO_ARGUMENTS, *, timeout: float = 30.0) -> Any:  # noqa: ANN401 - any JSON
        """Ask the simulator that hosts the private worlds; a refusal becomes a problem."""
        return msgspec.json.decode(_call(self.root / self.shared, verb, arguments, timeout))

    def ask(self, world: str, verb: str, arguments: Mapping[str, Any] = _NO_ARGUMENTS, *, timeout: float = 30.0) -> Any:  # noqa: ANN401 - any JSON
        """Ask the simulator of a world, waking it if it is asleep; a refusal becomes a problem."""
        return msgspec.json.decode(self.ask_raw(world, verb, arguments, timeout=timeout))

    def ask_raw(
        self, world: str, verb: str, arguments: Mapping[str, Any] = _NO_ARGUMENTS, *, timeout: float = 30.0
    ) -> bytes:
        """Ask as `ask` does, and return the answer as JSON text."""
        if world != self.shared and not _is_awake(self.root / world):
            self.host("wake", {"world": world})
        return _call(self.root / world, verb, arguments, timeout)


def _is_awake(folder: Path) -> bool:
    """Return whether the process of a world listens. One that was killed leaves its file behind."""
    return (folder / "control.json").exists() and not any((folder / word).exists() for word in ("asleep", "failed"))


def _call(folder: Path, verb: str, arguments: Mapping[str, Any], timeout: float) -> bytes:
    """Return what a simulator answers, as JSON text."""
    for name in arguments:  # free-form members of a body can have any name
        if name in _RESERVED:
            raise invalid(name, "there is no such parameter; docs/scenarios.md has those of each type of event")
    try:
        return control.ask_raw(folder, verb, timeout, **arguments)
    except UnicodeEncodeError as error:  # JSON can escape halves of characters; free-form members pass them on
        raise invalid("body", r"holds half a character, such as \ud800 alone: that is no text") from error
    except ControlError as error:
        name = _PROBLEMS.get(error.reason, "world-unavailable")
        text = str(error)  # when nobody answers it names files and ports, which a pilot must not see
        if error.reason == "quota":
            raise Problem(name, f"{text}.", {"Retry-After": str(_AGAIN)}, quota="worlds") from error
        details = {"away": KINDS[name].help, "invalid": text}
        raise Problem(name, details.get(error.reason, f"{text.rstrip('.')}. {KINDS[name].help}")) from error
