"""The map of the city in the README: districts, streets and sensors of the pack."""

from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

from zenata.city.pack import load_city

TARGET = Path(__file__).parents[1] / "docs/city.png"


def main() -> None:
    """Draw the map."""
    mpl.use("Agg")
    city = load_city()
    kinds = sorted({sensor.kind for sensor in city.sensors})
    colours = dict(zip(kinds, plt.colormaps["tab20"](np.linspace(0, 1, len(kinds))), strict=True))
    figure, axes = plt.subplots(figsize=(9, 6), layout="constrained")
    for street in city.streets:
        axes.plot(*np.asarray(street.line).T, color="0.75", linewidth=0.6, zorder=1)
    for kind in kinds:
        at = np.array([(sensor.longitude, sensor.latitude) for sensor in city.sensors if sensor.kind == kind])
        axes.scatter(*at.T, s=3 if len(at) > 500 else 9, color=colours[kind], label=f"{kind} ({len(at):,})", zorder=2)
    axes.set_aspect(1 / np.cos(np.radians(city.sensors[0].latitude)))
    axes.set_axis_off()
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, fontsize=8, markerscale=2)
    figure.savefig(TARGET, dpi=110)


if __name__ == "__main__":
    main()
