"""Reading a domain's table of ``city.toml`` into its dataclass."""

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import msgspec

from zenata.city.model import City
from zenata.errors import CityError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")

Monthly = Annotated[tuple[float, ...], msgspec.Meta(min_length=12, max_length=12)]
"""A figure for each month, January to December."""

Hourly = Annotated[tuple[float, ...], msgspec.Meta(min_length=24, max_length=24)]
"""A figure for each local hour of a day."""

HourlyCounts = Annotated[tuple[int, ...], msgspec.Meta(min_length=24, max_length=24)]
"""A whole number for each local hour of a day."""


def read_table(city: City, table: str, into: type[T]) -> T:
    """Return the table of the city's parameters as `into`, and tables within it as the dataclasses named there.

    Raises
    ------
    CityError
        If the table is missing, or lacks a key, or has one that is not a field, or a value of another type.
    """
    where = f"city.toml of {city.id}:"
    values = city.parameters.get(table)
    if values is None:
        raise CityError(f"{where} table [{table}] is missing")
    try:
        result = msgspec.convert(values, into, builtin_types=(date,))  # text is no date in TOML
    except msgspec.ValidationError as exc:
        raise CityError(f"{where} [{table}] {str(exc).replace('$.', '')}") from exc
    if unknown := sorted(_unknown(values, msgspec.to_builtins(result, builtin_types=(date,)))):
        raise CityError(f"{where} [{table}] has unknown {', '.join(unknown)}")
    return result


def _unknown(written: Any, read: Any) -> Iterator[str]:  # noqa: ANN401 - whatever TOML holds
    """Yield the keys that were written, and not read."""
    if isinstance(written, dict):
        for key, value in written.items():
            if key in read:
                yield from _unknown(value, read[key])
            else:
                yield key
    elif isinstance(written, list):
        for item, part in zip(written, read, strict=True):
            yield from _unknown(item, part)
