import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sandbox.parts import city_of
from simulators.domains.crowd import WAVE, Crowd, Place, Waves, come_and_go
from simulators.world.conditions import TICK, Conditions
from simulators.world.draws import poisson
from tests.simulators.domains.driving import drive, steps

PLACE = Place(names=("x",), stay=1.0, rain=0.2, heat=0.4, working_day=(10.0,) * 24, rest_day=(30.0,) * 24)


@pytest.fixture
def fine(conditions):
    conditions.temperature, conditions.rain, conditions.weekend = 20.0, 0.0, False
    return conditions


@pytest.mark.parametrize("hours", [1 / 60, 0.5, 3.0])
def test_littles_law_whatever_the_step(hours):
    """Rate times stay on average, as scattered as a Poisson number."""
    rng = np.random.default_rng(1)
    rate, stay = np.full(4000, 60.0), np.full(4000, 0.5)
    present = rng.poisson(30.0, 4000).astype(float)
    for _ in range(6):
        present = come_and_go(present, rate, stay, hours, rng.random((2, 4000)))
    assert present.mean() == pytest.approx(30, rel=0.02)
    assert present.var() == pytest.approx(30, rel=0.1)


def test_who_came_leaves_after_the_mean_stay():
    rng = np.random.default_rng(1)
    present = np.full(2000, 100.0)
    for _ in range(60):
        present = come_and_go(present, np.zeros(2000), np.ones(2000), 1 / 60, rng.random((2, 2000)))
    assert present.mean() == pytest.approx(100 * np.exp(-1), rel=0.01)
    assert (present == np.floor(present)).all()


def test_weather(fine):
    assert PLACE.rate(fine) == pytest.approx(10)
    fine.rain = 0.5
    assert PLACE.rate(fine) == pytest.approx(6)
    fine.rain = 8.0
    assert PLACE.rate(fine) == pytest.approx(2)
    fine.rain, fine.temperature = 0.0, 35.0
    assert PLACE.rate(fine) == pytest.approx(7)
    beach = dataclasses.replace(PLACE, warmth=(15.0, 25.0), heat=1.0)
    rates = []
    for fine.temperature in (10.0, 20.0, 30.0):
        rates.append(beach.rate(fine))
    assert_allclose(rates, [0, 5, 10])


def test_calendar(fine):
    place = dataclasses.replace(PLACE, ramadan=(1.0,) * 12 + (20.0,) * 12, aid=0.5)
    fine.hour = 20.0
    assert place.rate(fine) == 10
    fine.holiday = True
    assert place.rate(fine) == 30
    fine.aid_el_kebir = True
    assert place.rate(fine) == 15
    fine.holiday = fine.aid_el_kebir = False
    fine.ramadan = True
    assert place.rate(fine) == 20
    assert PLACE.rate(fine) == 10  # where Ramadan changes nothing


@pytest.fixture
def wide(city):
    """The small city with sixty times the counters."""
    many = [sensor for sensor in city.sensors if sensor.kind == "crowd"] * 60
    return dataclasses.replace(city, sensors=tuple(many))


@pytest.fixture
def now(wide):
    """A fine working day for all of them."""
    now = Conditions.of(wide, seed=1, time=1766998800_000000)
    now.temperature = 20.0
    now.demand.factors = lambda *_: np.ones(len(wide.districts))
    return now


def calm(city, now):
    """A crowd without waves."""
    crowd = Crowd(city, now)
    crowd._waves.at = lambda _: np.ones(len(crowd._stay))
    crowd._people[:] = poisson(np.random.default_rng(1).random(len(crowd._stay)), crowd._rates(now) * crowd._stay)
    return crowd


def run(crowd, now, hours, every=TICK):
    drive(now, hours * 360 * TICK // every, crowd, every=every)
    return crowd.observe(now)[:, 0]


@pytest.mark.parametrize("every", [TICK, 6 * TICK, 90 * TICK])
def test_counters_see_rate_times_stay_whatever_the_tick(wide, now, every):
    shops = np.array([sensor.attributes["place"] == "shops" for sensor in wide.sensors])
    people = run(calm(wide, now), now, 2, every)
    assert people[shops].mean() == pytest.approx(100 * 0.5, rel=0.03)
    assert people[shops].var() == pytest.approx(100 * 0.5, rel=0.25)
    assert people[~shops].mean() == pytest.approx(40 * 2.0 * 0.5, rel=0.04)  # it is half warm enough


def test_a_festival_brings_visitors_to_its_counters_and_nobody_elsewhere(wide, now):
    usual, busy = Crowd(wide, now), Crowd(wide, now)
    start = now.time
    without = run(usual, now, 2)
    now.move_to(start)
    now.disturbance.visitors[:3] = 5000.0
    shops = [sensor.attributes["place"] == "shops" for sensor in wide.sensors[:3]]
    stay = np.where(shops, 0.5, 2.0)
    people = run(busy, now, 2)
    assert_allclose(people[:3] - without[:3], 5000 * stay * (1 - np.exp(-2 / stay)), rtol=0.05)
    assert_array_equal(people[3:], without[3:])


def test_waves_pass_along_the_path_and_fade_with_distance():
    """Counters see the same people later: 720 m at 1.2 m/s are ten minutes."""
    along = np.array([0.0, 60.0, 720.0, 6000.0])
    waves = Waves(3, along, np.zeros(4, dtype=np.int64), 1)
    seen = np.log([waves.at(1_780_000_000 + 60.0 * minute) for minute in range(20_000)])
    assert np.exp(seen).mean() == pytest.approx(1, abs=0.02)
    assert seen.std() == pytest.approx(WAVE, rel=0.2)
    near, middle, far = (np.corrcoef(seen[:, 0], seen[:, number])[0, 1] for number in (1, 2, 3))
    assert near > 0.95 > middle > far + 0.2
    assert np.corrcoef(seen[:-10, 0], seen[10:, 2])[0, 1] > 0.999


def test_counters_of_a_path_are_busy_together():
    """Neighbours along the beach of Zenata share their hours, more than counters of other places do."""
    city = city_of("zenata")
    now = Conditions.of(city, seed=2, time=1780999200_000000)
    now.temperature = 24.0
    crowd, seen = Crowd(city, now), []
    rates = np.array([place.rate(now) for place in crowd._places])[crowd._place]
    for _ in steps(now, 600, crowd, every=90 * TICK):
        usual = np.array([place.rate(now) for place in crowd._places])[crowd._place]
        seen.append((crowd._people - usual * crowd._stay) / np.sqrt(np.maximum(usual * crowd._stay, 1.0)))
    correlation = np.corrcoef(np.array(seen)[20:].T)
    parks = np.flatnonzero(crowd._place == next(n for n, p in enumerate(crowd._places) if "park" in p.names))
    halls = np.flatnonzero(crowd._place == next(n for n, p in enumerate(crowd._places) if "hospital" in p.names))
    together = np.median(correlation[np.ix_(parks, parks)][~np.eye(len(parks), dtype=bool)])
    apart = np.median(correlation[np.ix_(parks, halls)])
    assert rates.any()
    assert together > apart + 0.05
