"""Worlds: their owners, read from their folders, and calls to their simulators."""

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec.structs import replace

from api.http.problems import KINDS, Problem, invalid
from api.http.rights import WATCHERS, Right
from zenata.city.sentences import translations
from zenata.contract.base import Titles
from zenata.contract.hosts import Host
from zenata.contract.worlds import World
from zenata.control.device import world_of
from zenata.control.keys import Principal, Role
from zenata.errors import ControlError, SetupError
from zenata.worlds.index import WorldIndex

log = logging.getLogger(__name__)

_PROBLEMS = {
    "away": "world-unavailable",
    "invalid": "invalid-parameter",
    "conflict": "world-conflict",
    "unknown": "unknown-event",
    "limit": "world-limit",
    "quota": "over-quota",
}

_ABSOLUTE = re.compile(r"(?<![\w<:/])/(?!v1/|problems/)[\w.-]+/[\w.-]")

_AGAIN = 60
"""When to ask for a world again that is one too many [s]: one has to be deleted first, so any time is a guess."""


_NO_ARGUMENTS: Mapping[str, Any] = {}
_TIMEOUT = 30.0  # for the answer of a simulator [s]


@dataclass(frozen=True, kw_only=True)
class Worlds:
    """The shared city and the private worlds beside it.

    Parameters
    ----------
    index : WorldIndex
    shared : str
        Name of the shared city, whose simulator hosts the others.
    """

    index: WorldIndex
    shared: str

    def owners(self) -> Mapping[str, str]:
        """Return the owner of each private world, by name."""
        with _available():
            return self.index.owners()

    def owner(self, world: str) -> str | None:
        """Return the owner of a private world, or None if there is none of this name."""
        with _available():
            return self.index.owner(world)

    def hosts(self) -> list[Host]:
        """Return the machines that run worlds."""
        with _available():
            return self.index.hosts()

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
        return world in (self.shared, world_of(pilot)) or self.owner(world) == pilot

    def check(self, principal: Principal, world: str) -> str | None:
        """Raise 404 unless somebody may look into a world; return its owner. What is another's is as if it were not there."""
        if world == self.shared:
            return None
        owner = self.owner(world)
        is_own = principal.role is Role.PILOT and owner == principal.pilot
        if owner is None or not (is_own or principal.role in WATCHERS):
            allowed = self.of(principal)
            raise Problem("unknown-world", f"There is no world {world!r}. Use {' or '.join(allowed)}.", allowed=allowed)
        return owner

    def check_owner(self, principal: Principal, world: str, right: Right) -> None:
        """Raise 404 as `check` does, and 403 unless the world is one's own or the right covers those of others."""
        owner = self.check(principal, world)
        if principal.role in right.others or owner == principal.pilot:
            return
        allowed = [str(role) for role in Role if role in right.others]
        if world == self.shared:
            detail = f"In the shared city this needs the role {' or '.join(allowed)}; the key has {principal.role}."
            if principal.role is not Role.GUEST:
                detail += " In a world of your own you may: make one with POST /v1/worlds."
            raise Problem("wrong-role", detail, allowed=allowed)
        allowed.append(f"owner of {world}")
        detail = f"This needs the role {' or '.join(allowed)}; the key has {principal.role}."
        raise Problem("wrong-role", detail, allowed=allowed)

    def host(self, verb: str, arguments: Mapping[str, Any] = _NO_ARGUMENTS, *, type_: Any = Any) -> Any:  # noqa: ANN401 - `type_`
        """Ask the simulator that hosts the private worlds, and return its answer as a `type_`; a refusal becomes a problem."""
        return msgspec.json.decode(self._call(self.index.host, verb, arguments, _TIMEOUT), type=type_)

    def ask(
        self,
        world: str,
        verb: str,
        arguments: Mapping[str, Any] = _NO_ARGUMENTS,
        *,
        timeout: float = _TIMEOUT,
        type_: Any = Any,  # noqa: ANN401 - any type that msgspec decodes
    ) -> Any:  # noqa: ANN401 - `type_`
        """Ask the simulator of a world as `host` does, waking it if it is asleep."""
        return msgspec.json.decode(self.ask_raw(world, verb, arguments, timeout=timeout), type=type_)

    def ask_raw(
        self, world: str, verb: str, arguments: Mapping[str, Any] = _NO_ARGUMENTS, *, timeout: float = _TIMEOUT
    ) -> bytes:
        """Ask as `ask` does, and return the answer as JSON text."""
        with _available():
            awake = world == self.shared or self.index.answers(world)
        if not awake:
            self.host("wake", {"world": world})
        return self._call(world, verb, arguments, timeout)

    def _call(self, world: str, verb: str, arguments: Mapping[str, Any], timeout: float) -> bytes:
        """Return what a simulator answers, as JSON text."""
        try:
            return self.index.ask_raw(world, verb, arguments, timeout=timeout)
        except UnicodeEncodeError as error:  # JSON can escape halves of characters; free-form members pass them on
            raise invalid("body", r"holds half a character, such as \ud800 alone: that is no text") from error
        except ControlError as error:
            name = _PROBLEMS.get(error.reason, "world-unavailable")
            text = str(error)  # when nobody answers it names files and ports, which a pilot must not see
            if error.reason == "quota":
                raise Problem(name, f"{text}.", {"Retry-After": str(_AGAIN)}, quota="worlds") from error
            names_file = self.index.location in text or _ABSOLUTE.search(text)  # a disk that is full, for instance
            if error.reason != "away" and names_file:
                log.error("%s", text)
                text = "The sandbox cannot write the world's files now: ask whoever runs it"
            details = {"away": KINDS[name].help, "invalid": text}
            raise Problem(name, details.get(error.reason, f"{text.rstrip('.')}. {KINDS[name].help}")) from error


@contextmanager
def _available() -> Iterator[None]:
    """Answer 503 when worlds cannot be looked up: the cluster that holds them is away."""
    try:
        yield
    except SetupError as error:
        log.error("%s", error)
        raise Problem("world-unavailable", KINDS["world-unavailable"].help) from error


def redacted(principal: Principal, answer: World) -> World:
    """Return the status of a world as somebody may see it: the error text of a process names files of the operator."""
    if answer.reason is None:
        return answer
    hidden = "its process failed again and again; the next request to it tries once more"
    reason = answer.reason if principal.role in WATCHERS else hidden
    return replace(answer, reason=reason, reasons=Titles(**translations(reason)))
