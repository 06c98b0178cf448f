"""street-lighting: dim lamps as far as the lighting class of each street and hour allows.

A lamp saves what it draws less than a lamp at full light would, in each night (noon to noon, UTC) in which its stretch of
road is never darker than its class asks for; in any other it saves nothing, but still pays for what it draws more. Points are
100 times the kilowatt-hours saved beyond those of the lamps' own control, over those that an oracle saves beyond them.

Classes are of EN 13201-2, chosen by road and hour (defaults in the manner of CEN/TR 13201-1:2014). Lamps that fail are left out,
and one that is too old to reach its class must burn at full light.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from zenata.city.clock import SECOND
from zenata.city.model import City
from zenata.city.readings import FloatArray, IntArray
from zenata.contract.challenges import Factor
from zenata.contract.reports import Exhibit, Verdict
from zenata.trials import exhibits
from zenata.trials.challenge import DAY, Actions, Challenge, Policy, Run, Score, Setting, Step, Table, no_answers
from zenata.trials.exhibits import chart
from zenata.trials.needs import numbered
from zenata.trials.variants import planned

STEP = 900
"""Time between two commands [s]."""

LUX = {"motorway": (15.0, 10.0), "primary": (15.0, 10.0), "secondary": (10.0, 7.5), "residential": (7.5, 5.0)}
"""Mean illuminance by road, and in quiet hours [lx]: classes C3 and C4, C4 and C5, C5 and P4."""

QUIET = (23, 6)
"""Local hours between which streets are quiet (default)."""

NIGHT = (21, 5)
"""Local hours between which it is dark all year, when the naive policy and the reference command [h]."""

DRIVER, STANDBY = 0.06, 0.5
"""Share of the rated power that does not fall with dimming, and what a lamp that is off draws [W] (defaults of the city)."""

OLDEST, NEW = 15.0, 20.0
"""Light of an old and of a new lamp on the road at full power [lx] (of the city pack)."""

LAMPS = 3000
"""How many the city pack of Zenata has, for which this challenge is made."""

TOLERANCE = 1e-6
"""Share by which a road may be darker than its class, for rounding."""

TRUST = 0.85
"""Share of what its light sensor shows that the reference takes a lamp to give at least (default)."""

CARBON, TARIFF = 0.6, 1.2
"""Emissions [kg/kWh] and price [DH/kWh] of electricity (defaults)."""


def events(chance: Generator) -> tuple[Mapping[str, Any], ...]:
    """Return a light sensor or two that show too much."""
    lamps, fault = chance.integers(1, LAMPS + 1, 2).tolist(), {"property": "illuminance", "fault": "gain", "size": 0.5}
    return tuple(
        planned("sensor_fault", f"hidden-{number}", 3600, 4 * DAY, sensor=numbered("streetlight", lamp), **fault)
        for number, lamp in enumerate(dict.fromkeys(lamps))
    )


def required(city: City, lamps: tuple[str, ...], times: IntArray) -> FloatArray:
    """Return what the class of each lamp's street asks for at some times, shape (n_times, n_lamps) [lx]."""
    road = {street.id: street.road for street in city.streets}
    lux = np.array([LUX[road[str(city.sensor_by_id[lamp].attributes["street"])]] for lamp in lamps])
    return np.where(_in(_hours(city, times), QUIET)[:, None], lux[:, 1], lux[:, 0])


def power(dim: FloatArray, rated: FloatArray) -> FloatArray:
    """Return what lamps draw at a dimming level [W]."""
    return np.where(dim > 0, rated * (DRIVER + (1 - DRIVER) * dim), STANDBY)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Lamps:
    """What is true of the lamps of a seed.

    Parameters
    ----------
    rated : ndarray, shape (n_lamps,) [W]
    light : ndarray, shape (n_lamps,) [lx]
        On the road at full power.
    least : ndarray, shape (n_steps, n_lamps)
        Dimming level that the class asks for.
    required_lux : ndarray, shape (n_steps, n_lamps) [lx]
        What the class asks for, as far as the lamp reaches it.
    sound : ndarray of bool, shape (n_lamps,)
        Whether it never failed.
    """

    rated: FloatArray
    light: FloatArray
    least: FloatArray
    required_lux: FloatArray
    sound: npt.NDArray[np.bool_]


