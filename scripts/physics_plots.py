"""The look of the plots of `docs/physics/`: one style, weeks and days along the x axis, files that come out the same."""

import io
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from scripts.physics_runs import Week
from zenata.city.readings import FloatArray

FOLDER = Path(__file__).parents[1] / "docs/physics"

BLUE, ORANGE, GREEN, RED, GREY = "#1f5a8c", "#d9822b", "#3a7d44", "#b3392f", "#8a8f94"
KNOWN: dict[str, Any] = {"color": "black", "linewidth": 0.9, "linestyle": (0, (4, 2))}
"""How what is known, or what theory says, is drawn."""

BAND: dict[str, Any] = {"color": "#f0c987", "alpha": 0.45, "linewidth": 0}
"""How a range that is known is drawn."""

STYLE: Any = {
    "svg.hashsalt": "zenata",
    "svg.fonttype": "none",
    "path.simplify_threshold": 0.4,
    "font.size": 8.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#555555",
    "axes.linewidth": 0.7,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e3e5e8",
    "grid.linewidth": 0.6,
    "xtick.color": "#555555",
    "ytick.color": "#555555",
    "xtick.labelcolor": "black",
    "ytick.labelcolor": "black",
    "lines.linewidth": 1.1,
    "legend.frameon": False,
    "legend.fontsize": 8,
}

QUARTERS: FloatArray = (np.arange(672) + 0.5) / 96
"""The middles of a week's quarters of an hour [d]."""


def panels(rows: int, title: str, height: float = 1.75) -> tuple[Figure, list[Axes]]:
    """Return a figure with panels one above the other."""
    mpl.rcParams.update(STYLE)
    figure, axes = plt.subplots(rows, 1, figsize=(7.6, 0.55 + height * rows), squeeze=False, layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontsize=9.5, fontweight="bold")
    return figure, list(axes[:, 0])


def label(
    axis: Axes, unit: str, low: float | None = 0.0, high: float | None = None, columns: int = 4, markers: float = 1.0
) -> None:
    """Name the y axis, set its range, and put the legend above the panel, its markers as much larger."""
    axis.set_ylabel(unit)
    axis.set_ylim(low, high)
    if axis.get_legend_handles_labels()[0]:
        axis.legend(
            loc="lower left",
            bbox_to_anchor=(0, 0.98),
            ncols=columns,
            borderaxespad=0.1,
            columnspacing=1.4,
            markerscale=markers,
        )


def week_axis(axis: Axes, week: Week) -> None:
    """Let the x axis be a week, its days named in their middle."""
    days = [week.start + timedelta(days=number) for number in range(7)]
    axis.set_xlim(0, 7)
    axis.set_xticks(range(8), [""] * 8)
    axis.set_xticks(np.arange(7) + 0.5, [f"{day:%a} {day.day} {day:%b}" for day in days], minor=True)
    axis.tick_params(axis="x", which="minor", length=0)


def day_axis(axis: Axes) -> None:
    """Let the x axis be the hours of a day."""
    axis.set_xlim(0, 24)
    axis.set_xticks(range(0, 25, 3))
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.set_xlabel("local time [h]")


def hourly(series: FloatArray) -> FloatArray:
    """Return hourly means of a week's quarters."""
    return np.asarray(series.reshape(168, 4, *series.shape[1:]).mean(axis=1))


def draw(axis: Axes, series: FloatArray, name: str, color: str, **more: Any) -> None:  # noqa: ANN401 - matplotlib's
    """Draw a week of quarters or hours of an hour."""
    steps = len(series)
    axis.plot((np.arange(steps) + 0.5) * 7 / steps, series, color=color, label=name, **more)


def spread(axis: Axes, series: FloatArray, name: str, color: str) -> None:
    """Draw the range that nine tenths of a week's columns lie in, and their median."""
    low, middle, high = np.percentile(series, (5, 50, 95), axis=1)
    x: npt.NDArray[np.float64] = (np.arange(len(series)) + 0.5) * 7 / len(series)
    axis.fill_between(x, low, high, color=color, alpha=0.2, linewidth=0)
    axis.plot(x, middle, color=color, label=name)


def save(figure: Figure, name: str, folder: Path = FOLDER) -> None:
    """Write the file, the same bytes whenever it is written."""
    folder.mkdir(exist_ok=True)
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None}, facecolor="white")
    plt.close(figure)
    short = re.sub(
        r' d="[^"]*"', lambda path: re.sub(r"\d+\.\d+", _rounded, path[0]).replace("\n", ""), text.getvalue()
    )
    short = re.sub(r"font-family: [^;\"]*", "font-family: 'DejaVu Sans', Verdana, sans-serif", short)
    (folder / f"{name}.svg").write_text(short, encoding="utf-8")


def _rounded(number: re.Match[str]) -> str:
    """Return a coordinate to a tenth of a point."""
    return f"{float(number[0]):.1f}".removesuffix(".0")
