"""Analyses of weather, grids and services: the first that an engineer of each field would run, as plots and figures."""

from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from scripts import physics_plots as look
from scripts.physics_runs import MINUTE, QUARTER, SEED, SKY, attribute, people, run
from simulators.domains.base import centre, sensors_of
from simulators.domains.bus.domain import Bus, BusParameters
from simulators.domains.streetlight import CLASS_LUX, failures
from simulators.domains.water.domain import design_of
from simulators.domains.weather.field import site_positions
from simulators.domains.weather.generator import CLOUD_WIND, COLUMNS, SLOTS, generate, normals_of
from simulators.networks import streets, water
from simulators.world.conditions import TICK, Conditions
from simulators.world.parameters import read_table
from zenata.city.clock import SECOND
from zenata.city.model import City
from zenata.city.readings import FloatArray

SPRING = ("2026-04-05T23:00Z", "2026-05-10T23:00Z")
"""Five weeks of which the spectra of roofs are taken."""

DAYS = ("2026-04-08T10:00Z", "2026-04-15T10:00Z", "2026-05-06T10:00Z", "2026-10-07T10:00Z", "2026-10-14T10:00Z")
"""Beginnings of five hours round noon, on which ramps are looked at."""


class Figure(NamedTuple):
    """A simulated figure beside the real one and its source; both are empty where none is known."""

    simulated: str
    known: str = ""
    source: str = ""


Values = dict[str, Figure]

WVM = "wavelet variability model of [Lave, Kleissl and Stein 2013](https://doi.org/10.1109/TSTE.2012.2205716)"
GUJARAT = "[Klima and Apt 2015](https://doi.org/10.1088/1748-9326/10/10/104001), plants in Gujarat"
HECHT = "22,200 stations in Germany, [Hecht et al. 2022](https://doi.org/10.1016/j.isci.2022.105634)"
TCQSM = "TCQSM, TCRP report 100, 2003, exhibit 3-30"
RECORD = "record of Casablanca, climatestotravel.com"
NIGHT_USE = "6 % of people are active, 10 l each: McKenzie 1999, WRC TT 109/99 (SANFLOW)"

NIGHT_LITRES = 0.6
"""What an inhabitant uses at home from 2 to 4 h [l/h]."""


def ramps(city: City) -> Values:
    """Draw how changes of the clear-sky index of roofs go together over distance, and how many roofs smooth them."""
    index, speed = _clear_sky_index(city)  # (days, minutes, roofs)
    roofs = [city.sensors[number] for number in sensors_of(city, "pv")]
    there = site_positions(roofs, *centre(city))
    away = np.hypot(*np.moveaxis(there[:, None] - there, 2, 0))
    upper = np.triu_indices(len(roofs), 1)
    edges = np.array([0, 100, 200, 400, 700, 1100, 1600, 2300, 3200, 4500])
    figure, (near, smooth) = look.panels(
        2, "Clouds: changes of the clear-sky index of 250 roofs, five cloudy noons", 2.0
    )
    found: Values = {}
    for minutes, color in ((1, look.RED), (5, look.ORANGE), (20, look.BLUE)):
        change = index[:, minutes:] - index[:, :-minutes]
        together = np.corrcoef(change.reshape(-1, len(roofs)).T)
        bins = np.digitize(away[upper], edges) - 1
        mean = [float(together[upper][bins == number].mean()) for number in range(len(edges) - 1)]
        near.plot((edges[:-1] + edges[1:]) / 2, mean, "o-", color=color, markersize=3, label=f"{minutes} min")
        beyond = np.exp(-np.array([150, 900, 2750]) / (speed / 2 * 60 * minutes))
        found[f"correlation of changes over {minutes} min at 150 m, 900 m and 2.7 km"] = Figure(
            ", ".join(f"{mean[number]:.2f}" for number in (1, 4, 7)), ", ".join(f"{one:.2f}" for one in beyond), WVM
        )
    near.axhline(0, color="black", linewidth=0.6)
    look.label(near, "correlation")
    near.set_xlabel("distance [m]")
    six = [int(np.argmin(np.hypot(*(there - place).T))) for place in np.linspace(there.min(0), there.max(0), 6)]
    spans = np.array([1, 2, 5, 10, 20, 40, 60])
    one, many = (
        np.array([float((some[:, span:] - some[:, :-span]).std()) for span in spans])
        for some in (index[:, :, six[0]], index[:, :, six].mean(axis=2))
    )
    smooth.plot(spans, one, "o-", color=look.RED, markersize=3, label="one roof")
    smooth.plot(spans, many, "o-", color=look.BLUE, markersize=3, label="mean of six")
    smooth.set_xscale("log")
    smooth.set_xlabel("span [min]")
    look.label(smooth, "standard deviation")
    look.save(figure, "ramps")
    apart = np.hypot(*np.moveaxis((there[six][:, None] - there[six]), 2, 0))
    less = [float(np.sqrt(np.exp(-apart / (speed / 2 * 60 * minutes)).mean())) for minutes in (1, 60)]
    found["changes of the mean of six roofs over those of one, 1 min and 60 min"] = Figure(
        f"{many[0] / one[0]:.2f}, {many[-1] / one[-1]:.2f}", f"{less[0]:.2f}, {less[1]:.2f}", WVM
    )
    return found


