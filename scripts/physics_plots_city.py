"""Plots of what people do: streets, energy, water, waste, crowds and buses."""

from datetime import date, timedelta
from itertools import accumulate

import numpy as np

from scripts import physics_plots as look
from scripts.physics_runs import MINUTE, SEED, SKY, Week, attribute, people, run
from simulators.domains.base import daily, sensors_of
from simulators.domains.bus.domain import BusParameters
from simulators.domains.crowd import CrowdParameters, Place
from simulators.domains.parking import ParkingParameters
from simulators.domains.traffic.domain import speed
from simulators.domains.traffic.network import build_network
from simulators.domains.traffic.signals import GREEN
from simulators.domains.traffic.trips import TrafficParameters
from simulators.domains.waste import WasteParameters, inhabitants, turns
from simulators.domains.water.parameters import WaterParameters
from simulators.domains.water.tanks import START, STOP
from simulators.world.calendar import read_calendar
from simulators.world.demand import Demand
from simulators.world.parameters import Hourly, read_table
from zenata.city.model import City
from zenata.city.readings import FloatArray

Weeks = dict[str, Week]

HOURS: FloatArray = (np.arange(96) + 0.5) / 4
"""The middles of a day's quarters of an hour [h]."""

MEGA = 1e6


def course(working: Hourly, rest: Hourly) -> FloatArray:
    """Return a course of the day through a week without holidays, shape (672,)."""
    return np.array([daily(rest if day > 4 else working, hour) for day in range(7) for hour in HOURS])


def motorway(city: City, week: Week) -> FloatArray:
    """Return the mean flow of the motorway's carriageways, both directions together [1/h], shape (672,)."""
    network = build_network(city.streets)
    weight = network.length * network.carriageway / network.length[network.carriageway].sum()
    return np.asarray(2 * week.city["link_flow"] @ weight)


def traffic(city: City, weeks: Weeks) -> None:
    """Draw the motorway's flow, how full primary streets are, and the fundamental diagram."""
    june, parameters = weeks["june"], read_table(city, "traffic", TrafficParameters)
    figure, (flow, load, diagram) = look.panels(3, "Traffic: a week in June", 2.0)
    known = parameters.motorway_daily / 24
    shape = course(parameters.working_day, parameters.rest_day)
    look.draw(flow, motorway(city, june), "A1, both directions", look.BLUE)
    flow.plot(look.QUARTERS, known * shape / shape.mean(), label="usual demand", **look.KNOWN)
    flow.axhline(known, color=look.RED, linewidth=0.9, label="mean of 2015: 54,946 a day")
    look.label(flow, "vehicles/h")
    network = build_network(city.streets)
    links = np.array([street.road == "primary" for street in city.streets])
    capacity = network.saturation * np.where(network.signal, GREEN, 1.0)
    look.spread(
        load, look.hourly(june.city["link_flow"])[:, links] / capacity[links], "primary streets (5 to 95 %)", look.BLUE
    )
    load.axhspan(0.8, 1.0, label="arterials in their peaks: 0.8 to 1.0", **look.BAND)
    look.label(load, "volume over capacity", 0, 1.2)
    for axis in (flow, load):
        look.week_axis(axis, june)
    stored, left = _peaks(city)
    for road, color, limit in (("motorway", look.GREY, 120), ("primary", look.RED, 60)):
        mine = np.array([street.road == road and street.limit == limit for street in city.streets])
        density = stored[:, mine] / (network.lanes * network.length / 1000)[mine]
        passed = left[:, mine] / network.lanes[mine]
        steps = np.linspace(0, 150, 200)
        link = int(np.flatnonzero(mine)[0])
        theory = [float(speed(network, np.full(len(mine), step))[link] * step) for step in steps]
        diagram.plot(steps, theory, **look.KNOWN)
        diagram.plot(
            density[::2].ravel(),
            passed[::2].ravel(),
            ".",
            color=color,
            markersize=2.4,
            alpha=0.6,
            label=f"{road}: {100 * (density > steps[np.argmax(theory)]).mean():.1f} % beyond its top",
        )
    diagram.plot([], [], label="Papageorgiou et al. 1989", **look.KNOWN)
    diagram.set_xlim(0, 150)
    diagram.set_xlabel("vehicles a kilometre and lane, in the peaks of Tuesday")
    look.label(diagram, "vehicles/h and lane", 0, 2200, markers=3)
    look.save(figure, "traffic")


