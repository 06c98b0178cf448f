"""Draws how costs grow, from what ``python -m benchmarks scaling --json FILE`` has written: ``docs/performance/scaling.svg``.

Usage: python -m scripts.plot_scaling [FILE]; without one, the newest of ``benchmarks/results``.
"""

import re
import sys
from collections import defaultdict
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import msgspec

from scripts.physics_plots import BLUE, GREEN, ORANGE, STYLE, save

ROOT = Path(__file__).parents[1]
RESULTS, DRAWINGS = ROOT / "benchmarks/results", ROOT / "docs/performance"

_FIGURE = re.compile(r"(?P<what>.+), (?P<size>[\d,]+) (?P<axis>sensors|stored readings|listeners)")
_MEASURED = re.compile(r"(?P<value>[\d.e+-]+) (?P<unit>\S+)")


class Figure(msgspec.Struct):
    """A row of a benchmark, as `benchmarks.table.Row` has it."""

    figure: str
    measured: str


class Results(msgspec.Struct):
    """What a run of benchmarks has measured."""

    version: str
    time: str
    figures: list[Figure]


Curves = dict[str, dict[tuple[str, str], list[tuple[int, float]]]]
"""Size and value of each point, by axis, and by what was measured and its unit."""


def curves(results: Results) -> Curves:
    """Return the curves that results hold; other figures are left out."""
    found: Curves = defaultdict(lambda: defaultdict(list))
    for row in results.figures:
        figure, measured = _FIGURE.fullmatch(row.figure), _MEASURED.fullmatch(row.measured)
        if figure and measured:
            size = int(figure["size"].replace(",", ""))
            found[figure["axis"]][figure["what"], measured["unit"]].append((size, float(measured["value"])))
    return found


def draw(results: Results, folder: Path = DRAWINGS) -> None:
    """Write the drawing: a panel for each axis, both logarithmic."""
    mpl.rcParams.update(STYLE)
    drawn = curves(results)
    figure, axes = plt.subplots(1, len(drawn), figsize=(3.2 * len(drawn), 3.0), squeeze=False, layout="constrained")
    for panel, (axis, lines) in zip(axes[0], drawn.items(), strict=True):
        for ((what, unit), points), color in zip(lines.items(), (BLUE, ORANGE, GREEN), strict=False):
            sizes, values = zip(*points, strict=True)
            panel.loglog(sizes, values, "o-", color=color, markersize=3, label=f"{what} [{unit}]")
        panel.set_xlabel(axis)
        panel.legend(fontsize=6.5, loc="upper left")
        low, high = panel.get_ylim()
        panel.set_ylim(low, high * 30)  # room for the legend
    save(figure, "scaling", folder)


def main() -> None:
    """Draw the results of a file."""
    files = [Path(name) for name in sys.argv[1:]] or sorted(RESULTS.glob("scaling-*.json"))[-1:]
    if not files:
        sys.exit(
            f"no results in {RESULTS}: run `make bench ARGS='scaling --json {RESULTS.name}/scaling-VERSION.json'` first"
        )
    draw(msgspec.json.decode(files[0].read_bytes(), type=Results))


if __name__ == "__main__":
    main()