def spectra(city: City) -> Values:
    """Draw the power spectra of one roof, of twenty and of all, over five weeks in spring, a minute apart."""
    rows = [-domains["pv"].observe(now)[:, 0] for now, domains in run(city, (*SKY, "pv"), *SPRING, every=MINUTE)]
    power = np.array(rows) / attribute(city, "pv", "watts_peak")
    count = power.shape[1]
    figure, (axis,) = look.panels(1, "Roofs: spectrum of the power, five weeks of spring, a minute apart", 2.6)
    found: Values = {}
    for roofs, name, known in (
        (power[:, :: count // 12], "a roof", "1.23 to 1.56, single plants"),
        (power[:, :: count // 20].mean(axis=1, keepdims=True), "the mean of twenty roofs", "1.66, twenty plants"),
        (power.mean(axis=1, keepdims=True), "the mean of all roofs", ""),
    ):
        frequency, density = _spectrum(roofs)
        some = (frequency > 1 / 7200) & (frequency < 1 / 600)
        slope = float(np.polyfit(np.log(frequency[some]), np.log(density[some]), 1)[0])
        color = (look.RED, look.ORANGE, look.BLUE)[len(found)]
        axis.loglog(frequency * 3600, density / 3600, color=color, linewidth=0.8, label=f"{name}: f to the {slope:.2f}")
        found[f"spectrum of {name} between 2 h and 10 min: falls with the frequency to the power of"] = Figure(
            f"{-slope:.2f}", known, GUJARAT if known else ""
        )
    line = np.array([0.5, 20.0])
    axis.loglog(line, 0.004 * (line / 0.5) ** (-5 / 3), label="f to the -5/3", **look.KNOWN)
    axis.set_xlabel("frequency [1/h]")
    look.label(axis, "(kW/kW)² h", None, columns=2)
    look.save(figure, "spectra")
    return found


def _spectrum(series: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return frequencies [Hz] and the mean spectral density of columns a minute apart, by segments of two days (Welch 1967)."""
    length = 2 * 1440
    window = np.hanning(length)[:, None]
    segments = [series[start : start + length] for start in range(0, len(series) - length + 1, length // 2)]
    density = np.mean(
        [np.abs(np.fft.rfft((part - part.mean(axis=0)) * window, axis=0)) ** 2 for part in segments], axis=0
    ).mean(axis=1)
    density *= 2 * 60 / (window**2).sum()
    frequency = np.fft.rfftfreq(length, 60.0)
    edges = np.unique(np.geomspace(1, len(frequency) - 1, 120).astype(int))  # the finer the more are taken together
    smooth = np.array([density[a:b].mean() for a, b in pairwise(edges)])
    return np.sqrt(frequency[edges[:-1]] * frequency[edges[1:]]), smooth


def _clear_sky_index(city: City) -> tuple[FloatArray, float]:
    """Return that of all roofs, shape (n_days, n_minutes, n_roofs), and the mean speed of the clouds [m/s]."""
    days, wind = [], []
    for start in DAYS:
        end = start.replace("T10:00Z", "T15:00Z")
        rows = [(now.roof_clearness.copy(), now.wind_speed) for now, _ in run(city, SKY, start, end, every=MINUTE)]
        days.append([row[0] for row in rows])
        wind += [row[1] for row in rows]
    return np.array(days), CLOUD_WIND * float(np.mean(wind))


def seams(city: City) -> Values:
    """Draw the steps from quarter to quarter by the hour of UTC, and the hottest day of each of twenty years."""
    normals = normals_of(city)
    first, last = (int(np.datetime64(day, "D").astype(int)) for day in ("2020-01-01", "2039-12-31"))
    rows = generate(normals, SEED, first, last).rows
    slot = np.arange(1, len(rows)) % SLOTS
    figure, axes = look.panels(2, "Weather: steps from quarter to quarter by the hour of UTC, twenty years", 1.6)
    found: Values = {}
    for axis, (name, unit) in zip(axes, (("humidity", "%RH"), ("pressure", "hPa")), strict=True):
        steps = np.abs(np.diff(rows[:, COLUMNS.index(name)]))
        mean = np.bincount(slot, steps) / np.bincount(slot)
        axis.bar(np.arange(SLOTS) / 4, mean, width=0.2, color=look.BLUE, label="mean step")
        look.label(axis, unit)
        axis.set_xlabel("hour of UTC")
        axis.set_xticks(range(0, 25, 3))
        found[f"step of {name} at 00:00 UTC over that of the quarters around"] = Figure(
            f"{mean[0] / mean[[1, 2, -1, -2]].mean():.2f}", "1", "no instrument knows midnight"
        )
    look.save(figure, "seams")
    temperature, humidity = (rows[:-1, COLUMNS.index(name)] for name in ("temperature", "humidity"))
    hottest = temperature.reshape(-1, SLOTS).max(axis=1)
    found["hottest day of twenty years; a year's, median [Cel]"] = Figure(
        f"{hottest.max():.1f}; {np.median([year.max() for year in np.array_split(hottest, 20)]):.1f}", "40.5", RECORD
    )
    found["hours with air saturated to 99.5 % [%]"] = Figure(f"{100 * float((humidity >= 99.5).mean()):.1f}")
    return found


def night_flow(city: City) -> Values:
    """Draw the inflow of the city and of its areas in a week, and how much of the night's is lost."""
    inflow, leaked, drawn, homes = [], [], [], []
    network = water.graph(city)
    pipes = {
        area["id"]: [(int(one["pipe"].split("-")[1]), one["into"]) for one in area["border"]]
        for area in network.about["dma"]
    }
    zone = np.array([list(pipes).index(node["dma"]) for node in network.nodes if node["type"] == "junction"])
    design = design_of(city)
    uses, mean = design.parameters.uses, design.parts.sum(axis=(1, 2))
    living = np.array(["living" in use.categories for use in uses])
    for now, domains in run(city, (*SKY, "water"), "2026-06-07T23:00Z", "2026-06-14T23:00Z", every=QUARTER):
        arrays = domains["water"].arrays
        flow = arrays["flow"]
        inflow.append([sum(flow[pipe] * into for pipe, into in border) for border in pipes.values()])
        leaked.append(arrays["rates"][1:].copy())
        drawn.append(np.bincount(zone, arrays["demand"], len(pipes)))
        wanted = mean * [use.course(now) for use in uses]
        homes.append(wanted[living].sum() / wanted.sum())
    by_area, rates = np.array(inflow), np.array(leaked)
    figure, (whole, each, night_flows) = look.panels(
        3, "Water: supply of the city, inflow of metered areas, and their minimum night flow, a week in June", 1.8
    )
    whole.plot(look.QUARTERS, rates.sum(axis=1), color=look.BLUE, label="supplied")
    whole.fill_between(look.QUARTERS, 0, rates[:, 1], color=look.RED, alpha=0.3, linewidth=0, label="lost")
    look.label(whole, "l/s")
    for number, color in zip(
        np.argsort(-by_area.mean(axis=0))[[0, 3, 6, 9]], (look.BLUE, look.ORANGE, look.GREEN, look.RED), strict=True
    ):
        each.plot(look.QUARTERS, by_area[:, number], color=color, label=list(pipes)[number])
    look.label(each, "l/s")
    for axis in (whole, each):
        axis.set_xlim(0, 7)
        axis.set_xticks(range(8), [""] * 8)
        axis.set_xticks(np.arange(7) + 0.5, "Mon Tue Wed Thu Fri Sat Sun".split(), minor=True)
        axis.tick_params(axis="x", which="minor", length=0)
    night = np.tile((np.arange(96) >= 8) & (np.arange(96) < 16), 7)  # 2 to 4 h
    used = np.array(drawn)[night].mean(axis=0)
    names = sorted(range(len(pipes)), key=lambda number: list(pipes)[number])
    night_flows.bar(range(len(names)), used[names], color=look.BLUE, label="used from 2 to 4 h")
    lost = np.maximum(by_area[night].mean(axis=0) - used, 0.0)
    night_flows.bar(range(len(names)), lost[names], bottom=used[names], color=look.RED, alpha=0.5, label="lost then")
    expected = np.array([NIGHT_LITRES / 3600 * city.district_by_id[name].population for name in pipes])
    night_flows.plot(range(len(names)), expected[names], "k_", markersize=11, label="0.6 l/h for each inhabitant")
    night_flows.set_xticks(range(len(names)), [list(pipes)[number] for number in names], rotation=60, ha="right")
    look.label(night_flows, "l/s")
    look.save(figure, "night_flow")
    days = rates.sum(axis=1).reshape(7, 96).mean(axis=1)[:5]
    supplied = rates.sum(axis=1)
    use, at_home = 3600 * rates[night, 0] / people(city), np.array(homes)[night]
    return {
        "minimum night flow (2 to 4 h) over the mean supply": Figure(f"{supplied[night].mean() / supplied.mean():.2f}"),
        "share of the night flow that is lost": Figure(f"{rates[night, 1].mean() / supplied[night].mean():.2f}"),
        "used in homes then, for each inhabitant [l/h]": Figure(f"{(use * at_home).mean():.2f}", "0.6", NIGHT_USE),
        "used elsewhere then, for each inhabitant [l/h]": Figure(f"{(use * (1 - at_home)).mean():.2f}"),
        "night flow over the mean inflow, areas from lowest to highest": Figure(
            f"{np.min(by_area[night].mean(0) / by_area.mean(0)):.2f} to {np.max(by_area[night].mean(0) / by_area.mean(0)):.2f}"
        ),
        "coefficient of variation of five working days' supply [%]": Figure(
            f"{100 * days.std() / days.mean():.1f}", "3 to 5, of demand", "usual in forecasting studies, recalled"
        ),
    }


def sessions(city: City) -> Values:
    """Draw how long vehicles stay, what they draw, and what is missing when they leave, in two weeks of June."""
    count = len(sensors_of(city, "charger"))
    begin, start_energy, first = np.full(count, np.nan), np.zeros(count), np.zeros(count)
    stay, drawn, missing, which = [], [], [], []
    previous = np.zeros(count)
    for now, domains in run(city, (*SKY, "charger"), "2026-06-07T23:00Z", "2026-06-21T23:00Z", every=5 * MINUTE):
        _, energy, occupied, requested, _ = domains["charger"].observe(now).T
        hours = now.time / 3.6e9
        ends = (previous == 1) & (occupied == 0) & ~np.isnan(begin)
        stay += (hours - begin[ends]).tolist()
        drawn += (energy[ends] - start_energy[ends]).tolist()
        missing += first[ends].tolist()
        which += np.flatnonzero(ends).tolist()
        starts = (previous == 0) & (occupied == 1)
        begin[starts], start_energy[starts] = hours, energy[starts]
        begin[ends] = np.nan
        first[:], previous = requested, occupied
    figure, (left, right) = look.panels(2, "Chargers: sessions of two weeks in June", 1.6)
    left.hist(stay, bins=np.arange(0, 16, 0.5), color=look.GREEN, label="time plugged in [h]")
    right.hist(drawn, bins=np.arange(0, 60, 2), color=look.BLUE, label="energy drawn [kWh]")
    for axis in (left, right):
        look.label(axis, "sessions")
    look.save(figure, "sessions")
    fast = attribute(city, "charger", "watts")[which] > 43_000
    mean = [f"{np.array(drawn)[some].mean():.1f}" for some in (~fast, fast)]
    return {
        "sessions a charger and day": Figure(f"{len(stay) / count / 14:.2f}"),
        "energy of a session, mean, alternating and direct current [kWh]": Figure(
            ", ".join(mean), "up to 20, about 40", HECHT
        ),
        "time plugged in, median [h]": Figure(f"{np.median(stay):.1f}"),
        "sessions that leave with more than 1 kWh missing [%]": Figure(f"{100 * np.mean(np.array(missing) > 1):.0f}"),
    }


def lighting(city: City) -> Values:
    """Draw the light that streets require by the hour, and what their own clock gives."""
    edges = streets.streets(city).edges
    hours = np.arange(24)
    figure, (axis,) = look.panels(1, "Street lights: mean illuminance that classes require, by class of street", 2.0)
    for road, color in (("primary", look.RED), ("secondary", look.ORANGE), ("residential", look.BLUE)):
        required = np.mean(
            [[CLASS_LUX[name] for name in edge["lighting_class"]] for edge in edges if edge["road"] == road], axis=0
        )
        axis.step(hours, required, where="post", color=color, label=road)
    given = np.where((hours >= 23) | (hours < 5), 10.0, 20.0) * 0.875
    axis.step(hours, given, where="post", label="lamps of middle age on their own clock", **look.KNOWN)
    look.label(axis, "lx")
    look.day_axis(axis)
    look.save(figure, "lighting")
    lamps = len(attribute(city, "streetlight", "watts"))
    days = np.array([failures(SEED, 739_000 + day, lamps)[0] for day in range(365)])
    return {
        "lamps that fail in a year [%]": Figure(f"{100 * ((days[1:] > 0) & (days[:-1] == 0)).sum() / lamps:.1f}"),
        "lamps out of order on a mean day": Figure(f"{(days > 0).sum(axis=1).mean():.0f} of {lamps}"),
    }


def containers(city: City) -> Values:
    """Draw how unequally containers fill, and how full they are when emptied, in four weeks."""
    before, full, overflow, driven = None, [], 0.0, 0.0
    names = (*SKY, "waste")
    for now, domains in run(city, names, "2026-06-07T23:00Z", "2026-07-05T23:00Z", every=QUARTER):
        fill, _, beside = domains["waste"].observe(now).T
        if before is not None:
            emptied = (fill < before[0] - 0.05) | (beside < before[1])
            full += before[0][emptied].tolist()
            overflow += float(before[1][emptied].sum())
        before, driven = (fill.copy(), beside.copy()), float(domains["waste"].arrays["driven"][0])
    thrown = float(domains["waste"].arrays["totals"][0])
    figure, (axis,) = look.panels(1, "Waste: fill of containers when a truck empties them, four weeks", 1.8)
    axis.hist(full, bins=np.arange(0, 1.05, 0.05), color=look.ORANGE, label="containers emptied")
    look.label(axis, "count")
    axis.set_xlabel("fill")
    look.save(figure, "containers")
    return {
        "containers emptied when less than half full [%]": Figure(f"{100 * np.mean(np.array(full) < 0.5):.0f}"),
        "containers emptied when full [%]": Figure(f"{100 * np.mean(np.array(full) > 0.995):.0f}"),
        "waste that lay beside [%]": Figure(f"{100 * overflow / thrown:.1f}"),
        "way of the trucks a night [km]": Figure(f"{driven / 28:.0f}"),
    }


REGULAR: tuple[tuple[float, str], ...] = ((0.21, "A"), (0.30, "B"), (0.39, "C"), (0.52, "D"), (0.74, "E"))
"""Coefficients of variation of headways up to which a level of service goes (TCQSM, TCRP report 100, 2003, exhibit 3-30)."""


def headways(city: City) -> Values:
    """Draw how irregular buses become along their loops, on two working days from 7 to 20 h, in ticks of 10 s."""
    bus = Bus(city, Conditions.of(city, seed=SEED))
    lines = read_table(city, "bus", BusParameters).lines
    first = np.append(0, bus.route.ends[:-1, 1] + 1)
    passed: dict[int, list[tuple[float, float]]] = {}  # by stop: when a bus came, and the headway due then [s]
    for day in ("2026-06-09", "2026-06-10"):
        before = None
        for now, domains in run(
            city, (*SKY, "drainage", "traffic", "bus"), f"{day}T06:00Z", f"{day}T19:00Z", every=TICK
        ):
            arrays = domains["bus"].arrays
            state = arrays["running"].copy(), arrays["next_stop"].copy()
            if before is not None:
                under_way = before[0] & state[0]
                for bus_number in np.flatnonzero(under_way & (state[1] > before[1])).tolist():
                    for stop in range(before[1][bus_number], state[1][bus_number]):
                        line = lines[int(np.searchsorted(first, stop, side="right")) - 1]
                        due = 3600 / line.hourly(now, now.hour)
                        passed.setdefault(stop, []).append((now.time / SECOND, due))
            before = state
    figure, (axis,) = look.panels(
        1, "Buses: coefficient of variation of headways along the loop, two working days", 2.0
    )
    found: Values = {}
    for number, (line, color) in enumerate(zip(lines, (look.BLUE, look.ORANGE), strict=True)):
        stops = range(int(first[number]) + 1, int(bus.route.ends[number, 1]))
        gaps = [_gaps(passed[stop]) for stop in stops]
        spread = [float(gap.std()) for gap in gaps]
        axis.plot(np.arange(1, len(spread) + 1), spread, "o-", color=color, markersize=3, label=f"line {line.name}")
        ends = (spread[0], spread[len(spread) // 2], spread[-1])
        found[f"line {line.name}: coefficient of variation at the first stop, halfway and at the last"] = Figure(
            ", ".join(f"{value:.2f}" for value in ends), "0.21 as clockwork, 0.75 bunched", TCQSM
        )
        found[f"line {line.name}: headways under half of the timetable's [%]"] = Figure(
            f"{100 * np.mean(np.concatenate(gaps) < 0.5):.0f}"
        )
    for up_to, level in REGULAR:
        axis.axhline(up_to, **{**look.KNOWN, "linewidth": 0.6})
        axis.annotate(level, (0.2, up_to - 0.015), fontsize=7, va="top")
    axis.plot([], [], label="levels of service (TCQSM)", **{**look.KNOWN, "linewidth": 0.6})
    look.label(axis, "of the headway", 0, 0.8)
    axis.set_xlabel("stop")
    look.save(figure, "headways")
    return found


def _gaps(passed: list[tuple[float, float]]) -> FloatArray:
    """Return the headways at a stop over those of the timetable; the night between two days is none."""
    times, due = np.array(passed).T
    gaps = np.diff(times)
    return np.asarray((gaps / due[1:])[gaps < 4 * 3600])


ANALYSES = (ramps, spectra, seams, night_flow, sessions, lighting, containers, headways)


def table(values: Mapping[str, Figure]) -> str:
    """Return the lines of the table of figures, with what is known beside them where that is."""
    rows = [f"| {name} | {one.simulated} | {one.known} | {one.source} |" for name, one in values.items()]
    return "\n".join(["| | simulated | known | source |", "|---|---|---|---|", *rows])