def _peaks(city: City) -> tuple[FloatArray, FloatArray]:
    """Return vehicles on each link and leaving it [1/h] in the peaks of a Tuesday, shape (28, n_streets): 7 to 10, 16 to 20 h.

    In ticks of a minute, as in longer ones most of the time only flows.
    """
    rows: list[tuple[FloatArray, FloatArray]] = []
    names = (*SKY, "drainage", "traffic")
    for now, domains in run(city, names, "2026-06-08T23:00Z", "2026-06-09T23:00Z", every=MINUTE):
        if 7 <= now.hour < 10 or 16 <= now.hour < 20:
            rows.append((domains["traffic"].arrays["stored"].mean(axis=0), now.link_flow))
    stored, left = (np.array(some).reshape(28, 15, -1).mean(axis=1) for some in zip(*rows, strict=True))
    return stored, left


def days(city: City, _: Weeks) -> None:
    """Draw how working days of the whole city depart from the usual, over six months and over twenty seeds."""
    figure, (course_, seeds) = look.panels(2, "Days: demand over the usual, all districts together")
    calendar = read_calendar(city)
    working = [day for day in (date(2026, 3, 23) + timedelta(days=n) for n in range(130)) if not calendar.rests(day)]
    for sector, color in (("traffic", look.BLUE), ("water", look.GREEN), ("crowd", look.ORANGE)):
        for axis, numbers in ((course_, (SEED,)), (seeds, range(20))):
            rows = []
            for seed in numbers:
                demand = Demand(city, seed, calendar)
                chosen = working if axis is course_ else working[40:41]
                rows += [np.mean([demand.factors(sector, day, hour) for hour in range(24)]) for day in chosen]
            spread = 100 * np.std(rows, ddof=1) / np.mean(rows)
            axis.plot(np.arange(len(rows)), rows, color=color, marker=".", label=f"{sector}: CV {spread:.1f} %")
    course_.set_xlabel("working day from 23 March 2026 on")
    seeds.set_xlabel("seed, 20 May 2026")
    seeds.set_xticks(range(20))
    for axis in (course_, seeds):
        axis.axhline(1.0, **look.KNOWN)
        look.label(axis, "factor", 0.7, 1.5)
    look.save(figure, "days")


def parking(city: City, weeks: Weeks) -> None:
    """Draw the bays taken, by use, and the courses that they follow."""
    june, uses = weeks["june"], read_table(city, "parking", ParkingParameters).uses
    figure, axes = look.panels(
        len(uses), "Parking: share of the bays taken, by use of the district, a week in June", 1.05
    )
    bays = [city.district_by_id[city.sensors[number].district].category for number in sensors_of(city, "parking")]
    for axis, use, color in zip(axes, uses, (look.BLUE, look.RED, look.ORANGE, look.GREEN), strict=False):
        mine = np.isin(bays, use.categories)
        taken = 100 * june.kinds["parking"][:, mine, 0].mean(axis=1)
        look.draw(axis, taken, f"{', '.join(use.categories)}: {mine.sum()} bays, stay {use.stay:g} h", color)
        axis.plot(look.QUARTERS, 100 * course(use.working_day, use.rest_day), label="course (default)", **look.KNOWN)
        look.label(axis, "%", 0, 100)
        look.week_axis(axis, june)
    look.save(figure, "parking")


def charger(city: City, weeks: Weeks) -> None:
    """Draw the chargers' power and how many are taken."""
    june = weeks["june"]
    figure, (power, taken) = look.panels(2, "Chargers: power of all, and share taken, a week in June", 1.5)
    look.draw(power, june.city["charger_power"] / MEGA, "power", look.GREEN)
    daily_mean = np.repeat(june.city["charger_power"].reshape(7, 96).mean(axis=1), 96) / MEGA
    power.step(look.QUARTERS, daily_mean, where="mid", color=look.GREY, label="mean of the day")
    power.axhline(9.4 / 24, label="derived: 9.4 MWh a day", **look.KNOWN)
    look.label(power, "MW")
    fast = attribute(city, "charger", "watts") > 43_000
    for some, name, color in ((fast, "direct current", look.RED), (~fast, "alternating current", look.BLUE)):
        look.draw(taken, 100 * look.hourly(june.kinds["charger"][:, some, 2].mean(axis=1)), name, color)
    look.label(taken, "% taken", 0, 100)
    for axis in (power, taken):
        look.week_axis(axis, june)
    look.save(figure, "charger")


def demand(city: City, week: Week) -> FloatArray:
    """Return what each inhabitant draws, with chargers and lamps [W], shape (672,)."""
    drawn = sum(week.city[name] for name in ("customer_load", "charger_power", "lamp_power"))
    return np.asarray(drawn / people(city))


