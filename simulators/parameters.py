"""Reading a domain's table of ``city.toml`` into its dataclass."""

from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any, TypeVar

from zenata.city.model import City
from zenata.errors import CityError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")


def read_table(city: City, table: str, into: type[T]) -> T:
    """Return the table of the city's parameters as `into`, lists as tuples.

    Raises
    ------
    CityError
        If the table is missing, or lacks a key, or has one that is not a field of `into`.
    """
    values = city.parameters.get(table)
    if values is None:
        raise CityError(f"city.toml of {city.id}: table [{table}] is missing")
    known = {field.name for field in fields(into)}
    needed = {field.name for field in fields(into) if field.default is MISSING and field.default_factory is MISSING}
    if unknown := sorted(values.keys() - known):
        raise CityError(f"city.toml of {city.id}: [{table}] has unknown {', '.join(unknown)}")
    if missing := sorted(needed - values.keys()):
        raise CityError(f"city.toml of {city.id}: [{table}] lacks {', '.join(missing)}")
    return into(**{key: _frozen(value) for key, value in values.items()})


def _frozen(value: Any) -> Any:  # noqa: ANN401 - whatever TOML holds
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value
