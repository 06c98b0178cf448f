"""Yearly totals and peaks of Zenata, simulated, by the names of `scripts.physics_facts.FACTS`."""

import numpy as np

from scripts.physics_runs import HOUR, QUARTER, SEED, SKY, attribute, people, run
from simulators.domains.traffic.network import build_network
from simulators.domains.waste import WasteParameters, inhabitants
from simulators.domains.weather.generator import COLUMNS, SLOTS, generate, normals_of
from simulators.world.parameters import read_table
from zenata.city.model import City

YEAR = ("2026-01-01T00:00Z", "2027-01-01T00:00Z")

WEEKS = ("2026-01-18", "2026-03-29", "2026-05-17", "2026-07-12", "2026-09-13", "2026-11-22")
"""The Sundays at whose end six ordinary weeks begin, two months apart, without a holiday and not in Ramadan."""

HEAT_WAVE = 6.0
"""How much warmer its days are [K]: about 29 Cel on average, in July."""

Values = dict[str, float]


def year(city: City) -> Values:
    """Return all of them. Takes half a minute."""
    values: Values = {}
    for part in PARTS:
        values |= part(city)
    return values


def climate(city: City) -> Values:
    """Return temperature and rain, over twenty years."""
    normals = normals_of(city)
    first, last = (int(np.datetime64(day, "D").astype(int)) for day in ("2020-01-01", "2039-12-31"))
    days = generate(normals, SEED, first, last).rows[:-1].reshape(-1, SLOTS, len(COLUMNS))
    month = np.arange(first, last + 1).astype("datetime64[D]").astype("datetime64[M]").astype(int) % 12
    temperature, rain = days[:, :, 0], days[:, :, COLUMNS.index("rain")].mean(axis=1) * 24
    away = [
        np.bincount(month, extreme) / np.bincount(month) - normal
        for extreme, normal in (
            (temperature.min(axis=1), normals.climate.temperature_min),
            (temperature.max(axis=1), normals.climate.temperature_max),
        )
    ]
    minimum, maximum = (float(some[np.abs(some).argmax()]) for some in away)
    wet = float((rain >= 1).sum()) / 20
    return {"minimum": minimum, "maximum": maximum, "rain": float(rain.sum()) / 20, "wet": wet}


def sky(city: City) -> Values:
    """Return what follows from the sun."""
    peak, tilt, azimuth = (attribute(city, "pv", name) for name in ("watts_peak", "tilt", "azimuth"))
    sun, fed, burning = np.zeros(12), np.zeros(len(peak)), 0.0
    for now, domains in run(city, (*SKY, "streetlight", "pv"), *YEAR, every=QUARTER):
        hours = now.seconds / 3600
        sun[now.date.month - 1] += now.ghi * hours / 1000
        fed -= now.pv_power * hours
        burning += float((domains["streetlight"].arrays["dim"] > 0).mean()) * hours
    south = (tilt == 30) & (azimuth == 180)
    return {
        "sun": sun.sum() / 365,
        "december": sun[11] / 31,
        "june": sun[5:7].sum() / 61,
        "roofs": float((fed / peak)[south].mean()),
        "burning": burning,
        "undimmed": attribute(city, "streetlight", "watts").mean() / 1000 * burning,
    }


def streets(city: City) -> Values:
    """Return mean traffic and air, by the hour."""
    network = build_network(city.streets)
    weight = network.length * network.carriageway / network.length[network.carriageway].sum()
    flow, pm10 = [], []
    for now, domains in run(city, (*SKY, "traffic", "air"), *YEAR, every=HOUR):
        flow.append(2 * float(weight @ now.link_flow))
        pm10.append(float(domains["air"].observe(now)[:, 1].mean()))
    return {"motorway": 24 * float(np.mean(flow)), "pm10": float(np.mean(pm10))}


def january(city: City) -> Values:
    """Return the highest hourly means of nitrogen dioxide."""
    start, end = "2025-12-31T23:00Z", "2026-01-31T23:00Z"
    level = np.array([
        domains["air"].observe(now)[:, 0].copy()
        for now, domains in run(city, (*SKY, "traffic", "air"), start, end, every=QUARTER)
    ])  # fmt: skip
    hourly = level.reshape(31, 24, 4, -1).mean(axis=2)
    return {
        "no2": float(np.median(hourly.max(axis=(0, 1)))),
        "evening": float(np.median(hourly[:, 18:23].max(axis=(0, 1)))),
    }


