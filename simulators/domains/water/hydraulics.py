"""Steady flow of a water network, by the gradient method in EPANET 2.3.

A solution follows from its arguments alone: flows start again each time, so nothing of what was solved before stays
in it. The caller keeps the tanks.
"""

import ctypes
import os
import weakref
from dataclasses import dataclass
from typing import Any

import numpy as np
from epanet import toolkit

from simulators.domains.water.network import BoolArray, Network, wet_part
from zenata.city.readings import FloatArray

FULL_SERVICE = 20.0
"""Pressure under which customers get less than they want, none at zero, and as its square root between [m]
(Wagner, Shamir and Marks 1988, doi:10.1061/(ASCE)0733-9496(1988)114:3(276); the pressure is a default)."""

ACCURACY, TRIALS = 1e-4, 200
"""Sum of flow changes over the sum of flows at which a solution is found, a tenth of EPANET's default: water that stands
still in loops comes to no finer balance. And the trials allowed."""

FREEBOARD = 1.0
"""Between a tank's overflow and the top that EPANET knows, which it must not reach [m]."""

SQUARE_MILLIMETRES = 1e6
"""In a square metre."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plant:
    """What feeds a network: for each tank a source at a fixed head, and equal pumps side by side from it to the tank.

    Parameters
    ----------
    bottom, depth, area : ndarray, shape (n_tanks,)
        Of the tanks: elevation [m], level of the overflow above it [m], cross section [m2].
    source : ndarray, shape (n_tanks,)
        Head of the sources [m].
    pumps : int
        On each tank.
    rated : ndarray, shape (n_tanks,)
        Flow of each pump when its tank is half full [l/s].
    """

    bottom: FloatArray
    depth: FloatArray
    area: FloatArray
    source: FloatArray
    pumps: int
    rated: FloatArray


@dataclass(frozen=True, kw_only=True, slots=True)
class Solution:
    """A steady flow.

    Parameters
    ----------
    pressure : ndarray, shape (n_junctions,)
        As head above the ground [m].
    flow : ndarray, shape (n_pipes,)
        From start to end [l/s].
    inflow : ndarray, shape (n_tanks,)
        Into the tanks, less what flows out [l/s].
    pumped, delivered, leaked : float
        Out of the sources, to customers, and out of pipes, in all [l/s].
    """

    pressure: FloatArray
    flow: FloatArray
    inflow: FloatArray
    pumped: float
    delivered: float
    leaked: float


class Hydraulics:
    """A network in EPANET, freed with this object.

    Nodes there are junctions, tanks, sources; links are pipes, then pumps, those of a tank side by side. They are called
    ``node-0``, ``tank-0``, ``source-0``, ``pipe-0`` and ``pump-0-0`` there.

    Parameters
    ----------
    network : Network
    elevation : ndarray, shape (n_junctions,)
        Of the ground [m].
    diameter : ndarray, shape (n_pipes,)
        [mm]
    roughness : float
        Coefficient of Hazen and Williams.
    plant : Plant
    opened : bool
        Whether it is to be solved; before that more can be added to it.

    Attributes
    ----------
    project
        Handle of the toolkit.
    """

    def __init__(
        self,
        network: Network,
        elevation: FloatArray,
        diameter: FloatArray,
        roughness: float,
        plant: Plant,
        *,
        opened: bool = True,
    ) -> None:
        self._network = network
        self._tanks, self._junctions = len(plant.bottom), len(elevation)
        self._depth = plant.depth
        self.project = toolkit.createproject()
        weakref.finalize(self, toolkit.deleteproject, self.project)
        toolkit.init(self.project, os.devnull, "", toolkit.LPS, toolkit.HW)
        toolkit.setstatusreport(self.project, toolkit.NO_REPORT)
        toolkit.settimeparam(self.project, toolkit.DURATION, 0)
        toolkit.setoption(self.project, toolkit.ACCURACY, ACCURACY)
        toolkit.setoption(self.project, toolkit.TRIALS, TRIALS)
        toolkit.setdemandmodel(self.project, toolkit.PDA, 0.0, FULL_SERVICE, 0.5)
        self._add_nodes(elevation, plant)
        self._add_pipes(network, diameter, roughness)
        self._add_pumps(plant)
        self._nodes = toolkit.doubleArray(self._junctions + 2 * self._tanks)
        links = toolkit.getcount(self.project, toolkit.LINKCOUNT)
        self._links = toolkit.doubleArray(links)
        self._sent = {
            kind: np.full(links, np.nan) for kind in (toolkit.INITSTATUS, toolkit.LEAK_AREA, toolkit.LEAK_EXPAN)
        }
        if opened:
            toolkit.openH(self.project)

    def solve(
        self,
        *,
        demand: FloatArray,
        level: FloatArray,
        pumps: BoolArray,
        opened: BoolArray,
        leak: FloatArray,
        expansion: FloatArray,
    ) -> Solution:
        """Return the flow.

        A leak lets 0.6 (A + m h) (2 g h)**0.5 out at the pressure h: the modified orifice equation, also known as FAVAD
        (van Zyl, Lambert and Collins 2017, doi:10.1061/(ASCE)HY.1943-7900.0001346, equation 5), half of it at either end
        of its pipe. A pipe that is shut, at both ends, leaks nothing. Where no open way leads from a tank there is no water.

        Parameters
        ----------
        demand : ndarray, shape (n_junctions,)
            What customers want [l/s].
        level : ndarray, shape (n_tanks,)
            Of the tanks, above their bottom [m].
        pumps : ndarray of bool, shape (n_tanks * n_pumps,)
            Which run.
        opened : ndarray of bool, shape (n_pipes,)
            Which pipes are open.
        leak : ndarray, shape (n_pipes,)
            Area A of each pipe's leaks without pressure [m2].
        expansion : ndarray, shape (n_pipes,)
            What each metre of pressure adds to it, m [m].
        """
        project, first = self.project, self._junctions + 1
        wet, joined = wet_part(self._network, opened)
        carries = opened & wet[self._network.start]
        for node, value in enumerate((demand * wet[: first - 1]).tolist(), 1):
            toolkit.setnodevalue(project, node, toolkit.BASEDEMAND, value)
        for node, value in enumerate(np.clip(level, 1e-3, self._depth).tolist(), first):
            toolkit.setnodevalue(project, node, toolkit.TANKLEVEL, value)
        unit = SQUARE_MILLIMETRES * 100 / self._network.length * carries  # EPANET has it for 100 m of pipe
        self._set_link_values(toolkit.INITSTATUS, np.concatenate([joined, pumps]).astype(np.float64))
        self._set_link_values(toolkit.LEAK_AREA, leak * unit)
        self._set_link_values(toolkit.LEAK_EXPAN, expansion * unit)
        toolkit.initH(project, toolkit.INITFLOW)
        toolkit.runH(project)
        return self._read(wet, carries)

    def _set_link_values(self, kind: int, values: FloatArray) -> None:
        """Set what has changed of a property of the first links: telling EPANET takes longer than solving."""
        sent = self._sent[kind][: len(values)]
        changed = np.flatnonzero(values != sent)
        for link, value in zip(changed.tolist(), values[changed].tolist(), strict=True):
            toolkit.setlinkvalue(self.project, link + 1, kind, value)
        sent[changed] = values[changed]

    def _read(self, wet: BoolArray, carries: BoolArray) -> Solution:
        """Return the solution, zero at nodes without water and in pipes that are shut."""
        pipes, tanks = len(self._network.length), slice(self._junctions, self._junctions + self._tanks)
        pressure, net, delivered, leaked = (
            self._node_values(kind)
            for kind in (toolkit.PRESSURE, toolkit.DEMAND, toolkit.DEMANDFLOW, toolkit.LEAKAGEFLOW)
        )
        toolkit.getlinkvalues(self.project, toolkit.FLOW, self._links)
        return Solution(
            pressure=np.where(wet, pressure[: tanks.stop], 0.0)[: self._junctions],
            flow=np.where(carries, _view(self._links, pipes), 0.0),
            inflow=net[tanks],
            pumped=0.0 - float(net[tanks.stop :].sum()),
            delivered=float(delivered[: self._junctions].sum()),
            leaked=float(leaked[: self._junctions].sum()),
        )

    def _node_values(self, kind: int) -> FloatArray:
        toolkit.getnodevalues(self.project, kind, self._nodes)
        return _view(self._nodes, self._junctions + 2 * self._tanks).copy()

    def _add_nodes(self, elevation: FloatArray, plant: Plant) -> None:
        for number, height in enumerate(elevation.tolist()):
            node = toolkit.addnode(self.project, f"node-{number}", toolkit.JUNCTION)
            toolkit.setjuncdata(self.project, node, height, 0.0, "")
        diameter = np.sqrt(4 / np.pi * plant.area)
        for number, (bottom, depth, across) in enumerate(zip(plant.bottom, plant.depth, diameter, strict=True)):
            node = toolkit.addnode(self.project, f"tank-{number}", toolkit.TANK)
            toolkit.settankdata(self.project, node, bottom, depth / 2, 0.0, depth + FREEBOARD, across, 0.0, "")
        for number, head in enumerate(plant.source.tolist()):
            node = toolkit.addnode(self.project, f"source-{number}", toolkit.RESERVOIR)
            toolkit.setnodevalue(self.project, node, toolkit.ELEVATION, head)

    def _add_pipes(self, network: Network, diameter: FloatArray, roughness: float) -> None:
        names = [f"node-{number}" for number in range(self._junctions)]
        names += [f"tank-{number}" for number in range(self._tanks)]
        for number, (start, end) in enumerate(zip(network.start, network.end, strict=True)):
            pipe = toolkit.addlink(self.project, f"pipe-{number}", toolkit.PIPE, names[start], names[end])
            length = float(network.length[number])
            toolkit.setpipedata(self.project, pipe, length, float(diameter[number]), roughness, 0.0)

    def _add_pumps(self, plant: Plant) -> None:
        """Add pumps with EPANET's curve through one point: a third more lift at rest, twice the flow without lift."""
        lift = plant.bottom + plant.depth / 2 - plant.source
        for tank in range(self._tanks):
            toolkit.addcurve(self.project, f"curve-{tank}")
            toolkit.setcurvevalue(self.project, tank + 1, 1, float(plant.rated[tank]), float(lift[tank]))
            for number in range(plant.pumps):
                name = f"pump-{tank}-{number}"
                pump = toolkit.addlink(self.project, name, toolkit.PUMP, f"source-{tank}", f"tank-{tank}")
                toolkit.setheadcurveindex(self.project, pump, tank + 1)


def _view(values: Any, count: int) -> FloatArray:  # noqa: ANN401 - the toolkit has no types
    """Return an array over the memory of a toolkit's array: reading it element by element takes a microsecond each."""
    return np.ctypeslib.as_array((ctypes.c_double * count).from_address(int(values.cast())))
