"""What every type of event promises."""

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, TypeVar

import msgspec

from simulators.conditions import Conditions
from simulators.domains.base import Domain
from zenata.city.model import City
from zenata.errors import ScenarioError

P = TypeVar("P", bound=msgspec.Struct)


class Event(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that happens in a world.

    Parameters
    ----------
    id : str
        Its name in the world.
    type : str
        Key of `simulators.events.registry.EVENTS`.
    start, end : int
        From when (included) until when (excluded) [us since the Unix epoch].
    parameters : dict
        As the type has them; what is left out has its default.
    """

    id: str
    type: str
    start: int
    end: int
    parameters: dict[str, Any] = {}

    def under_way(self, time: int) -> bool:
        """Return whether it goes on at a time [us since the Unix epoch]."""
        return self.start <= time < self.end


class Effect(Protocol):
    """What an event of one type does to one city.

    It follows from the city, the event, the seed and the time alone, so that it needs no state.

    Attributes
    ----------
    Parameters : type
        A struct with what can be said of an event of this type.
    public : bool
        Whether a city would announce it.
    targets : tuple of str
        What it acts on: ids of sensors, streets or districts.
    severity : float
        From 0 to 1, how bad it is among its like.

    Raises
    ------
    ScenarioError
        On making it, if the parameters do not fit the type or the city.
    """

    Parameters: ClassVar[type[msgspec.Struct]]
    public: ClassVar[bool]
    targets: tuple[str, ...]
    severity: float

    def __init__(self, event: Event, city: City, domains: Mapping[str, Domain], seed: int) -> None: ...

    def disturb(self, now: Conditions) -> None:
        """Add its part to ``now.disturbance``; called at every tick while the event goes on."""
        ...


def parameters_of(event: Event, into: type[P]) -> P:
    """Return the parameters of an event.

    Raises
    ------
    ScenarioError
        If one is unknown, missing or out of range.
    """
    try:
        return msgspec.convert(event.parameters, into)
    except msgspec.ValidationError as error:
        known = ", ".join(field.name for field in msgspec.structs.fields(into))
        raise ScenarioError(f"{event.type}: {error}; it has {known}") from error
