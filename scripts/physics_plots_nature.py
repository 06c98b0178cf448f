"""Plots of sky, air and sound."""

import numpy as np
import pandas as pd  # comes with pvlib
import pvlib
import shapely
from matplotlib.axes import Axes

from scripts import physics_plots as look
from scripts.physics_runs import SEED, Week, attribute
from simulators.domains.base import centre, sensors_of
from simulators.domains.weather.generator import COLUMNS, SLOTS, Climate, generate, normals_of
from simulators.world.parameters import read_table
from zenata.city.model import City
from zenata.city.readings import FloatArray

Weeks = dict[str, Week]


def weather(city: City, weeks: Weeks) -> None:
    """Draw temperature and wind of the week in June, rain of that in February."""
    june, climate = weeks["june"], read_table(city, "climate", Climate)
    figure, (temperature, wind, rain) = look.panels(3, "Weather: a week in June, and rain of a week in February")
    low, high = climate.temperature_min[5], climate.temperature_max[5]
    temperature.axhspan(low, high, label=f"normal: {low:.0f} to {high:.0f} °C", **look.BAND)
    look.draw(temperature, june.kinds["weather"][:, 0, 0], "air temperature", look.RED)
    look.label(temperature, "°C", None)
    look.draw(wind, june.kinds["weather"][:, 0, 3], "wind speed", look.BLUE)
    wind.axhline(climate.wind_speed[5], label="normal (default)", **look.KNOWN)
    look.label(wind, "m/s")
    falling = weeks["winter"].kinds["weather"][:, 0, 5]
    normal = climate.rain[1] / 4
    wet = np.flatnonzero(look.hourly(falling))
    rain.bar((wet + 0.5) / 24, look.hourly(falling)[wet], 1 / 24, color=look.BLUE)
    total = rain.twinx()
    total.plot(look.QUARTERS, np.cumsum(falling) / 4, color=look.GREY, label="sum [mm]")
    total.plot([0, 7], [0, normal], label=f"normal: {normal:.0f} mm in 7 days", **look.KNOWN)
    total.grid(visible=False)
    total.spines["right"].set_visible(True)
    look.label(rain, "mm/h")
    look.label(total, "mm")
    for axis, week in ((temperature, june), (wind, june), (rain, weeks["winter"])):
        look.week_axis(axis, week)
    look.save(figure, "weather")


