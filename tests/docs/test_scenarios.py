"""docs/scenarios.md names every type, parameter, range and default, and no other."""

import re
from pathlib import Path

import msgspec
import pytest

from sandbox.parts import city_of
from simulators.events.base import HOUR
from simulators.events.registry import EVENTS
from simulators.events.scenario import events_of, read_scenario
from simulators.labels.labels import Affected, Label

DOCUMENT = (Path(__file__).parents[2] / "docs/scenarios.md").read_text(encoding="utf-8")
SUPERSCRIPTS = {"10⁻⁷": 1e-7, "10⁸": 1e8, "-10⁶": -1e6, "10⁶": 1e6}


def sections() -> dict[str, str]:
    parts = re.split(r"^### `(\w+)`$", DOCUMENT.partition("## Truth labels")[0], flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def rows(text: str) -> dict[str, list[str]]:
    """Cells of a table's rows by their first."""
    lines = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| `")
    ]
    return {cells[0].strip("`"): cells[1:] for cells in lines}


def number(text: str) -> float:
    return SUPERSCRIPTS.get(text) or float(text.replace(",", ""))


def test_all_types_are_documented_in_their_order():
    assert list(sections()) == list(EVENTS)


@pytest.mark.parametrize("type_", EVENTS)
def test_parameters_ranges_and_defaults_are_those_of_the_type(type_):
    table = rows(sections()[type_])
    fields = {field.name: field for field in msgspec.inspect.type_info(EVENTS[type_].Parameters).fields}
    assert list(table) == list(fields)
    for name, (_, span, default, _) in table.items():
        field = fields[name]
        if isinstance(field.type, msgspec.inspect.FloatType):
            low, high = re.fullmatch(r"(?:above )?(\S+) to (\S+?)(?:, not 0)?", span).groups()
            assert number(low) == (field.type.ge if field.type.ge is not None else field.type.gt), name
            assert number(high) == field.type.le, name
            assert span.startswith("above") == (field.type.gt is not None), name
            assert number(default) == field.default, name
        elif isinstance(field.type, msgspec.inspect.LiteralType | msgspec.inspect.BoolType):
            assert default.strip("`") == str(field.default).lower(), name


@pytest.mark.parametrize("type_", EVENTS)
def test_durations_and_publicity_are_those_of_the_type(type_):
    text = " ".join(sections()[type_].split())
    public, hours = re.search(r"\b(Public|Not public); (\d+) h", text).groups()
    assert (public == "Public") == EVENTS[type_].public
    assert int(hours) * HOUR == EVENTS[type_].duration


def test_the_example_can_be_played():
    (example,) = re.findall(r"```toml\n(.*?)```", DOCUMENT, re.DOTALL)
    assert [event.id for event in read_scenario(example, 0)] == ["market-burst", "heatwave-1", "gateway_down-1"]
    assert len(events_of([{"type": name} for name in EVENTS], 0)) == len(EVENTS)


def test_fields_of_labels_are_documented():
    table = rows(DOCUMENT.partition("## Truth labels")[2].partition("\n## ")[0])
    assert [name for key in table for name in re.findall(r"\w+", key)] == list(Label.__struct_fields__)
    assert re.findall(r"`(\w+)`", table["affected"][0])[:5] == list(Affected.__struct_fields__)


def test_scenarios_of_zenata_are_named():
    for name in city_of("zenata").scenarios:
        assert f"`{name}`" in DOCUMENT