def _lamps(run: Run) -> _Lamps:
    """Read the lamps from the truth of the world without commands."""
    tables = run.without
    names, dim = tables["dim"].sensors, tables["dim"].values
    drawn, lux = tables["power"].values, tables["illuminance"].values
    rated = np.array([float(run.city.sensor_by_id[name].attributes["watts"]) for name in names])
    sound = np.asarray((np.abs(drawn - power(dim, rated)) < 1e-6).all(axis=0), dtype=np.bool_)
    midnight = run.times % (DAY * SECOND) == 0  # no daylight at all then
    light = np.median(lux[midnight] / np.maximum(dim[midnight], 1e-9), axis=0)
    light = np.where(sound, light, (OLDEST + NEW) / 2)
    daylight = np.median((lux - light * dim)[:, sound], axis=1)[:, None]
    required_lux = np.minimum(required(run.city, names, run.times), light + daylight)
    return _Lamps(
        rated=rated,
        light=light,
        least=np.clip((required_lux - daylight) / light, 0.0, 1.0),
        required_lux=required_lux,
        sound=sound,
    )


def _saved(run: Run, lamps: _Lamps, tables: Mapping[str, Table]) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Return what each lamp saves in each night [kWh], and whether it is lit as required, shape (n_nights, n_lamps) each."""
    dark = tables["illuminance"].values < lamps.required_lux * (1 - TOLERANCE)
    spared = power(np.where(lamps.least > 0, 1.0, 0.0), lamps.rated) - tables["power"].values
    noon = run.times[run.first :] % (DAY * SECOND) == DAY * SECOND // 2
    steps = slice(run.first + int(noon.argmax()) + 1, None)  # a night that had begun is nobody's
    night = (run.times[steps] + DAY * SECOND // 2 - 1) // (DAY * SECOND)
    begin = np.flatnonzero(np.diff(night, prepend=night[0] - 1))
    lit = ~np.logical_or.reduceat(dark[steps], begin, axis=0)
    energy = np.add.reduceat(spared[steps], begin, axis=0) * (STEP / 3600 / 1000)
    return np.where(lit, energy, np.minimum(energy, 0.0))[:, lamps.sound], lit[:, lamps.sound]


def score(run: Run) -> Score:
    """Return the score of one seed."""
    lamps = _lamps(run)
    ideal = {
        "power": Table(sensors=run.truth["power"].sensors, values=power(lamps.least, lamps.rated)),
        "illuminance": Table(sensors=run.truth["power"].sensors, values=lamps.required_lux),
    }
    saved, lit = _saved(run, lamps, run.truth)
    idle, lit_idle = _saved(run, lamps, run.without)
    best, _ = _saved(run, lamps, ideal)
    drawn = [tables["power"].values[run.first :].sum() * STEP / 3600 / 1000 for tables in (run.without, run.truth)]
    less = float(drawn[0] - drawn[1])
    gain = best.sum() - idle.sum()
    return Score(
        points=float(100 * (saved.sum() - idle.sum()) / gain) if gain > 0 else 0.0,
        measures={
            "saved": (float(saved.sum()), "kWh"),
            "lit_nights": (float(lit.mean()), "1"),
            "lit_nights_nothing": (float(lit_idle.mean()), "1"),
            "energy": (float(drawn[1]), "kWh"),
        },
        impact={"energy": (less, "kWh"), "carbon": (less * CARBON, "kg"), "money": (less * TARIFF, "DH")},
    )


def exhibit(run: Run) -> Exhibit:
    """Return what all lamps draw, with and without the commands and at best, and the lamps with a night too dark."""
    lamps = _lamps(run)
    drawn = {
        "with": run.truth["power"].values,
        "without": run.without["power"].values,
        "best": np.where(lamps.sound, power(lamps.least, lamps.rated), run.without["power"].values),
    }
    curves = {name: values[run.first :].sum(axis=1) / 1000 for name, values in drawn.items()}
    _, lit = _saved(run, lamps, run.truth)
    sound = np.array(run.truth["power"].sensors)[lamps.sound]
    places: dict[str, Verdict] = dict.fromkeys(sound[~lit.all(axis=0)].tolist(), "false")
    events = exhibits.hidden(run)
    places |= {target: one.verdict for one in events for target in one.targets}
    return exhibits.exhibit(run, events=events, charts=[chart("power", "kW", curves)], places=places)


def naive(setting: Setting) -> Policy:
    """Return the policy that dims every lamp, in the hours that are always dark, as if it were old."""

    def light(step: Step) -> FloatArray:
        after = np.array([step.time + STEP * SECOND])
        dark = _in(_hours(setting.city, after), NIGHT)[0]
        return np.full(len(step.readings["dim"].sensors), OLDEST if dark else np.nan)

    return _dimmed(setting, light)


def reference(setting: Setting) -> Policy:
    """Return the policy that dims every lamp while it burnt in the warm-up, by what its light sensor has shown then.

    A sensor may show some tenths too much, so little of it is believed, and no lamp is taken to be worse than an old one.
    """
    known: list[tuple[FloatArray, npt.NDArray[np.bool_], int]] = []

    def light(step: Step) -> FloatArray:
        if not known:
            day = slice(step.index + 1 - DAY // STEP, None)
            dim = np.nan_to_num(step.readings["dim"].values[day])
            lux = step.readings["illuminance"].values[day]
            hours = _hours(setting.city, step.time - STEP * SECOND * np.arange(len(dim))[::-1])
            at = _in(hours, NIGHT)[:, None] & (dim > 0)
            shown = np.nanmedian(np.where(at, lux, np.nan) / np.where(at, dim, 1.0), axis=0)
            burnt = np.all([np.roll(dim > 0, shift, axis=0) for shift in (-2, -1, 0, 1)], axis=0)
            known.append((np.clip(TRUST * np.nan_to_num(shown), OLDEST, NEW), burnt, step.index + 1 - DAY // STEP))
        seen, burnt, begin = known[0]
        return np.where(burnt[(step.index + 1 - begin) % (DAY // STEP)], seen, np.nan)

    return _dimmed(setting, light)


def oracle(setting: Setting) -> Policy:
    """Return the policy that gives every lamp the least level at each step."""
    lamps, names = _lamps(setting.known), setting.known.truth["dim"].sensors
    count = len(setting.known.times)

    def act(step: Step) -> Actions:
        after = lamps.least[min(step.index + 1, count - 1)]
        if step.index >= step.first and (after == lamps.least[step.index]).all():
            return Actions()
        return Actions(commands={name: {"dim": level} for name, level in zip(names, after.tolist(), strict=True)})

    return act


def _dimmed(setting: Setting, light: Callable[[Step], FloatArray]) -> Policy:
    """Return a policy that dims lamps by their light at full power [lx], and leaves those to themselves where it is NaN."""
    last: dict[str, float | None] = {}

    def act(step: Step) -> Actions:
        if step.index < step.first:
            return Actions()
        names, after = step.readings["dim"].sensors, np.array([step.time + STEP * SECOND])
        wanted = np.ceil(np.minimum(required(setting.city, names, after)[0] / light(step), 1.0) * 1e4) / 1e4
        levels = [None if np.isnan(level) else level for level in wanted.tolist()]
        commands = {name: {"dim": level} for name, level in zip(names, levels, strict=True) if last.get(name) != level}
        last.update(zip(names, levels, strict=True))
        return Actions(commands=commands)

    return act


def _hours(city: City, times: IntArray) -> IntArray:
    """Return the local hours of some times."""
    return np.array([datetime.fromtimestamp(time / SECOND, city.zone).hour for time in times.tolist()])


def _in(hours: IntArray, span: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """Return which hours lie in a span through midnight."""
    return np.asarray((hours >= span[0]) | (hours < span[1]))


CHALLENGE = Challenge(
    name="street-lighting",
    title="Street lighting",
    summary="Dim each street light as far as the lighting class of its street and hour allows.",
    kinds=("streetlight",),
    sensors={"streetlight": LAMPS},
    tick=STEP,
    step=STEP,
    warm_up=DAY,
    duration=3 * DAY,
    closed_loop=True,
    events=events,
    check=no_answers("street-lighting", "the setpoint dim of street lights"),
    score=score,
    policies={"naive": naive, "reference": reference, "oracle": oracle},
    exhibit=exhibit,
    factors=(
        Factor(name="carbon", value=CARBON, unit="kg/kWh", source="default"),
        Factor(name="tariff", value=TARIFF, unit="DH/kWh", source="default"),
    ),
)
