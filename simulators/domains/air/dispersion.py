"""How street emissions spread: a sector-averaged Gaussian plume, precomputed by wind sector and stability."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zenata.city.model import Sensor, Street
from zenata.city.readings import FloatArray, IntArray

SECTORS = 16
"""Wind directions for which kernels are remaining; between two they are interpolated."""

STABILITIES = ("unstable", "neutral", "stable")

NEAR = 200.0
"""Distance under which a street is fine: its parts lie in different directions [m]."""

FINE, COARSE = 10.0, 100.0
"""Distance between the points that stand for a street near and far [m]."""

NEAREST = 15.0
"""Least distance at which a plume is computed [m]: nearer, a street is no point (default)."""

VEHICLE_WAKE = 3.0
"""Vertical spread that the vehicles themselves give [m] (default, near CALINE's)."""

METRES_A_DEGREE = 111_195.0


def vertical_spread(distance: FloatArray, stability: str) -> FloatArray:
    """Return the vertical spread of a plume [m] at `distance` [m].

    Briggs' urban formulas (1973, ATDL report 79), for Pasquill classes A-B, D and E-F.
    """
    if stability == "unstable":
        spread = 0.24 * distance * np.sqrt(1 + 0.001 * distance)
    elif stability == "neutral":
        spread = 0.14 * distance / np.sqrt(1 + 0.0003 * distance)
    else:
        spread = 0.08 * distance / np.sqrt(1 + 0.0015 * distance)
    return np.asarray(np.hypot(spread, VEHICLE_WAKE))


def sector_average(distance: FloatArray, width: FloatArray, stability: str) -> FloatArray:
    """Return concentration x wind speed / emission [m-2] of a source at the ground, averaged over a sector downwind.

    Turner (1970, Workbook of Atmospheric Dispersion Estimates), equation 5.18 at the ground.

    Parameters
    ----------
    distance : ndarray
        From the source [m].
    width : ndarray
        Of the sector [rad].
    stability : str
        One of `STABILITIES`.
    """
    return np.asarray(np.sqrt(2 / np.pi) / (vertical_spread(distance, stability) * width * distance))


class Plumes:
    """Concentrations at receptors from emissions of streets. Kernels are made when first needed, and remaining.

    Parameters
    ----------
    streets : sequence of Street
    receptors : sequence of Sensor
    """

    def __init__(self, streets: Sequence[Street], receptors: Sequence[Sensor]) -> None:
        self._shape = (len(receptors), len(streets))
        scale = METRES_A_DEGREE * np.array([np.cos(np.radians(streets[0].line[0][1])), 1.0])
        here = np.array([(sensor.longitude, sensor.latitude) for sensor in receptors]).reshape(-1, 2) * scale
        points = _points(streets, COARSE, scale), _points(streets, FINE, scale)
        first = np.unique(points[0].street, return_index=True)[1]
        distance = np.hypot(*np.moveaxis(points[0].position - here[:, None], 2, 0))
        near = np.minimum.reduceat(distance, first, axis=1) < NEAR
        chosen = np.nonzero(~near[:, points[0].street]), np.nonzero(near[:, points[1].street])
        receptor = np.concatenate([pair[0] for pair in chosen])
        position, street, weight, spacing = (
            np.concatenate([getattr(some, name)[pair[1]] for some, pair in zip(points, chosen, strict=True)])
            for name in ("position", "street", "weight", "spacing")
        )
        east, north = (position - here[receptor]).T
        self._pair = receptor * len(streets) + street
        self._direction = np.degrees(np.arctan2(east, north)) % 360
        distance = np.maximum(np.hypot(east, north), NEAREST)
        # A plume fills a sector; the stretch of a near street that a point stands for may fill more of the horizon
        width = np.maximum(2 * np.pi / SECTORS, 2 * np.arctan(spacing / 2 / distance))
        self._width = np.degrees(width)
        self._plume = {name: weight * sector_average(distance, width, name) for name in STABILITIES}
        self._kernels: dict[tuple[int, str], npt.NDArray[np.float32]] = {}

    def concentration(self, emission: FloatArray, direction: float, speed: float, stability: str) -> FloatArray:
        """Return the concentration at every receptor, shape (n_receptors,) [unit of emission m-3].

        Parameters
        ----------
        emission : ndarray, shape (n_streets,)
            Rate of each street [unit of emission s-1].
        direction : float
            Where the wind comes from, clockwise from north [deg].
        speed : float
            Of the wind [m/s].
        stability : str
            One of `STABILITIES`.
        """
        sector, part = divmod(direction / 360 * SECTORS, 1)
        rate = emission.astype(np.float32)
        before, after = (
            self._kernel(int(sector) % SECTORS, stability),
            self._kernel(int(sector + 1) % SECTORS, stability),
        )
        # Not `@`: BLAS adds in an order that depends on the cores of the machine
        level = np.einsum("ij,j->i", before, rate) * (1 - part) + np.einsum("ij,j->i", after, rate) * part
        return np.asarray(level / speed, dtype=np.float64)

    def _kernel(self, sector: int, stability: str) -> npt.NDArray[np.float32]:
        """Return the kernel of a wind sector and a stability, shape (n_receptors, n_streets)."""
        key = (sector, stability)
        if key not in self._kernels:
            away = np.abs((self._direction - sector * 360 / SECTORS + 180) % 360 - 180)
            rate = np.maximum(1 - away / self._width, 0) * self._plume[stability]
            kernel = np.bincount(self._pair, rate, self._shape[0] * self._shape[1])
            self._kernels[key] = kernel.reshape(self._shape).astype(np.float32)
        return self._kernels[key]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Points:
    """Points along streets, shape (n,): where they are [m] (n, 2), their street, their share of it, the spacing [m]."""

    position: FloatArray
    street: IntArray
    weight: FloatArray
    spacing: FloatArray


def _points(streets: Sequence[Street], spacing: float, scale: FloatArray) -> _Points:
    """Return points about every `spacing` [m] along the streets; `scale` is the metres in a degree east and north."""
    counts = np.array([max(1, round(street.length / spacing)) for street in streets], dtype=np.int64)
    positions = []
    for street, count in zip(streets, counts, strict=True):
        line = np.array(street.line) * scale
        along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
        at = (np.arange(count) + 0.5) / count * along[-1]
        positions.append(np.stack([np.interp(at, along, line[:, 0]), np.interp(at, along, line[:, 1])], axis=1))
    return _Points(
        position=np.concatenate(positions),
        street=np.repeat(np.arange(len(streets)), counts),
        weight=np.repeat(1 / counts, counts),
        spacing=np.full(counts.sum(), spacing),
    )