def evening(city: City) -> Values:
    """Return the load of the day of the country's highest one, a year later, and the voltage that it leaves."""
    names = (*SKY, "streetlight", "pv", "charger", "meter", "power")
    load, hours, voltage = [], [], []
    for now, domains in run(city, names, "2026-06-29T23:00Z", "2026-06-30T23:00Z", every=QUARTER):
        load.append(now.customer_load.sum() + now.charger_power.sum() + now.lamp_power.sum())
        hours.append(now.hour)
        voltage.append(domains["power"].observe(now)[:, 0].copy())
    course, hour = np.array(load), np.array(hours)
    noon, late = (float(course[(hour >= start) & (hour < end)].max()) for start, end in ((11, 15), (18, 24)))
    return {
        "peak": late / people(city),
        "hour": float(hour[course.argmax()]),
        "noon": noon / late,
        "voltage": float(np.min(voltage)),
        "overvoltage": float(np.max(voltage)),
    }


def services(city: City) -> Values:
    """Return what the city draws and throws away, over six ordinary weeks."""
    charged, rates, thrown, days = 0.0, np.zeros(2), 0.0, 7 * len(WEEKS)
    for week in WEEKS:
        span = f"{week}T23:00Z", f"{np.datetime64(week) + 7}T23:00Z"
        totals = []
        for now, domains in run(city, (*SKY, "charger", "waste", "water"), *span, every=QUARTER):
            charged += float(now.charger_power.sum()) * now.seconds / 3.6e9
            rates += domains["water"].arrays["rates"][1:] * now.seconds
            totals.append(float(domains["waste"].arrays["totals"][0]))
        thrown += totals[-1] - totals[0]
    delivered, leaked = (rates / days / people(city)).tolist()
    served = float(inhabitants(city, read_table(city, "waste", WasteParameters)).sum())
    return {
        "charged": charged / days,
        "consumed": delivered,
        "supplied": delivered + leaked,
        "lost": 100 * leaked / (delivered + leaked),
        "thrown": thrown / days * 365.25 / served,
    }


def feasts(city: City) -> Values:
    """Return what changes at Aid el-Kebir, 27 and 28 May 2026, and in a heat wave."""
    drawn, totals = [], []
    for _, domains in run(city, (*SKY, "waste", "water"), "2026-05-22T23:00Z", "2026-05-28T23:00Z", every=QUARTER):
        drawn.append(float(domains["water"].arrays["rates"][1]))
        totals.append(float(domains["waste"].arrays["totals"][0]))
    water, waste = np.reshape(drawn, (6, -1)).mean(axis=1), np.diff(totals[95::96], prepend=totals[0])
    return {
        "aid": water[4:].mean() / water[:2].mean(),
        "feast": waste[4:].mean() / waste[:4].mean(),
        "heat": drawn_in_july(city, HEAT_WAVE) / drawn_in_july(city, 0.0),
    }


def drawn_in_july(city: City, warmer: float) -> float:
    """Return what is drawn on the fourth to sixth day on which it is some kelvins warmer [l/s]."""
    drawn = []
    for now, domains in run(city, (*SKY, "water"), "2026-07-12T23:00Z", "2026-07-18T23:00Z", every=QUARTER):
        now.disturbance.temperature = warmer
        drawn.append(float(domains["water"].arrays["rates"][1]))
    return float(np.mean(drawn[3 * 96 :]))


def buses(city: City) -> Values:
    """Return how many come to ride in the week from 8 June 2026."""
    span = "2026-06-07T23:00Z", "2026-06-14T23:00Z"
    ticks = run(city, (*SKY, "traffic", "bus"), *span, every=QUARTER)
    came = [int(domains["bus"].arrays["totals"][0]) for _, domains in ticks]
    return {"rides": (came[-1] - came[0]) / 7}


PARTS = (climate, sky, streets, january, evening, services, feasts, buses)
"""Functions whose figures together are those of the year."""
