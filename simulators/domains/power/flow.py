"""Power flow of a medium-voltage grid, by Newton's method in power-grid-model.

Every part is symmetrical, so one phase stands for three. A station that no closed cable reaches is dead.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from power_grid_model import ComponentType, DatasetType, LoadGenType, PowerGridModel, WindingType, initialize_array
from power_grid_model.errors import PowerGridError  # type: ignore[attr-defined] # it is re-exported without a word

from simulators.domains.power.network import Layout
from zenata.city.readings import FloatArray, IntArray

HIGH, MEDIUM, LOW = 60_000.0, 20_000.0, 400.0
"""Rated voltages, line to line [V]: Moroccan practice at 60/20 kV, and IEC 60038."""

SHORT_CIRCUIT = 1.5e9
"""Power of the 60 kV network behind a substation [VA] (default)."""

CABLE_R, CABLE_X, CABLE_C = 0.125, 0.112, 0.304e-6
"""Of a cable of 240 mm2 aluminium, 12/20 kV (NA2XS2Y): resistance at 20 Cel of IEC 60228 [ohm/km], reactance [ohm/km] and
capacitance [F/km] of the standard type of the same name in pandapower (doi:10.1109/TPWRS.2018.2829021)."""

CABLE_RATING = 421.0
"""Current that such a cable carries for good [A], of the same standard type."""

STATION_SECONDARY = 410.0
"""Voltage of a station's transformer without load [V]: 2.5 % above the rated one, against its own drop (default)."""

STATION_RATINGS = (100.0, 160.0, 250.0, 400.0, 630.0, 800.0, 1000.0, 1250.0, 1600.0)
STATION_LOAD_LOSS = (1250.0, 1750.0, 2350.0, 3250.0, 4600.0, 6000.0, 7600.0, 9500.0, 12000.0)
STATION_IDLE_LOSS = (130.0, 189.0, 270.0, 387.0, 540.0, 585.0, 693.0, 855.0, 1080.0)
"""Losses [W] of transformers by rating [kVA], the most that Regulation (EU) 548/2014, annex I, table I.1 allows since 2021."""

SMALL_STATION, STATION_IMPEDANCE = 630.0, (0.04, 0.06)
"""Short-circuit voltage of stations up to that rating [kVA] and above (EN 50588-1)."""

SUBSTATION_IMPEDANCE, SUBSTATION_LOAD_LOSS, SUBSTATION_IDLE_LOSS = 0.12, 0.0045, 0.0006
"""Of a 60/20 kV transformer: short-circuit voltage, and losses over the rating (defaults)."""

MAGNETISING = 0.005
"""No-load current of a transformer over the rated one (default, but at least what its idle loss needs)."""

TAPS, TAP = 8, 0.0125
"""Steps of the tap changer either way from the middle, and the size of one over the rated voltage (default)."""