def load(city: City, weeks: Weeks) -> None:
    """Draw the load for each inhabitant."""
    june = weeks["june"]
    figure, (axis,) = look.panels(1, "Load of the city, for each inhabitant, a week in June", 2.4)
    drawn = demand(city, june)
    look.draw(axis, drawn, "drawn", look.BLUE)
    look.draw(axis, drawn + june.city["pv_power"] / people(city), "less what roofs feed in", look.ORANGE)
    days = np.arange(7) + 21.5 / 24
    axis.plot(days, np.full(7, 216), "D", color="black", markersize=4, label="the country's peak, 21:30")
    day = drawn.reshape(7, 96)
    ratio = day[:5, 44:60].max(axis=1) / day[:5, 72:].max(axis=1)
    for number, value in enumerate(ratio):
        axis.annotate(f"{value:.2f}", (number + 0.54, 212), ha="center", fontsize=7.5)
    axis.plot([], [], " ", label="numbers: noon over evening (country: 0.96 to 0.99)")
    look.label(axis, "W", 0, 240, 2)
    look.week_axis(axis, june)
    look.save(figure, "load")


def grid(city: City, weeks: Weeks) -> None:
    """Draw the voltage of the stations, and how far they are loaded."""
    june = weeks["june"]
    figure, (voltage, loading) = look.panels(2, "Grid: voltage and loading of the stations, a week in June")
    seen = june.kinds["power"]
    voltage.axhspan(207, 253, label="EN 50160: 207 to 253 V", **look.BAND)
    look.spread(voltage, look.hourly(seen[:, :, 0]), "stations (5 to 95 %)", look.BLUE)
    look.label(voltage, "V", 200, 260)
    rating = 1000 * attribute(city, "power", "kva")
    look.spread(loading, 100 * look.hourly(seen[:, :, 2]) / rating, "stations (5 to 95 %)", look.BLUE)
    loading.axhline(100, label="rating", **look.KNOWN)
    look.label(loading, "% of rating", None)
    for axis in (voltage, loading):
        look.week_axis(axis, june)
    look.save(figure, "grid")


def water(city: City, weeks: Weeks) -> None:
    """Draw supply and losses, the tanks, and the pressure."""
    june, parameters = weeks["june"], read_table(city, "water", WaterParameters)
    figure, (flow, level, pressure) = look.panels(3, "Water: supply, tanks and pressure, a week in June")
    _, delivered, leaked = look.hourly(june.city["rates"]).T
    middles = look.QUARTERS.reshape(168, 4).mean(axis=1)
    for part, name, color in ((delivered + leaked, "supplied", look.BLUE), (leaked, "of that lost", look.RED)):
        flow.fill_between(middles, part, color=color, alpha=0.3, linewidth=0, label=name)
    for litres in (120, 0.23 * 120):
        flow.axhline(litres * people(city) / 86400, **look.KNOWN)
    flow.plot([], [], label="known means: 120 l a person and day, 23 % of it", **look.KNOWN)
    look.label(flow, "l/s")
    for number, color in enumerate((look.BLUE, look.GREEN)):
        look.draw(level, look.hourly(june.city["level"][:, number]), f"tank {number + 1}", color)
    for share in (*START, *STOP):
        level.axhline(share * parameters.supplies[0].depth, **{**look.KNOWN, "linewidth": 0.6})
    level.plot([], [], label="levels that switch pumps", **{**look.KNOWN, "linewidth": 0.6})
    look.label(level, "m", 0, parameters.supplies[0].depth)
    streets = ["street" in city.sensors[number].attributes for number in sensors_of(city, "water")]
    look.spread(pressure, look.hourly(june.kinds["water"][:, streets, 0]), "loggers in streets (5 to 95 %)", look.BLUE)
    pressure.axhline(20, label="enough for customers (default)", **look.KNOWN)
    look.label(pressure, "m")
    for axis in (flow, level, pressure):
        look.week_axis(axis, june)
    look.save(figure, "water")


def waste(city: City, weeks: Weeks) -> None:
    """Draw the fill of containers between two rounds, and what the yearly figure makes of it."""
    june, parameters = weeks["june"], read_table(city, "waste", WasteParameters)
    turn = turns(city, parameters.nights)
    figure, (axis,) = look.panels(1, "Waste: fill of the containers, a week in June", 2.2)
    fill = 100 * june.kinds["waste"][:, :, 0]
    litres = attribute(city, "waste", "litres")
    growth = inhabitants(city, parameters) * parameters.yearly / 365.25 / (litres / 1000 * parameters.density)
    for night, color in ((0, look.BLUE), (1, look.ORANGE)):
        mine = fill[:, turn == night].mean(axis=1)
        look.draw(axis, mine, f"mean of the round of night {night + 1}", color)
        lowest = [part * 96 + int(mine[part * 96 : part * 96 + 96].argmin()) for part in range(7)]
        for start in [place for place in lowest if mine[place] < 15]:
            days = np.linspace(0, min(1.75, 7 - look.QUARTERS[start]), 2)
            axis.plot(
                look.QUARTERS[start] + days, mine[start] + 100 * growth[turn == night].mean() * days, **look.KNOWN
            )
    axis.plot([], [], label=f"{parameters.yearly:.1f} kg a person and year, evenly", **look.KNOWN)
    look.draw(axis, fill[:, 7], "one container", look.GREY, alpha=0.7)
    look.label(axis, "%", 0, 105, 2)
    look.week_axis(axis, june)
    look.save(figure, "waste")


