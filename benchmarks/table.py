"""What every benchmark reports, and how it is printed."""

from collections.abc import Iterable
from typing import NamedTuple


class Row(NamedTuple):
    """One figure, as it is printed; text is empty where there is nothing to say.

    Parameters
    ----------
    figure : str
        What was measured.
    goal : str
        What it should be.
    measured : str
        With its unit.
    baseline : str
        The bare equivalent, measured in the same run.
    ratio : str
        Of the measured to the baseline.
    """

    figure: str
    goal: str
    measured: str
    baseline: str = ""
    ratio: str = ""


def print_table(rows: Iterable[Row]) -> None:
    """Print rows below a heading, columns aligned."""
    table = [tuple(name for name in Row._fields), *rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    table.insert(1, tuple("-" * width for width in widths))
    for line in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