class DivergenceError(ArithmeticError):
    """There is no power flow: more is drawn than the grid can carry at any voltage."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Flow:
    """A solved power flow; zero where there is no voltage.

    Parameters
    ----------
    voltage : ndarray, shape (n_stations,)
        At each station's low-voltage bars, line to neutral [V].
    current : ndarray, shape (n_stations,)
        On the low-voltage side, in each phase [A].
    power : ndarray, shape (n_stations,)
        Active power given to the low-voltage side, negative when fed back [W].
    busbar : ndarray, shape (n_substations,)
        Voltage at the medium-voltage bars, over the rated one.
    infeed : ndarray, shape (n_substations,)
        Active power drawn from 60 kV [W].
    cable_current : ndarray, shape (n_stations,)
        In the cable that feeds each station [A].
    """

    voltage: FloatArray
    current: FloatArray
    power: FloatArray
    busbar: FloatArray
    infeed: FloatArray
    cable_current: FloatArray


class Grid:
    """The power flow of a lay-out.

    Nodes are, in order, the 60 kV bars and the 20 kV bars of substations, the 20 kV and the low-voltage bars of stations;
    transformers are those of stations, then those of substations.

    Parameters
    ----------
    layout : Layout

    Attributes
    ----------
    components : dict of ComponentType to ndarray
        The input of power-grid-model, with all switches closed and no load.
    """

    def __init__(self, layout: Layout) -> None:
        self._stations, self._roots = len(layout.upstream), len(layout.substation_rating)
        components = {
            ComponentType.node: self._nodes(),
            ComponentType.line: self._cables(layout),
            ComponentType.transformer: self._transformers(layout),
            ComponentType.source: self._sources(),
            ComponentType.sym_load: self._loads(),
        }
        first = 0
        for table in components.values():  # the numbers must not meet
            table["id"] = first + np.arange(len(table))
            first += len(table)
        self.components = components
        self._model = PowerGridModel(components, system_frequency=50.0)
        changing = (ComponentType.line, ComponentType.transformer, ComponentType.sym_load)
        self._update = {kind: initialize_array(DatasetType.update, kind, len(components[kind])) for kind in changing}
        for kind, table in self._update.items():
            table["id"] = components[kind]["id"]
        self._sent: list[bytes] = []  # which switches and taps the model has

    def solve(
        self,
        power: FloatArray,
        reactive: FloatArray,
        cables: npt.NDArray[np.bool_],
        transformers: npt.NDArray[np.bool_],
        taps: IntArray,
    ) -> Flow:
        """Return the power flow.

        Parameters
        ----------
        power, reactive : ndarray, shape (n_stations,)
            Drawn from the low-voltage side of each station [W], [var].
        cables, transformers : ndarray of bool, shape (n_stations,)
            Which are closed.
        taps : ndarray, shape (n_substations,)
            Positions of the tap changers, from -TAPS to TAPS; each step up lowers the voltage.

        Raises
        ------
        DivergenceError
            If no solution is found.
        """
        line, transformer, load = self._update.values()
        load["p_specified"], load["q_specified"] = power, reactive
        update = {ComponentType.sym_load: load}
        if (sent := [array.tobytes() for array in (cables, transformers, taps)]) != self._sent:
            line["from_status"] = line["to_status"] = cables
            transformer["from_status"][: self._stations] = transformer["to_status"][: self._stations] = transformers
            transformer["tap_pos"][self._stations :] = taps
            self._sent, update = sent, self._update
        self._model.update(update_data=update)
        outputs = (ComponentType.node, ComponentType.line, ComponentType.transformer)
        try:
            result = self._model.calculate_power_flow(output_component_types=list(outputs))
        except PowerGridError as exc:
            raise DivergenceError(str(exc)) from exc
        node, cable, transformed = (result[kind] for kind in outputs)
        return Flow(
            voltage=node["u"][2 * self._roots + self._stations :] / np.sqrt(3),
            current=transformed["i_to"][: self._stations],
            power=-transformed["p_to"][: self._stations],
            busbar=node["u_pu"][self._roots : 2 * self._roots],
            infeed=transformed["p_from"][self._stations :],
            cable_current=cable["i_from"],
        )

    def _nodes(self) -> npt.NDArray[Any]:
        table = initialize_array(DatasetType.input, ComponentType.node, 2 * (self._roots + self._stations))
        counts = (self._roots, self._roots, self._stations, self._stations)
        table["u_rated"] = np.repeat([HIGH, MEDIUM, MEDIUM, LOW], counts)
        return table

    def _cables(self, layout: Layout) -> npt.NDArray[Any]:
        table = initialize_array(DatasetType.input, ComponentType.line, self._stations)
        bars = self._roots + layout.substation
        table["from_node"] = np.where(layout.upstream < 0, bars, 2 * self._roots + layout.upstream)
        table["to_node"] = 2 * self._roots + np.arange(self._stations)
        table["from_status"] = table["to_status"] = 1
        kilometres = layout.length / 1000
        table["r1"], table["x1"], table["c1"] = CABLE_R * kilometres, CABLE_X * kilometres, CABLE_C * kilometres
        table["tan1"] = 0.0
        return table

    def _transformers(self, layout: Layout) -> npt.NDArray[Any]:
        table = initialize_array(DatasetType.input, ComponentType.transformer, self._stations + self._roots)
        station, root = np.arange(self._stations), np.arange(self._roots)
        table["from_node"] = np.concatenate([2 * self._roots + station, root])
        table["to_node"] = np.concatenate([2 * self._roots + self._stations + station, self._roots + root])
        table["from_status"] = table["to_status"] = 1
        table["u1"] = np.repeat([MEDIUM, HIGH], (self._stations, self._roots))
        table["u2"] = np.repeat([STATION_SECONDARY, MEDIUM], (self._stations, self._roots))
        table["sn"] = 1000 * np.concatenate([layout.rating, layout.substation_rating])
        small = np.where(layout.rating <= SMALL_STATION, *STATION_IMPEDANCE)
        table["uk"] = np.concatenate([small, np.full(self._roots, SUBSTATION_IMPEDANCE)])
        for column, losses, share in (
            ("pk", STATION_LOAD_LOSS, SUBSTATION_LOAD_LOSS),
            ("p0", STATION_IDLE_LOSS, SUBSTATION_IDLE_LOSS),
        ):
            own = np.interp(layout.rating, STATION_RATINGS, losses)
            table[column] = np.concatenate([own, share * 1000 * layout.substation_rating])
        table["i0"] = np.maximum(MAGNETISING, table["p0"] / table["sn"])
        table["winding_from"], table["winding_to"], table["clock"] = WindingType.delta, WindingType.wye_n, 11
        table["tap_side"] = table["tap_nom"] = table["tap_pos"] = 0
        table["tap_min"], table["tap_max"], table["tap_size"] = -TAPS, TAPS, TAP * table["u1"]
        return table

    def _sources(self) -> npt.NDArray[Any]:
        table = initialize_array(DatasetType.input, ComponentType.source, self._roots)
        table["node"], table["status"], table["u_ref"] = np.arange(self._roots), 1, 1.0
        table["sk"] = SHORT_CIRCUIT
        return table

    def _loads(self) -> npt.NDArray[Any]:
        table = initialize_array(DatasetType.input, ComponentType.sym_load, self._stations)
        table["node"] = 2 * self._roots + self._stations + np.arange(self._stations)
        table["status"], table["type"] = 1, LoadGenType.const_power
        table["p_specified"] = table["q_specified"] = 0.0
        return table
