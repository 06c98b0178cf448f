"""The words of InfluxQL: names and texts quoted, conditions, and what our measurements and fields are called.

A kind is a measurement, and a property a field of it. Names of our own have a dot or a space in them, which no level of
a topic has, so that no kind can be taken for them; a property that ends like a field of ours gets another end.
"""

from collections.abc import Iterable

from zenata.city.readings import Selection

SERIES, ENTRIES, LEDGER, DEAD_LETTERS = "zenata.series", "zenata.entries", "zenata.ledger", "zenata.dead_letters"
"""Measurements beside the kinds: descriptions of series, entries and accounts of the ledger, dead letters."""

_TAKEN = frozenset({"time", "seq", "world", "sensor", "district", "owner"})

_ENDS = (" value", " seq")  # of fields of our own; a device may call a property so

NS = 1000
"""Nanoseconds in a microsecond."""

_FIRST, _LAST = -(2**63) // NS + 2, 2**63 // NS - 2  # times that InfluxDB can name [us]


def field(property_: str) -> str:
    """Return the field that holds the values of a property."""
    return f"{property_} value" if property_ in _TAKEN or property_.endswith(_ENDS) else property_


def seq_field(property_: str) -> str:
    """Return the field that holds a property's message number where it is not that of the point's first reading."""
    return f"{property_} seq"


def identifier(name: str) -> str:
    """Quote the name of a database, a measurement, a field or a tag."""
    return f'"{_escaped(name, chr(34))}"'


def literal(text: str) -> str:
    """Quote a text."""
    return f"'{_escaped(text, chr(39))}'"


def one_of(name: str, values: Iterable[str]) -> str:
    """Return the condition that a tag or a field has one of some values."""
    return "(" + " OR ".join(f"{identifier(name)} = {literal(value)}" for value in values) + ")"


def between(start: int, end: int) -> str:
    """Return the condition that a time is in [start, end) [us]."""
    return f"time >= {clamped(start) * NS} AND time < {clamped(end) * NS}"


def clamped(time: int) -> int:
    """Return the nearest time that InfluxDB can name [us]."""
    return min(max(time, _FIRST), _LAST)


def conditions(selection: Selection, start: int, end: int) -> str:
    """Return the WHERE of a selection and a range of times [us]; its kinds and properties are elsewhere."""
    tags = {"world": selection.worlds, "sensor": selection.sensors, "district": selection.districts}
    chosen = [one_of(tag, values) for tag, values in tags.items() if values]
    return "WHERE " + " AND ".join([between(start, end), *chosen])


def _escaped(text: str, quote: str) -> str:
    return text.replace("\\", "\\\\").replace(quote, f"\\{quote}").replace("\n", "\\n")
