from datetime import date, timedelta

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from simulators.world.calendar import read_calendar
from simulators.world.conditions import TICK, Conditions
from simulators.world.demand import SECTORS, Demand

MONDAY = date(2026, 6, 8)


@pytest.fixture(scope="module")
def days(zenata):
    """Noon factors of all sectors on 250 ordinary working days, shape (250, n_sectors, n_districts)."""
    demand, calendar = Demand(zenata, 7, read_calendar(zenata)), read_calendar(zenata)
    dates = [date(2026, 1, 1) + timedelta(days=number) for number in range(400)]
    working = [day for day in dates if not calendar.rests(day)][:250]
    return np.array([[demand.factors(name, day, 12.0) for name in SECTORS] for day in working])


def test_factors_have_mean_one_and_the_spread_of_their_sector(days):
    assert_allclose(days.mean(axis=(0, 2)), 1, atol=0.03)
    for number, sector in enumerate(SECTORS.values()):
        expected = np.sqrt(sector.city**2 + sector.district**2 + sector.city_hours**2 + sector.hours**2)
        assert days[:, number].std() == pytest.approx(expected, rel=0.25)


def test_sectors_go_together_and_neighbours_do(days, zenata):
    logs = np.log(days)
    traffic, parking = logs[:, 0].mean(axis=1), logs[:, 1].mean(axis=1)
    assert np.corrcoef(traffic, parking)[0, 1] > 0.2
    names = [district.id for district in zenata.districts]
    near, far = (np.corrcoef(logs[:, 1, names.index("living-01")], logs[:, 1, names.index(other)])[0, 1]
                 for other in ("living-02", "industrial"))  # fmt: skip
    assert near > far + 0.1


def test_a_day_shows_of_the_next(zenata):
    demand = Demand(zenata, 3, read_calendar(zenata))
    days = [MONDAY + timedelta(days=n) for n in range(300)]
    means = np.array([np.mean([demand.factors("water", day, hour).mean() for hour in range(0, 24, 3)]) for day in days])
    assert np.corrcoef(means[:-1], means[1:])[0, 1] > 0.2


def test_an_hour_tells_of_the_next_and_less_of_later_ones(zenata):
    demand = Demand(zenata, 3, read_calendar(zenata))
    working = [day for day in (MONDAY + timedelta(days=n) for n in range(60)) if day.isoweekday() < 5]
    hours = np.log([[demand.factors("traffic", day, hour) for hour in range(24)] for day in working])
    away = hours - hours.mean(axis=0)
    one, six = (np.corrcoef(away[:, :-step].ravel(), away[:, step:].ravel())[0, 1] for step in (1, 6))
    assert one > 0.7
    assert six < one - 0.3


@pytest.mark.parametrize(("sector", "low", "high"), [("traffic", 3, 8), ("water", 2.5, 5), ("crowd", 4, 12)])
def test_working_days_of_the_whole_city_vary_as_real_ones(zenata, sector, low, high):
    """Coefficients of variation [%] of a month, mean of six seeds."""
    calendar = read_calendar(zenata)
    days = [day for day in (date(2026, 6, 1) + timedelta(days=n) for n in range(30)) if not calendar.rests(day)]
    found = []
    for seed in range(6):
        demand = Demand(zenata, seed, calendar)
        totals = np.array(
            [np.mean([demand.factors(sector, day, hour).mean() for hour in range(6, 22)]) for day in days]
        )
        found.append(100 * totals.std(ddof=1) / totals.mean())
    assert low < np.mean(found) < high


def test_factors_follow_from_seed_and_time_alone(city):
    calendar = read_calendar(city)
    one, other = Demand(city, 5, calendar), Demand(city, 5, calendar)
    for number in range(60):
        other.factors("water", MONDAY + timedelta(days=number), 3.0)
    for hour in (-3.0, 0.0, 11.3, 23.99, 30.0):
        assert_array_equal(one.factors("water", MONDAY, hour), other.factors("water", MONDAY, hour))
    assert_allclose(
        one.factors("water", MONDAY, 30.0), other.factors("water", MONDAY + timedelta(days=1), 6.0), rtol=1e-12
    )
    assert (Demand(city, 6, calendar).factors("water", MONDAY, 12.0) != one.factors("water", MONDAY, 12.0)).all()


def test_factors_have_no_steps(city):
    demand = Demand(city, 5, read_calendar(city))
    course = np.array([demand.factors("traffic", MONDAY, hour) for hour in np.arange(0, 72, 0.05)])
    assert np.abs(np.diff(course, axis=0)).max() < 0.03  # within three minutes


def test_a_bridge_day_is_quiet_and_twenty_seeds_differ(city):
    calendar = read_calendar(city)
    friday, thursday = (
        date(2026, 1, 2),
        date(2026, 1, 15),
    )  # 1 January is a Thursday, though no holiday of the small city
    demand = Demand(city, 1, calendar)
    assert demand._calendar_factor(SECTORS["traffic"], friday.toordinal()) == 1.03
    assert demand._calendar_factor(SECTORS["traffic"], thursday.toordinal()) == 1.0
    eve = date(2026, 6, 16)
    assert demand._calendar_factor(SECTORS["traffic"], eve.toordinal()) == pytest.approx(0.99 * 1.05)
    noons = [Demand(city, seed, calendar).factors("traffic", MONDAY, 12.0).mean() for seed in range(20)]
    assert len(set(noons)) == 20
    assert 0.02 < np.std(noons) < 0.25


def test_rain_keeps_some_vehicles_at_home(city):
    now = Conditions.of(city, seed=1, time=1767592800_000000)
    dry = now.demand_factors("traffic")
    now.rain = 4.0
    assert_allclose(now.demand_factors("traffic"), 0.98 * dry)
    assert_allclose(now.demand_factors("water"), now.demand.factors("water", now.date, now.hour))


def test_some_time_ago_is_what_it_was_then(city):
    now = Conditions.of(city, seed=1, time=1767592800_000000)
    then = now.demand_factors("crowd")
    now.move_to(now.time + 360 * TICK)
    assert_allclose(now.demand_factors("crowd", 3600.0), then, rtol=1e-12)


def test_households_travel_in_summer_and_come_back(city):
    demand = Demand(city, 1, read_calendar(city))
    away = np.array([demand.absent(4000, date(2026, 7, 20) + timedelta(days=n), 0) for n in range(40)])
    winter = np.mean([demand.absent(4000, date(2026, 1, 10) + timedelta(days=n), 0) for n in range(40)])
    assert 0.08 < away.mean() < 0.3
    assert winter < 0.04
    assert (away.sum(axis=0) < 40).all()
    assert np.abs(np.diff(away.astype(int), axis=0)).sum(axis=0).max() <= 8  # nobody comes and goes every day
    assert (demand.absent(4000, date(2026, 8, 1), 1) != demand.absent(4000, date(2026, 8, 1), 0)).any()