def climate(city: City, _: Weeks) -> None:
    """Draw the months of twenty years."""
    normals = normals_of(city)
    first, last = (int(np.datetime64(day, "D").astype(int)) for day in ("2020-01-01", "2039-12-31"))
    days = generate(normals, SEED, first, last).rows[:-1].reshape(-1, SLOTS, len(COLUMNS))
    month = np.arange(first, last + 1).astype("datetime64[D]").astype("datetime64[M]").astype(int)
    count = np.bincount(month % 12)
    figure, (temperature, rain) = look.panels(
        2, "Climate: the months of twenty years, simulated, and the normals of Casablanca"
    )
    x = np.arange(12)
    for extreme, normal, color, name in (
        (days[:, :, 0].max(axis=1), normals.climate.temperature_max, look.RED, "mean daily maximum"),
        (days[:, :, 0].min(axis=1), normals.climate.temperature_min, look.BLUE, "mean daily minimum"),
    ):
        temperature.bar(
            x + 0.2 * (1 if color == look.RED else -1),
            np.bincount(month % 12, extreme) / count,
            0.36,
            color=color,
            label=name,
        )
        temperature.plot(x + 0.2 * (1 if color == look.RED else -1), normal, "_", color="black", markersize=11)
    depth = np.bincount(month - month[0], days[:, :, COLUMNS.index("rain")].mean(axis=1) * 24).reshape(-1, 12)
    rain.bar(x, depth.mean(axis=0), 0.5, color=look.BLUE, label="rain, mean")
    rain.vlines(x, *np.percentile(depth, (10, 90), axis=0), color=look.GREY, linewidth=1, label="eight years of ten")
    for axis, unit in ((temperature, "°C"), (rain, "mm a month")):
        axis.plot([], [], "_", color="black", markersize=11, label="normal")
        axis.set_xticks(x, "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split())
        look.label(axis, unit)
    rain.plot(x, normals.climate.rain, "_", color="black", markersize=14)
    look.save(figure, "climate")


def times_of(week: Week) -> pd.DatetimeIndex:
    """Return the middles of a week's quarters."""
    return pd.date_range(week.start, periods=672, freq="15min") + pd.Timedelta(minutes=7.5)


def sun(city: City, weeks: Weeks) -> None:
    """Draw irradiance under the clouds, and pvlib's under a clear sky."""
    june = weeks["june"]
    longitude, latitude = centre(city)
    location = pvlib.location.Location(latitude, longitude, altitude=20)
    turbidity = read_table(city, "climate", Climate).linke_turbidity[5]
    clear = location.get_clearsky(times_of(june), model="ineichen", linke_turbidity=turbidity)["ghi"].to_numpy()
    figure, (axis,) = look.panels(1, "Sun: irradiance on the ground, a week in June", 2.2)
    axis.fill_between(
        look.QUARTERS, june.city["dhi"], color=look.BLUE, alpha=0.25, linewidth=0, label="of that diffuse"
    )
    look.draw(axis, june.city["ghi"], "global", look.ORANGE)
    axis.plot(look.QUARTERS, clear, label="clear sky of pvlib (SPA, Ineichen)", **look.KNOWN)
    look.label(axis, "W/m²")
    look.week_axis(axis, june)
    look.save(figure, "sun")


def pv(city: City, weeks: Weeks) -> None:
    """Draw what roofs feed in, and what pvlib makes of the same irradiance."""
    june = weeks["june"]
    peak, tilt, azimuth = (attribute(city, "pv", name) for name in ("watts_peak", "tilt", "azimuth"))
    longitude, latitude = centre(city)
    position = pvlib.solarposition.get_solarposition(times_of(june), latitude, longitude)
    expected = np.zeros(672)
    for plane in sorted(set(zip(tilt.tolist(), azimuth.tolist(), strict=True))):
        share = peak[(tilt == plane[0]) & (azimuth == plane[1])].sum() / peak.sum()
        expected += share * _pvlib_power(june, plane, position)
    figure, (axis,) = look.panels(1, "Photovoltaic roofs: power over installed power, a week in June", 2.2)
    power = -june.kinds["pv"][:, :, 0] / peak
    axis.fill_between(
        look.QUARTERS,
        power.min(axis=1),
        power.max(axis=1),
        color=look.ORANGE,
        alpha=0.25,
        linewidth=0,
        label="all roofs",
    )
    look.draw(axis, -june.city["pv_power"] / peak.sum(), "city", look.ORANGE)
    axis.plot(
        look.QUARTERS[::4], expected[::4], ".", color="black", markersize=2.2, label="pvlib, from the same irradiance"
    )
    look.label(axis, "kW/kW")
    look.week_axis(axis, june)
    look.save(figure, "pv")


def _pvlib_power(week: Week, plane: tuple[float, float], position: pd.DataFrame) -> FloatArray:
    """Return what pvlib has a roof feed in for each installed watt, shape (672,)."""
    ghi, dni, dhi = (week.city[name] for name in ("ghi", "dni", "dhi"))
    total = pvlib.irradiance.get_total_irradiance(
        *plane, position["zenith"].to_numpy(), position["azimuth"].to_numpy(), dni, ghi, dhi, albedo=0.2, model="isotropic"
    )["poa_global"]  # fmt: skip
    cell = pvlib.temperature.faiman(total, week.city["temperature"], week.city["wind_speed"])
    direct = pvlib.pvsystem.pvwatts_dc(total, cell, 1.0, -0.0035)
    return np.asarray(direct * 0.86 * 0.96)


def air(city: City, weeks: Weeks) -> None:
    """Draw nitrogen dioxide and particles of the week in February, and how stations differ with their distance."""
    winter = weeks["winter"]
    level = look.hourly(winter.kinds["air"])
    figure, (no2, pm10, apart) = look.panels(3, "Air: hourly means of a week in February")
    for day in range(7):
        no2.axvspan(
            day + 18 / 24, day + 23 / 24, color="#eef0f2", linewidth=0, label="18 to 23 h" if day == 0 else None
        )
    no2.axhspan(85, 117, label="highest hours of winters: 85 to 117", **look.BAND)
    numbers = sensors_of(city, "air")
    roads = {street.id: street.road for street in city.streets}
    road = np.array([roads.get(str(city.sensors[number].attributes.get("street")), "") for number in numbers])
    look.spread(no2, level[:, road == "", 0], "NO$_2$ away from streets (5 to 95 %)", look.BLUE)
    look.draw(no2, np.median(level[:, road == "primary", 0], axis=1), "at primary streets, median", look.ORANGE)
    look.label(no2, "µg/m³", columns=2)
    pm10.axhspan(61, 74, label="yearly means: 61 to 74", **look.BAND)
    look.spread(pm10, level[:, :, 1], "PM$_{10}$, stations (5 to 95 %)", look.RED)
    look.draw(pm10, np.median(level[:, :, 2], axis=1), "PM$_{2.5}$, median", look.GREY)
    look.label(pm10, "µg/m³")
    for axis in (no2, pm10):
        look.week_axis(axis, winter)
    where = np.array([(city.sensors[number].longitude, city.sensors[number].latitude) for number in numbers])
    where = where[road == ""] * (92_778.0, 110_920.0)
    distance = np.hypot(*np.moveaxis(where[:, None] - where, 2, 0))
    upper = np.triu_indices(len(where), 1)
    for place, name, color in ((0, "NO$_2$", look.BLUE), (1, "PM$_{10}$", look.RED)):
        correlation = np.corrcoef(level[:, road == "", place].T)
        apart.plot(distance[upper] / 1000, correlation[upper], ".", color=color, markersize=2, label=name)
    apart.set_xlabel("distance of two stations away from streets [km]")
    look.label(apart, "correlation of hours", 0, 1, markers=3)
    look.save(figure, "air")


def noise(city: City, weeks: Weeks) -> None:
    """Draw the level at kerbs by class of street."""
    june = weeks["june"]
    level = june.kinds["noise"][:, :, 0]
    road = _kerbs(city)
    figure, (axis,) = look.panels(1, "Noise: level at the kerb by class of street, median meter, a week in June", 2.2)
    hour = np.tile((np.arange(96) + 0.5) / 4, 7)
    for name, color in (("primary", look.RED), ("secondary", look.ORANGE), ("residential", look.BLUE)):
        middle = np.median(level[:, road == name], axis=1)
        look.draw(axis, middle, f"{name}: $L_{{den}}$ {_lden(middle, hour):.0f} dB", color)
    axis.axhline(55, label="noise is mapped from 55 dB", **look.KNOWN)
    look.label(axis, "dB(A)", 40, 75, 2)
    look.week_axis(axis, june)
    look.save(figure, "noise")


def _kerbs(city: City) -> np.ndarray:
    """Return the class of the street at whose kerb each meter is."""
    scale = np.array([111_320 * np.cos(np.radians(centre(city)[1])), 111_320])
    lines = [shapely.LineString(np.array(street.line) * scale) for street in city.streets]
    found = []
    for number in sensors_of(city, "noise"):
        meter = city.sensors[number]
        distance = shapely.distance(shapely.Point(np.array([meter.longitude, meter.latitude]) * scale), lines)
        found.append(city.streets[int(distance.argmin())].road)
    return np.array(found)


def _lden(level: FloatArray, hour: FloatArray) -> float:
    """Return the day-evening-night level of a week (Directive 2002/49/EC, annex I)."""
    penalty = np.where((hour >= 23) | (hour < 7), 10, np.where(hour >= 19, 5, 0))
    return float(10 * np.log10(np.mean(10 ** ((level + penalty) / 10))))


def streetlight(city: City, weeks: Weeks) -> None:
    """Draw lamps' power in summer and winter, and the nights of pvlib."""
    figure, axes = look.panels(2, "Street lights: power over rated power, in June and in February", 1.5)
    longitude, latitude = centre(city)
    for axis, week in zip(axes, (weeks["june"], weeks["winter"]), strict=True):
        elevation = pvlib.solarposition.get_solarposition(times_of(week), latitude, longitude)["elevation"].to_numpy()
        _shade(axis, elevation < 0, "sun below the horizon (pvlib, SPA)")
        power = week.kinds["streetlight"][:, :, 1].sum(axis=1) / attribute(city, "streetlight", "watts").sum()
        look.draw(axis, 100 * power, "lamps", look.ORANGE)
        look.label(axis, "%", 0, 105)
        look.week_axis(axis, week)
    look.save(figure, "streetlight")


def _shade(axis: Axes, when: np.ndarray, name: str) -> None:
    """Shade some quarters of a week."""
    edges = np.flatnonzero(np.diff(when.astype(int), prepend=0, append=0)) / 96
    for number, (start, end) in enumerate(edges.reshape(-1, 2)):
        axis.axvspan(start, end, color="#dfe3ea", linewidth=0, label=None if number else name)
