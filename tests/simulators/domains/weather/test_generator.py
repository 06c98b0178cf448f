import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sandbox.parts import city_of
from simulators.domains.solar.geometry import clear_sky, extraterrestrial, sun_position
from simulators.domains.weather.generator import (
    COLUMNS,
    SLOTS,
    autoregression,
    diurnal,
    generate,
    normals_of,
    saturation_pressure,
)

YEARS = 12
FIRST = 16436  # 2015-01-01


@pytest.fixture(scope="module")
def normals(city):
    return normals_of(city)


@pytest.fixture(scope="module")
def years(normals):
    """Twelve years every 15 minutes, by column, shape (days, SLOTS), and the month (0 to 11) of each day."""
    last = FIRST + 365 * YEARS + 2
    rows = generate(normals, 7, FIRST, last).rows[:-1].reshape(-1, SLOTS, len(COLUMNS))
    days = np.arange(FIRST, last + 1).astype("datetime64[D]")
    return {name: rows[:, :, i] for i, name in enumerate(COLUMNS)}, days.astype("datetime64[M]").astype(int) % 12


def monthly(daily, months):
    return np.array([daily[months == month].mean() for month in range(12)])


def test_temperature_keeps_to_its_normals(years, normals):
    columns, months = years
    low = monthly(columns["temperature"].min(axis=1), months)
    high = monthly(columns["temperature"].max(axis=1), months)
    assert_allclose(low, normals.climate.temperature_min, atol=1.6)  # the extremes of a day lie outside its mean course
    assert_allclose(high, normals.climate.temperature_max, atol=1.6)


def test_rain_keeps_to_its_normals(years, normals):
    columns, months = years
    rain = columns["rain"].mean(axis=1) * 24
    assert rain.sum() / YEARS == pytest.approx(sum(normals.climate.rain), rel=0.15)
    assert_allclose(monthly(rain, months) * 30.44, normals.climate.rain, atol=22)
    assert_allclose(monthly(rain > 0.01, months) * 30.44, normals.climate.wet_days, atol=2.0)
    assert columns["rain"].max() <= 100


def test_wet_days_come_together(years):
    columns, months = years
    wet = (columns["rain"].sum(axis=1) > 0.04)[np.isin(months, (10, 11, 0, 1))]
    assert wet[1:][wet[:-1]].mean() > 1.5 * wet[1:][~wet[:-1]].mean()


def test_humidity_and_wind_keep_to_their_normals(years, normals):
    columns, months = years
    assert_allclose(monthly(columns["humidity"].mean(axis=1), months), normals.climate.humidity, atol=4)
    from_sea = np.radians(normals.site.sea_breeze_wind)
    east = columns["wind_east"] + columns["breeze"] * np.sin(from_sea)
    speed = np.hypot(east, columns["wind_north"] + columns["breeze"] * np.cos(from_sea)).mean(axis=1)
    assert_allclose(monthly(speed, months), normals.climate.wind_speed, rtol=0.15)


def test_irradiation_keeps_to_its_normals(years, normals):
    columns, months = years
    seconds = (FIRST + np.arange(columns["clearness"].size) / SLOTS) * 86400
    elevation, _ = sun_position(seconds, normals.longitude, normals.latitude)
    turbidity = np.repeat(np.take(normals.climate.linke_turbidity, months), SLOTS)
    clear = clear_sky(elevation, extraterrestrial(seconds), turbidity, normals.site.altitude)
    ghi = (clear.reshape(-1, SLOTS) * columns["clearness"]).mean(axis=1) * 24 / 1000
    assert_allclose(monthly(ghi, months), normals.climate.ghi, rtol=0.08)


def test_sea_breeze_blows_by_day(years):
    columns, months = years
    breeze = columns["breeze"][np.isin(months, (5, 6, 7))].mean(axis=0)
    assert breeze[3 * 4] == 0
    assert breeze[14 * 4] > 1.5


@pytest.mark.parametrize("name", ["temperature", "humidity", "pressure", "wind_east", "wind_north", "clearness"])
def test_nothing_steps_at_midnight(years, name):
    """Steps from one quarter of an hour to the next at 00:00 UTC are distributed as those of the hours around."""
    steps = np.abs(np.diff(years[0][name].ravel()))
    slot = np.arange(1, len(steps) + 1) % SLOTS
    midnight, around = steps[slot == 0], steps[np.isin(slot, (94, 95, 1, 2))]
    assert midnight.mean() == pytest.approx(around.mean(), rel=0.05)
    assert np.quantile(midnight, [0.5, 0.9, 0.99]) == pytest.approx(np.quantile(around, [0.5, 0.9, 0.99]), rel=0.12)
    assert midnight.max() < 1.5 * around.max()


def test_rain_comes_with_wind_from_west_to_south_west_where_the_pack_says_so():
    normals = normals_of(city_of("zenata"))
    rows = generate(normals, 7, FIRST, FIRST + 3 * 365).rows[:-1].reshape(-1, SLOTS, len(COLUMNS))
    east, north, rain = (rows[:, :, COLUMNS.index(name)].mean(axis=1) for name in ("wind_east", "wind_north", "rain"))
    comes_from = np.degrees(np.arctan2(east, north)) % 360
    atlantic = (comes_from > 210) & (comes_from < 290)
    assert atlantic[rain > 0.04].mean() > 0.6
    assert atlantic[rain == 0].mean() < 0.1


def test_extremes_come_near_the_record_and_never_pass_it():
    normals = normals_of(city_of("zenata"))
    years = [generate(normals, seed, FIRST, FIRST + 6 * 365).rows for seed in range(5)]
    hottest = np.array([rows[:, 0].max() for rows in years])
    assert hottest.max() < 40.5  # Casablanca's record
    assert hottest.max() > 36.5
    hot = np.concatenate([rows[rows[:, 0] > 34] for rows in years])
    assert hot[:, COLUMNS.index("humidity")].mean() < 45  # the chergui is dry
    assert (hot[:, COLUMNS.index("wind_east")] > 0).mean() > 0.8  # and comes from the east


def test_air_is_seldom_saturated(years):
    assert (years[0]["humidity"] >= 99.5).mean() < 0.02


def test_months_made_apart_are_the_same(normals):
    whole = generate(normals, 3, FIRST, FIRST + 58).rows
    assert_allclose(generate(normals, 3, FIRST + 31, FIRST + 58).rows[:-1], whole[31 * SLOTS : -1], atol=0.4)
    assert_array_equal(generate(normals, 3, FIRST, FIRST + 58).rows, whole)
    assert np.abs(generate(normals, 4, FIRST, FIRST + 58).rows - whole).max() > 1


def test_autoregression_has_unit_variance_and_memory():
    series = autoregression(np.random.default_rng(1).standard_normal(100_000), 20)
    assert series.var() == pytest.approx(1, abs=0.1)
    assert np.corrcoef(series[:-20], series[20:])[0, 1] == pytest.approx(np.exp(-1), abs=0.06)


def test_diurnal_course_has_its_extremes_and_no_mean():
    hours = np.arange(0, 24, 0.25)
    assert hours[diurnal(hours).argmin()] == 6
    assert hours[diurnal(hours).argmax()] == 14
    assert diurnal(hours).mean() == pytest.approx(0, abs=0.01)


def test_saturation_pressure():
    assert_allclose(saturation_pressure(np.array([0.0, 20.0, 40.0])), [6.11, 23.37, 73.8], rtol=5e-3)  # WMO tables
