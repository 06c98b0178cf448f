"""Exhibits: the truth of one seed beside the answers and commands of a service, for the report of its trial.

Pure functions over a `Run`. A challenge names its own in `Challenge.exhibit`; `general` serves those that name none.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from math import cos, hypot, radians

import numpy as np
import numpy.typing as npt

from zenata.city.clock import SECOND, time_of
from zenata.city.model import City, Sensor
from zenata.city.quantities import QUANTITIES
from zenata.city.readings import FloatArray
from zenata.contract.reports import Chart, Curve, Detection, Exhibit, HiddenEvent, Place, Verdict
from zenata.trials.challenge import Challenge, Occurrence, Run

log = logging.getLogger(__name__)

MAX_DETECTIONS = 500
"""Detections of a seed that an exhibit holds (default): a service may give 100,000 answers."""

MAX_CHARTS = 3
"""Charts of a general exhibit (default)."""

MAX_WITNESSES = 2
"""Sensors whose readings an exhibit shows beside the truth (default)."""

_DIGITS = 5  # significant ones of a value in a chart


def exhibit_of(challenge: Challenge, run: Run) -> Exhibit:
    """Return what the report shows of one seed of a challenge; nothing but times if that fails, which no service can help."""
    try:
        return (challenge.exhibit or general)(run)
    except Exception:
        log.exception("the exhibit of %s failed", challenge.name)
        return exhibit(run)


def exhibit(
    run: Run,
    *,
    events: Sequence[HiddenEvent] = (),
    detections: Iterable[tuple[int, str, bool]] = (),
    charts: Sequence[Chart] = (),
    places: Mapping[str, Verdict] | None = None,
) -> Exhibit:
    """Return an exhibit of a run.

    Parameters
    ----------
    run : Run
    events : sequence of HiddenEvent
    detections : iterable of (int, str, bool)
        Step, target, and whether it is a hit.
    charts : sequence of Chart
    places : mapping of str to str
        Verdict by street or sensor; from `events` and `detections` if left out.
    """
    found = sorted(set(detections))
    if places is None:
        places = {target: one.verdict for one in events for target in one.targets}
        places = {**{target: "false" for _, target, hit in found if not hit}, **places}
    shown = found[:MAX_DETECTIONS]
    return Exhibit(
        start=time_of(run.begin),
        end=time_of(int(run.times[-1])),
        every=run.step / SECOND,
        events=list(events),
        detections=[
            Detection(time=time_of(int(run.times[step])), target=target, hit=hit) for step, target, hit in shown
        ],
        more=len(found) - len(shown),
        charts=list(charts),
        places=_places(run.city, places),
    )


def hidden(run: Run, found: Mapping[str, int] | None = None, sought: str = "") -> list[HiddenEvent]:
    """Return the hidden events that lasted while answers counted.

    Parameters
    ----------
    run : Run
    found : mapping of str to int
        The step in which one was found, by the event's id; None where nothing is to be found.
    sought : str
        How the types of events begin that are to be found.
    """
    steps = found or {}

    def verdict(one: Occurrence) -> Verdict:
        if found is None or not one.type.startswith(sought):
            return "hidden"
        if one.id in found:
            return "hit"
        return "missed" if one.evidence else "hidden"  # what no sensor could show was not missed

    return [
        HiddenEvent(
            type=one.type,
            targets=list(one.targets[:100]),
            start=time_of(one.start),
            end=time_of(min(one.end, int(run.times[-1]))),
            verdict=verdict(one),
            found=time_of(int(run.times[steps[one.id]])) if one.id in steps else None,
            trace=None if (trace := first_trace(run, one)) is None else time_of(trace),
        )
        for one in run.occurrences
        if one.end > run.begin and one.start < run.times[-1]
    ]


def first_trace(run: Run, one: Occurrence) -> int | None:
    """Return when an event could first be seen [us since the Unix epoch], or None if that is not known.

    By the truth labels where the challenge asks for them. Of a fault of a sensor, else, the first reading of it that is further
    from the truth than any before the fault, or that is missing where none was missing before.
    """
    if one.trace is not None or not one.type.startswith("sensor_"):
        return one.trace
    before, during = run.times < one.start, run.lasts(one)
    seen: list[int] = []
    for name, table in run.readings.items():
        for target in set(one.targets).intersection(table.sensors):
            column = table.sensors.index(target)
            missing = np.isnan(table.values[:, column])
            apart = np.abs(table.values[:, column] - run.truth[name].values[:, column])
            usual = np.nanmax(apart[before], initial=0.0) if before.any() else 0.0
            odd = during & ((apart > usual) | (missing & (not missing[before].any())))
            seen.extend(run.times[odd][:1].tolist())
    return min(seen, default=None)


def witnesses(run: Run, events: Iterable[Occurrence], name: str = "") -> list[Chart]:
    """Return the truth beside the readings of a sensor, for the first events that a sensor was near to.

    Parameters
    ----------
    run : Run
    events : iterable of Occurrence
    name : str
        Property that is shown; if left out, of each sensor the one whose readings depart most from the truth.
    """
    tables = {key: table for key, table in run.readings.items() if name in ("", key)}
    reporting = {sensor for table in tables.values() for sensor in table.sensors}
    found = [sensor for event in events if (sensor := _witness(run.city, event.targets, reporting)) is not None]
    charts = []
    for sensor in list(dict.fromkeys(found))[:MAX_WITNESSES]:
        pairs = {
            key: [table.values[run.first :, table.sensors.index(sensor)] for table in (read, run.truth[key])]
            for key, read in tables.items()
            if sensor in read.sensors
        }
        key = max(pairs, key=lambda key: _departure(*pairs[key]))
        unit = QUANTITIES[key].unit if key in QUANTITIES else ""
        charts.append(chart(key, unit, dict(zip(("reading", "truth"), pairs[key], strict=True)), sensor))
    return charts


def _witness(city: City, targets: Sequence[str], sensors: AbstractSet[str]) -> str | None:
    """Return the sensor that is a target, stands in a street that is one, or is nearest to its middle; None of a district."""
    for target in targets:
        if target in sensors:
            return target
    street = next((one for one in city.streets if one.id in targets), None)
    there = [one for one in city.sensors if one.id in sensors]
    if street is None or not there:
        return None
    longitude, latitude = street.line[len(street.line) // 2]
    shrink = cos(radians(latitude))  # equirectangular: the city is small

    def rank(one: Sensor) -> tuple[bool, float]:
        away = hypot((one.longitude - longitude) * shrink, one.latitude - latitude)
        return one.attributes.get("street") != street.id, away

    return min(there, key=rank).id


def _departure(reading: FloatArray, truth: FloatArray) -> float:
    """Return how far readings depart from the truth, in standard deviations of the truth; 0 where nothing was read."""
    known: npt.NDArray[np.bool_] = np.isfinite(reading) & np.isfinite(truth)
    if not known.any():
        return 0.0
    return float(np.abs(reading - truth)[known].mean() / max(float(truth[known].std()), 1e-9))


def chart(name: str, unit: str, curves: Mapping[str, FloatArray], of: str = "") -> Chart:
    """Return a chart of curves by name, shape (n_steps,) each: of the steps that count."""
    return Chart(name=name, unit=unit, of=of, curves=[Curve(name=one, values=listed(v)) for one, v in curves.items()])


def listed(values: FloatArray) -> list[float | None]:
    """Return values as JSON has them, rounded, with None for what is not known."""
    return [float(f"{value:.{_DIGITS}g}") if np.isfinite(value) else None for value in values.tolist()]


def general(run: Run) -> Exhibit:
    """Return what can be shown of any challenge: hidden events, and what commands have changed."""
    events = hidden(run)
    changed = [] if run.truth is run.without else [name for name in run.truth if not _same(run, name)]
    both = {"with": run.truth, "without": run.without}
    charts = [
        chart(
            name,
            QUANTITIES[name].unit if name in QUANTITIES else "",
            {kind: _mean(tables[name].values[run.first :]) for kind, tables in both.items()},
        )
        for name in changed[:MAX_CHARTS]
    ]
    return exhibit(run, events=events, charts=charts)


def _same(run: Run, name: str) -> bool:
    return bool(np.array_equal(run.truth[name].values, run.without[name].values, equal_nan=True))


def _mean(values: FloatArray) -> FloatArray:
    """Return the mean over sensors, NaN where none is known, shape (n_steps,)."""
    known: npt.NDArray[np.bool_] = np.isfinite(values)
    with np.errstate(invalid="ignore"):
        return np.asarray(
            np.where(known, values, 0.0).sum(axis=1) / np.where(known.any(axis=1), known.sum(axis=1), np.nan)
        )


def _places(city: City, verdicts: Mapping[str, Verdict]) -> list[Place]:
    streets = {street.id: street.line for street in city.streets if street.id in verdicts}
    places = []
    for target, verdict in verdicts.items():
        if target in streets:
            line = list(streets[target])
        elif (sensor := city.sensor_by_id.get(target)) is not None:
            line = [(sensor.longitude, sensor.latitude)]
        else:
            continue  # a district, or what is nowhere
        places.append(Place(target=target, line=line, verdict=verdict))
    return places