def present(place: Place) -> FloatArray:
    """Return the mean number present at a counter in good weather, shape (672,): what came less what left."""
    rate = course(place.working_day, place.rest_day)
    keep = float(np.exp(-0.25 / place.stay))
    steps = accumulate(np.tile(rate, 2), lambda before, now: keep * before + (1 - keep) * place.stay * now)
    return np.array(list(steps))[672:]


def crowd(city: City, weeks: Weeks) -> None:
    """Draw the people at a counter, and what a queue of as many servers as visitors says."""
    june, places = weeks["june"], read_table(city, "crowd", CrowdParameters).places
    names = np.array([str(city.sensors[number].attributes["place"]) for number in sensors_of(city, "crowd")])
    figure, axes = look.panels(2, "Crowds: people at a counter, mean of those of a place, a week in June")
    for shown, axis in zip((("shops", "beach"), ("plaza", "station")), axes, strict=True):
        for name, color in zip(shown, (look.BLUE, look.ORANGE), strict=True):
            place = next(place for place in places if name in place.names)
            look.draw(axis, june.kinds["crowd"][:, names == name, 0].mean(axis=1), name, color)
            axis.plot(look.QUARTERS, present(place), **look.KNOWN)
        axis.plot([], [], label="mean of an M/G/∞ queue, in good weather", **look.KNOWN)
        look.label(axis, "people")
        look.week_axis(axis, june)
    look.save(figure, "crowd")


def bus(city: City, weeks: Weeks) -> None:
    """Draw the buses under way, and how full they are."""
    june, parameters = weeks["june"], read_table(city, "bus", BusParameters)
    line_of = np.array([str(city.sensors[number].attributes["line"]) for number in sensors_of(city, "bus")])
    figure, (running, aboard) = look.panels(2, "Buses: how many are under way, and passengers in each, a week in June")
    for line, color in zip(parameters.lines, (look.BLUE, look.ORANGE), strict=True):
        mine = line_of == line.name
        under_way = june.city["running"][:, mine].sum(axis=1)
        look.draw(running, under_way, f"line {line.name}", color)
        due = [(line.rest_departures if day > 4 else line.departures)[hour] for day in range(7) for hour in range(24)]
        trip = under_way.mean() / np.mean(due)
        running.step((np.arange(168) + 0.5) / 24, trip * np.array(due), where="mid", **look.KNOWN)
        riders = look.hourly(june.city["aboard"][:, mine].sum(axis=1)) / np.maximum(look.hourly(under_way), 1)
        look.draw(aboard, riders, f"line {line.name}", color)
    running.plot([], [], label="departures an hour times the mean trip", **look.KNOWN)
    aboard.axhline(parameters.capacity, label="capacity", **look.KNOWN)
    look.label(running, "buses")
    look.label(aboard, "passengers")
    for axis in (running, aboard):
        look.week_axis(axis, june)
    look.save(figure, "bus")


def ramadan(city: City, weeks: Weeks) -> None:
    """Draw a mean working day of Ramadan beside an ordinary one."""
    figure, axes = look.panels(3, "Ramadan: working days of 2 to 6 March 2026, and of 6 to 10 April", 1.6)
    plazas = [city.sensors[number].attributes["place"] == "plaza" for number in sensors_of(city, "crowd")]
    for name, text, color in (("spring", "ordinary", look.GREY), ("ramadan", "Ramadan", look.GREEN)):
        week = weeks[name]
        series = (demand(city, week), motorway(city, week), week.kinds["crowd"][:, plazas, 0].mean(axis=1))
        for axis, values in zip(axes, series, strict=True):
            axis.plot(HOURS, values[: 5 * 96].reshape(5, 96).mean(axis=0), color=color, label=text)
    units = ("W an inhabitant", "vehicles/h, motorway", "people, plaza")
    for axis, unit in zip(axes, units, strict=True):
        axis.axvline(18.5, label="the fast is broken: 18:30", **look.KNOWN)
        look.label(axis, unit)
        look.day_axis(axis)
    for axis in axes[:-1]:
        axis.set_xlabel("")
    look.save(figure, "ramadan")
