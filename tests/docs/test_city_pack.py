"""docs/city-pack.md names every table, key and property that a pack may have, and no other."""

import dataclasses
import importlib
import re
import typing
from pathlib import Path

import pytest

from simulators.check import ATTRIBUTES
from zenata.city import pack

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs/city-pack.md").read_text(encoding="utf-8")
FREE = {"[units]"}
"""Tables whose keys are the pack's own words."""


def sections() -> dict[str, str]:
    """Text under each heading of the third level."""
    parts = re.split(r"^##+ (.*)$", DOCUMENT, flags=re.MULTILINE)
    return {title.strip("`"): text for title, text in zip(parts[1::2], parts[2::2], strict=True)}


def rows(text: str) -> list[list[str]]:
    """Cells of the table in a section, without its head."""
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def documented(title: str) -> dict[str, bool]:
    """Keys of a table, and whether they may be left out."""
    return {cells[0].strip("`"): "optional" in cells[-1] for cells in rows(sections()[title])}


def tables_read() -> dict[str, type]:
    """Every table that a simulator reads, and the dataclass it reads it into."""
    found = {}
    for file in sorted((ROOT / "simulators").rglob("*.py")):
        for table, name in re.findall(r'read_table\(city, "(\w+)", (\w+)\)', file.read_text(encoding="utf-8")):
            module = importlib.import_module(".".join(file.relative_to(ROOT).with_suffix("").parts))
            found[table] = getattr(module, name)
    return found


def expected() -> dict[str, dict[str, bool]]:
    """Keys by table, with whether they may be left out."""
    keys: dict[str, dict[str, bool]] = {}
    for table, into in tables_read().items():
        keys[f"[{table}]"] = {}
        hints = typing.get_type_hints(into)
        for field in dataclasses.fields(into):
            item = (*typing.get_args(hints[field.name]), None)[0]
            if dataclasses.is_dataclass(item):
                keys[f"[[{table}.{field.name}]]"] = leave_out(item)
            elif item is str and typing.get_origin(hints[field.name]) is not tuple:
                keys[f"[{table}.{field.name}]"] = {}
            else:
                keys[f"[{table}]"][field.name] = field.default is not dataclasses.MISSING
        if not keys[f"[{table}]"]:
            del keys[f"[{table}]"]
    return keys


def leave_out(into) -> dict[str, bool]:
    return {field.name: field.default is not dataclasses.MISSING for field in dataclasses.fields(into)}


def test_every_table_is_documented_and_no_other():
    assert {title for title in sections() if title.startswith("[")} - FREE == expected().keys()
    assert len(expected()) > 15


@pytest.mark.parametrize(("table", "keys"), expected().items(), ids=expected())
def test_every_key_of_a_table_is_documented(table, keys):
    assert documented(table) == keys


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("Top", set(pack._Header.__struct_fields__) - {"units"}),
        ("Districts", set(pack._DistrictProperties.__struct_fields__)),
        ("Streets", set(pack._StreetProperties.__struct_fields__)),
    ],
)
def test_words_of_the_pack_are_documented(title, words):
    assert documented(title).keys() == words


def test_properties_of_sensors_are_documented():
    found = [tuple(cell.strip("`") for cell in cells[:2]) for cells in rows(sections()["Sensors"])]
    common = [(name, "text") for name in pack._SensorProperties.__struct_fields__]
    assert found == common + [(kind, name) for kind, names in ATTRIBUTES.items() for name in names]
